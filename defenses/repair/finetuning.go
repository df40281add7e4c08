package repair

import (
	"context"

	"backfire/defenses/definition"
)

// Tuning trains the model further on the defender's clean images alone. It is the
// simplest repair and the last step of others.
type Tuning struct {
	// Epochs is the number of epochs, at least 1.
	Epochs int `json:"epochs" yaml:"epochs"`
	// Rate is the learning rate, above 0.
	Rate float64 `json:"lr" yaml:"lr"`
}

// FineTuning is the definition of Tuning.
var FineTuning = definition.Definition{
	Kind: "fine_tuning", Stages: stages,
	Summary:  "the trained model is trained further on the defender's own clean images",
	Settings: tuning(),
	New:      func() any { return new(Tuning) },
}

// Apply trains the model further.
func (t *Tuning) Apply(ctx context.Context, m Model, _ uint64) (Report, error) {
	return Report{Images: t.Passes(len(m.Labels()), m.Batch())}, m.Train(ctx, t.Epochs, t.Rate)
}

// Passes returns the images of all epochs.
func (t *Tuning) Passes(images, _ int) int64 { return int64(t.Epochs) * int64(images) }
