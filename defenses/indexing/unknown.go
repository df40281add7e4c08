package indexing

import (
	"fmt"
	"slices"

	"backfire/defenses/detect"
)

// Form is the form of queries without an index.
type Form string

const (
	// Image is a query of one image.
	Image Form = "image"
	// Batch is a query of several images of one agent.
	Batch Form = "batch"
)

// Forms returns all forms.
func Forms() []Form { return []Form{Image, Batch} }

// Update selects the model that answers a query without the sub-dataset of the
// agent that was guessed for it. Section 7.2 of the paper names these procedures.
type Update string

const (
	// Retrain answers with the model that was trained without the agent.
	Retrain Update = "retrain"
	// Pick answers with the one of a few models that was trained without the
	// agent's group.
	Pick Update = "pick"
	// Unlearn answers with the model of all images after some gradient steps away
	// from the agent's images; see Unlearning.
	Unlearn Update = "unlearn"
)

// Updates returns all updates.
func Updates() []Update { return []Update{Retrain, Pick, Unlearn} }

// Unlearning sets the gradient steps that unlearn a sub-dataset d. They start from
// the model that was trained on all images. Each of the Steps plain gradient steps
// lowers the mean cross-entropy of a batch of all other images and raises that of
// a batch of d until it equals that of a guess, ln K with K classes (ascent beside
// descent, a baseline of Kurmanji et al., "Towards Unbounded Machine Unlearning",
// NeurIPS 2023; the bound is ours).
//
// The paper calls it a meta-gradient update after Finn et al., "Model-Agnostic
// Meta-Learning", ICML 2017. It shares with that the inner loop, which adapts a
// model to one sub-dataset in a few gradient steps with a learning rate of their
// own; the adaptation itself is not learnt.
type Unlearning struct {
	// Steps is the number of gradient steps, at least 1.
	Steps int `json:"steps" yaml:"steps"`
	// Rate is the learning rate, above 0.
	Rate float64 `json:"lr" yaml:"lr"`
}

// Unknown sets the answers to queries without an index: the agent is guessed by
// i* = argmax similarity(x*, d_i), equation 3 of the paper, then the update
// selects the model.
type Unknown struct {
	// Similarity is the estimator of similarity.
	Similarity detect.Method `json:"similarity" yaml:"similarity"`
	// Query is Image or Batch.
	Query Form `json:"query" yaml:"query"`
	// Update is Retrain, Pick or Unlearn.
	Update Update `json:"update" yaml:"update"`
	// Batch is the number of images in a query of form Batch, at least 2.
	Batch int `json:"batch" yaml:"batch"`
	// Most is the maximum number of images of one owner, with and without
	// trigger, that are used as queries, drawn at random; 0 uses all.
	Most int `json:"queries" yaml:"queries"`
	// Unlearning sets the gradient steps of update Unlearn. They are measured
	// with every update.
	Unlearning Unlearning `json:"unlearning" yaml:"unlearning"`
}

// Validate returns an error for values outside their ranges.
func (u Unknown) Validate() error {
	switch {
	case !slices.Contains(detect.Methods(), u.Similarity):
		return fmt.Errorf("similarity is %q: it must be one of %v", u.Similarity, detect.Methods())
	case !slices.Contains(Forms(), u.Query):
		return fmt.Errorf("query is %q: it must be one of %v", u.Query, Forms())
	case !slices.Contains(Updates(), u.Update):
		return fmt.Errorf("update is %q: it must be one of %v", u.Update, Updates())
	case u.Batch < 2:
		return fmt.Errorf("batch is %d: a query of form batch needs at least 2 images", u.Batch)
	case u.Most < 0:
		return fmt.Errorf("queries is %d: it must be at least 0", u.Most)
	case u.Unlearning.Steps < 1:
		return fmt.Errorf("unlearning.steps is %d: at least 1 is needed", u.Unlearning.Steps)
	}
	if allowed := u.Unlearning.Rate > 0; !allowed { // refuses NaN too
		return fmt.Errorf("unlearning.lr is %v: it must be above 0", u.Unlearning.Rate)
	}
	return nil
}

// mode returns the mode of indexing whose models an update answers with. It is
// empty for Unlearn, which needs only the model of all images.
func (u Update) mode() Mode {
	switch u {
	case Retrain:
		return Exact
	case Pick:
		return Grouped
	default:
		return ""
	}
}
