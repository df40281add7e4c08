package indexing

import (
	"fmt"

	"backfire/defenses/definition"
	"backfire/defenses/detect"
)

// Kind is the name of agent indexing.
const Kind definition.Kind = "indexing"

// Defense are the settings of agent indexing as a configuration declares them.
type Defense struct {
	// Mode and Models are those of Settings. Models is read by the modes that share models
	// between agents.
	Mode   string `json:"mode" yaml:"mode"`
	Models int    `json:"models" yaml:"models"`
	// Honest has a model left out each honest contributor, too.
	Honest bool `json:"honest" yaml:"honest"`
	// Index is IndexKnown or IndexUnknown. It is no key of the configuration: a variant sets it.
	Index string `json:"index" yaml:"index"`
	// The others are those of Unknown. They are read without an index.
	Similarity   string  `json:"similarity" yaml:"similarity"`
	Query        string  `json:"query" yaml:"query"`
	Batch        int     `json:"batch" yaml:"batch"`
	Queries      int     `json:"queries" yaml:"queries"`
	Update       string  `json:"update" yaml:"update"`
	UnlearnSteps int     `json:"unlearn_steps" yaml:"unlearn_steps"`
	UnlearnRate  float64 `json:"unlearn_lr" yaml:"unlearn_lr"`
}

// The values of Defense.Index.
const (
	IndexKnown   = "known"
	IndexUnknown = "unknown"
)

// AgentIndexing is the definition of Defense.
var AgentIndexing = definition.Definition{
	Kind: Kind, Stages: []definition.Stage{definition.Models},
	Summary: "each agent's queries are answered by a model that never saw its images",
	Variants: []definition.Variant{
		{Name: "indexing_grouped", Fixed: map[string]string{"mode": string(Grouped), "index": IndexKnown}},
		{Name: "indexing_sliced", Fixed: map[string]string{"mode": string(Sliced), "index": IndexKnown}},
		{Name: "indexing_unknown", Fixed: map[string]string{"index": IndexUnknown}},
	},
	Settings: []definition.Setting{
		{Key: "mode", Default: string(Exact), Oneof: words(Exact, Grouped, Sliced), Help: "exact: a model per agent; grouped: a model per group of agents; sliced: agents enter one training in slices; indexing_unknown has that of its update"},
		{Key: "models", Default: "0", Range: "[0,)", Help: "number of groups or slices in the modes grouped and sliced; 0 if no defender has one of these", Required: true},
		{Key: "honest", Default: "false", Help: "train a model without each honest contributor, too, which answers its queries; indexing_unknown does so in any case"},
		{Key: "similarity", Default: string(detect.MMD), Oneof: words(detect.Methods()...), Help: "method by which the defender indexing_unknown guesses, from penultimate features, whose sub-dataset a query comes from"},
		{Key: "query", Default: string(Image), Oneof: words(Forms()...), Help: "a query of indexing_unknown: one image, or several images of one agent"},
		{Key: "batch", Default: "32", Range: "[2,)", Help: "images per query with query: batch"},
		{Key: "queries", Default: "1000", Range: "[0,)", Help: "largest number of images of one owner, with and without trigger, in the queries of indexing_unknown; 0 for all"},
		{Key: "update", Default: string(Retrain), Oneof: words(Updates()...), Help: "how indexing_unknown removes the agent that it guesses; retrain: the model trained without the agent; pick: the one of indexing.models that was trained without the agent's group; unlearn: gradient steps away from the agent's images"},
		{Key: "unlearn_steps", Default: "10", Range: "[1,)", Help: "gradient steps of update: unlearn, each on a batch of the agent's images and one of the others'"},
		{Key: "unlearn_lr", Default: "0.003", Range: "(0,)", Help: "learning rate of these steps"},
	},
	New: func() any { return &Defense{Index: IndexKnown} },
}

// words returns names as texts.
func words[T ~string](names ...T) []string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return texts
}

// Settings returns the settings of a plan.
func (d *Defense) Settings() Settings {
	s := Settings{Mode: Mode(d.Mode)}
	if d.Index == IndexUnknown {
		s.Unknown = &Unknown{
			Similarity: detect.Method(d.Similarity), Query: Form(d.Query), Update: Update(d.Update), Batch: d.Batch, Most: d.Queries,
			Unlearning: Unlearning{Steps: d.UnlearnSteps, Rate: d.UnlearnRate},
		}
		if s.Mode = Exact; s.Unknown.Update == Pick {
			s.Mode = Grouped
		}
	}
	s.Models = d.Models
	return s
}

// Validate returns the error of the settings of a plan.
func (d *Defense) Validate() error { return d.Settings().Validate() }

// Fits returns an error if a game of a scale is too small. The error wraps ErrPlan.
func (d *Defense) Fits(scale definition.Scale) error { return d.Settings().Fits(scale) }

// Reads reports whether a setting has an effect beside the others.
func (d *Defense) Reads(key string) bool {
	switch key {
	case "honest":
		return true
	case "mode":
		return d.Index == IndexKnown
	case "models":
		return d.Settings().Mode != Exact
	default:
		return d.Index == IndexUnknown
	}
}

// EntersInSlices reports whether agents enter a training after its beginning.
func (d *Defense) EntersInSlices() bool { return d.Settings().Mode == Sliced }

// CheckBeside refuses filters, repairs and programs in place of a training beside modes whose
// models start from each other's states.
func (d *Defense) CheckBeside(other definition.Definition) error {
	needsStart := other.Acts(definition.Filter) || other.Acts(definition.Repair) || other.Acts(definition.Program)
	if !needsStart || d.Settings().Mode != Sliced && d.Index == IndexKnown {
		return nil
	}
	return fmt.Errorf("%s and %s together: %s needs models that each start anew, as in modes %s and %s with a known index",
		other.Kind, Kind, other.Kind, Exact, Grouped)
}
