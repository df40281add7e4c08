package indexing

import (
	"fmt"
	"slices"

	"backfire/defenses/detect"
)

// Form says what a query without an index is.
type Form string

const (
	// Image asks with one image at a time.
	Image Form = "image"
	// Batch asks with several images of one agent at a time.
	Batch Form = "batch"
)

// Forms returns all forms.
func Forms() []Form { return []Form{Image, Batch} }

// Update says how a model is made to do without the sub-dataset that a query is
// taken to come from: the procedures that section 7.2 of the paper names.
type Update string

const (
	// Retrain answers with the model that was trained without that agent.
	Retrain Update = "retrain"
	// Pick answers with the one of few trained models that never saw that
	// agent's images: that without its group.
	Pick Update = "pick"
	// Unlearn answers with the model of everybody's images after some gradient
	// steps away from that agent's, see Unlearning.
	Unlearn Update = "unlearn"
)

// Updates returns all updates.
func Updates() []Update { return []Update{Retrain, Pick, Unlearn} }

// Unlearning is how a sub-dataset d is unlearned: from the model that was trained
// on everybody's images, Steps plain gradient steps that lower the mean
// cross-entropy of a batch of everybody else's images and raise that of a batch of
// d until it is that of a guess, ln K with K classes (ascent beside descent, as
// Kurmanji et al., "Towards Unbounded Machine Unlearning", NeurIPS 2023, compare
// with; the bound is ours).
// The paper calls it a meta-gradient update after Finn et al., "Model-Agnostic
// Meta-Learning", ICML 2017, of which it has the inner loop: a model is adapted
// to one sub-dataset in a few gradient steps of a rate of their own. Nothing is
// learnt about how to adapt.
type Unlearning struct {
	// Steps is at least 1.
	Steps int `json:"steps" yaml:"steps"`
	// Rate is the learning rate, above 0.
	Rate float64 `json:"lr" yaml:"lr"`
}

// Unknown is how queries without an index are answered: i* = argmax
// similarity(x*, d_i), equation 3 of the paper, then an update.
type Unknown struct {
	Similarity detect.Method `json:"similarity" yaml:"similarity"`
	Query      Form          `json:"query" yaml:"query"`
	Update     Update        `json:"update" yaml:"update"`
	// Batch is the number of images of a query by the batch, at least 2.
	Batch int `json:"batch" yaml:"batch"`
	// Most is how many images of one owner, with and without trigger, are asked
	// with at most, drawn at random; 0 for all.
	Most int `json:"queries" yaml:"queries"`
	// Unlearning is part of every inquiry, whatever the update.
	Unlearning Unlearning `json:"unlearning" yaml:"unlearning"`
}

// Validate refuses what no query could be answered with.
func (u Unknown) Validate() error {
	switch {
	case !slices.Contains(detect.Methods(), u.Similarity):
		return fmt.Errorf("similarity is %q: it must be one of %v", u.Similarity, detect.Methods())
	case !slices.Contains(Forms(), u.Query):
		return fmt.Errorf("query is %q: it must be one of %v", u.Query, Forms())
	case !slices.Contains(Updates(), u.Update):
		return fmt.Errorf("update is %q: it must be one of %v", u.Update, Updates())
	case u.Batch < 2:
		return fmt.Errorf("batch is %d: a query by the batch needs at least 2 images", u.Batch)
	case u.Most < 0:
		return fmt.Errorf("queries is %d: it must be at least 0", u.Most)
	case u.Unlearning.Steps < 1:
		return fmt.Errorf("unlearning takes %d steps: at least 1 is needed", u.Unlearning.Steps)
	}
	if allowed := u.Unlearning.Rate > 0; !allowed { // NaN is refused too
		return fmt.Errorf("unlearning has the learning rate %v: it must be above 0", u.Unlearning.Rate)
	}
	return nil
}

// mode is the mode of indexing that has the models of an update; empty for
// Unlearn, which needs none but that of everybody's images.
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
