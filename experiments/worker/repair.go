package worker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"backfire/defenses"
	"backfire/defenses/repair"
	"backfire/experiments/cell"
	"backfire/game"
	"backfire/internal/safetensors"
)

// bench holds a model that is repaired, and the defender's clean images.
type bench struct {
	t      *training
	engine Engine
	model  TrainedModel // the one that is repaired
	images []uint8
	labels []uint8
	steps  TrainedModel // takes single gradient steps; nil before the first
	begin  State        // of steps, without a step
}

// repair repairs the trained model, if the cell's defense does, and keeps what the repair reports.
func (t *training) repair(ctx context.Context, engine Engine, model TrainedModel) error {
	method, kind, ok := defenses.Find[repair.Repair](t.Cell.DefenseStack())
	if !ok {
		return nil
	}
	begin := time.Now()
	b := &bench{t: t, engine: engine, model: model}
	size := t.deal.Training.Shape.Size()
	for i, row := range t.deal.Training.Rows {
		if row.Owner == game.Defender && !t.deal.stampedByDefender(i) {
			b.images = append(b.images, t.deal.Training.Images[i*size:(i+1)*size]...)
			b.labels = append(b.labels, t.deal.Training.Labels[i])
		}
	}
	if len(b.labels) < t.Cell.Training.Batch {
		return fmt.Errorf("worker: repair: %w: %s has %d clean images, less than a batch of %d", defenses.ErrPolicy, kind, len(b.labels), t.Cell.Training.Batch)
	}
	defer b.close()
	report, err := method.Apply(ctx, b, t.Cell.TrainingSeed())
	if err != nil {
		return fmt.Errorf("worker: repair by %s: %w", kind, err)
	}
	t.repaired = &repair.Outcome{Kind: kind, CleanImages: len(b.labels), Report: report}
	t.repairSeconds = time.Since(begin).Seconds()
	return nil
}

// repairMomentum is the momentum of fine-tuning.
const repairMomentum = 0.9

// newModel makes a model for n images without a defense, trained by plain gradient descent with a
// constant rate.
func (b *bench) newModel(n, epochs int, rate, momentum, decay float64) (TrainedModel, error) {
	s := b.t.session
	c := s.Cell
	c.Defense, c.Attribution = nil, nil
	c.Training = cell.Training{
		Epochs: epochs, Batch: min(n, c.Training.Batch), Optimizer: "sgd", LearningRate: rate, Momentum: momentum, WeightDecay: decay,
		Schedule: "constant", Precision: c.Training.Precision, Kernels: c.Training.Kernels, Seed: c.Training.Seed,
	}
	return b.engine.NewModel(ModelOptions{
		Cell: c, Images: n, Mean: s.normalization.Mean, Std: s.normalization.Std, Device: s.Device, Threads: s.Threads, Notice: b.t.notice,
	})
}

// Labels returns the labels of the defender's clean images.
func (b *bench) Labels() []uint8 { return b.labels }

// Batch returns the batch size of the training.
func (b *bench) Batch() int { return b.t.Cell.Training.Batch }

// Weights returns a copy of the weights of the model.
func (b *bench) Weights() ([]safetensors.Tensor, error) {
	state, err := b.model.State()
	return state.Model, err
}

// SetWeights replaces the weights of the model.
func (b *bench) SetWeights(weights []safetensors.Tensor) error {
	state, err := b.model.State()
	if err != nil {
		return err
	}
	state.Model = weights
	return b.model.Restore(state)
}

// Features returns the penultimate activations for the defender's clean images.
func (b *bench) Features() ([]float32, error) { return b.model.Features(b.images) }

// Train trains the model on the defender's clean images.
func (b *bench) Train(ctx context.Context, epochs int, rate float64) error {
	weights, err := b.Weights()
	if err != nil {
		return err
	}
	tuned, err := b.newModel(len(b.labels), epochs, rate, repairMomentum, b.t.Cell.Training.WeightDecay)
	if err != nil {
		return err
	}
	defer tuned.Close()
	state, err := tuned.State()
	if err != nil {
		return err
	}
	state.Model = weights
	if err := tuned.Restore(state); err != nil {
		return err
	}
	if err := tuned.Upload(b.images, b.labels); err != nil {
		return err
	}
	order := make([]int32, len(b.labels))
	for epoch := range epochs {
		shuffled(order, b.t.Cell.TrainingSeed(), b.t.Cell.Training.Epochs+epoch)
		if _, err := tuned.Epoch(order, func(int) error { return ctx.Err() }); err != nil {
			return err
		}
		b.t.report(Event{Kind: KindPhase, Phase: cell.PhaseEvaluate}) // shows that work goes on
	}
	if state, err = tuned.State(); err != nil {
		return err
	}
	return b.SetWeights(state.Model)
}

// Descend takes one plain gradient step on a batch, from given weights.
func (b *bench) Descend(from []safetensors.Tensor, batch []int, rate float64) ([]safetensors.Tensor, error) {
	var err error
	if b.steps == nil {
		if b.steps, err = b.newModel(len(batch), 1, rate, 0, 0); err != nil {
			return nil, err
		}
		if b.begin, err = b.steps.State(); err != nil {
			return nil, err
		}
	}
	state := b.begin
	state.Model = from
	if err := b.steps.Restore(state); err != nil {
		return nil, err
	}
	size := b.t.deal.Training.Shape.Size()
	images, labels, order := make([]uint8, 0, len(batch)*size), make([]uint8, 0, len(batch)), make([]int32, len(batch))
	for i, row := range batch {
		images = append(images, b.images[row*size:(row+1)*size]...)
		labels, order[i] = append(labels, b.labels[row]), int32(i)
	}
	if err := b.steps.Upload(images, labels); err != nil {
		return nil, err
	}
	if _, err := b.steps.Epoch(order, nil); err != nil {
		return nil, err
	}
	state, err = b.steps.State()
	return slices.Clone(state.Model), err
}

// close frees the model of single steps.
func (b *bench) close() {
	if b.steps != nil {
		b.steps.Close()
	}
}
