package enginetest

import (
	"errors"
	"fmt"
	"slices"

	"backfire/defenses"
	"backfire/defenses/mix"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/safetensors"
)

// Engine is a fake engine. Its models move the centroid of each class towards the mean image of the
// class, with momentum: quick, deterministic, and dependent on every image, label and epoch, on the
// state before, and, in their loss, on what a defense does to each batch.
type Engine struct{}

// NewModel makes a model whose centroids are zero.
func (Engine) NewModel(opt worker.ModelOptions) (worker.TrainedModel, error) {
	size := len(opt.Cell.Data.Classes) * opt.Cell.Data.Shape.Size()
	batcher, err := defenses.NewBatcher(opt.Cell.BatchStack(), opt.Cell.Data.Shape, opt.Cell.Game.Seed)
	return &model{opt: opt, batcher: batcher, centroids: make([]float32, size), velocity: make([]float32, size)}, err
}

// Describe returns the name of the fake engine, "fake".
func (Engine) Describe(string) (store.EngineInfo, error) {
	return store.EngineInfo{Name: "fake", GPUs: []string{}}, nil
}

// model is a model of the fake engine.
type model struct {
	opt                 worker.ModelOptions
	batcher             *defenses.Batcher
	images              []uint8
	labels              []uint16
	epoch               int
	centroids, velocity []float32 // by class and pixel
}

// Upload keeps the training set.
func (m *model) Upload(images []uint8, labels []uint16) error {
	m.images, m.labels = images, labels
	return nil
}

// Epoch moves the centroids once.
func (m *model) Epoch(order []int32, onBatch func(int) error) (worker.EpochStats, error) {
	m.epoch++
	size := m.opt.Cell.Data.Shape.Size()
	sums, counts := make([]float32, len(m.centroids)), make([]float32, len(m.opt.Cell.Data.Classes))
	seen, mix := make([]bool, len(m.labels)), 0
	for at, row := range order {
		seen[row] = true
		mix = (mix*31 + int(row)) % 1_000_003
		label := int(m.labels[row])
		counts[label]++
		for i, v := range m.images[int(row)*size : (int(row)+1)*size] {
			sums[label*size+i] += float32(v)
		}
		if err := onBatch(at + 1); err != nil {
			return worker.EpochStats{}, err
		}
	}
	for row, ok := range seen {
		if !ok {
			return worker.EpochStats{}, fmt.Errorf("fake: row %d is not in the order", row)
		}
	}
	total := m.changed()
	for i := range m.centroids {
		m.velocity[i] = m.velocity[i]/2 + sums[i]/max(counts[i/size], 1) - m.centroids[i]
		m.centroids[i] += m.velocity[i] / 2
		total += float64(m.centroids[i])
	}
	return worker.EpochStats{Loss: total + float64(mix)/1e6, Accuracy: 0.5, LearningRate: 0.1 / float64(m.epoch), Images: m.opt.Cell.PassingImages(len(order))}, nil
}

// changed returns a number that depends on all that a defense does to the batches of this epoch.
func (m *model) changed() float64 {
	var sum float64
	for step := range stepsOf(m.opt) {
		batch := m.batcher.Draw(m.epoch, step, m.opt.Cell.Training.Batch)
		if batch.Mix.Kind != mix.None {
			sum += batch.Mix.Lambda
		}
		if p := batch.Perturbation; p != nil && p.RandomStart {
			offsets := make([]float32, len(p.Rows)*m.opt.Cell.Data.Shape.Size())
			m.batcher.Start(offsets, m.epoch, step)
			for i, start := range offsets {
				sum += float64(start) * float64(i%7)
			}
		}
		if s := batch.Stamps; s != nil {
			sum += float64(s.Rows[0]) + float64(s.Patterns[0])
		}
	}
	return sum
}

// State returns the centroids and their velocity.
func (m *model) State() (worker.State, error) {
	tensor := func(name string, values []float32) []safetensors.Tensor {
		return []safetensors.Tensor{{Name: name, Shape: []int64{int64(len(values))}, Values: slices.Clone(values)}}
	}
	return worker.State{Step: m.epoch * stepsOf(m.opt), Model: tensor("centroids", m.centroids), Optimizer: tensor("velocity", m.velocity)}, nil
}

// Snapshot returns the same as a snapshot.
func (m *model) Snapshot() (worker.Snapshot, error) {
	state, err := m.State()
	return worker.HostSnapshot(state), err
}

// Restore puts back the centroids and their velocity.
func (m *model) Restore(state worker.State) error {
	if len(state.Model) != 1 || len(state.Optimizer) != 1 || state.Model[0].Name != "centroids" || state.Optimizer[0].Name != "velocity" {
		return errors.New("fake: another model's state")
	}
	m.epoch = state.Step / stepsOf(m.opt)
	m.centroids, m.velocity = slices.Clone(state.Model[0].Values), slices.Clone(state.Optimizer[0].Values)
	return nil
}

// Predict returns the class of the nearest centroid.
func (m *model) Predict(images []uint8) ([]uint16, error) {
	size := m.opt.Cell.Data.Shape.Size()
	var predicted []uint16
	for start := 0; start < len(images); start += size {
		best, least := 0, -1.0
		for c := range m.opt.Cell.Data.Classes {
			var distance float64
			for i, v := range images[start : start+size] {
				d := float64(v) - float64(m.centroids[c*size+i])
				distance += d * d
			}
			if least < 0 || distance < least {
				best, least = c, distance
			}
		}
		predicted = append(predicted, uint16(best))
	}
	return predicted, nil
}

// Probabilities returns 1 for the class of the nearest centroid.
func (m *model) Probabilities(images []uint8) ([]float32, error) {
	predicted, err := m.Predict(images)
	classes := len(m.opt.Cell.Data.Classes)
	values := make([]float32, len(predicted)*classes)
	for i, class := range predicted {
		values[i*classes+int(class)] = 1
	}
	return values, err
}

// Features returns the means of the four quarters of each image.
func (m *model) Features(images []uint8) ([]float32, error) {
	shape := m.opt.Cell.Data.Shape
	var all []float32
	for start := 0; start < len(images); start += shape.Size() {
		var quarters [4]float32
		for at, v := range images[start : start+shape.Plane()] {
			quarters[2*(2*(at/shape.W)/shape.H)+2*(at%shape.W)/shape.W] += float32(v) / float32(shape.Plane())
		}
		all = append(all, quarters[:]...)
	}
	return all, nil
}

// SetThreads does nothing: the model is computed on one thread.
func (m *model) SetThreads(int) error { return nil }

// Unlearn moves the centroids of the rows' labels away from the rows to forget and towards those to
// keep.
func (m *model) Unlearn(steps []worker.Unlearning, rate float64) error {
	size := m.opt.Cell.Data.Shape.Size()
	for _, step := range steps {
		for _, towards := range []struct {
			sign float32
			rows []int64
		}{{-1, step.Forget}, {1, step.Keep}} {
			for _, row := range towards.rows {
				for i, v := range m.images[int(row)*size : int(row+1)*size] {
					at := int(m.labels[row])*size + i
					m.centroids[at] += towards.sign * float32(rate) * float32(v)
				}
			}
		}
	}
	return nil
}

// Close does nothing.
func (m *model) Close() {}
