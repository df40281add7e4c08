package torchbridge

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/hardware"
	"backfire/internal/streams"
)

// gpu is the name of a CUDA device; without one the test is skipped.
func gpu(t *testing.T) string {
	t.Helper()
	if cudaDevices() == 0 {
		t.Skip("needs a GPU")
	}
	return "cuda:0"
}

// plain returns the step of whole batches that no defense transforms.
func (t *Trainer) plain() *step { return t.steps[stepShape{rows: t.opt.Train.Batch}] }

// recorded returns the shapes of the steps that were recorded.
func (t *Trainer) recorded() []stepShape {
	var shapes []stepShape
	for shape, st := range t.steps {
		if st.graph.recorded() {
			shapes = append(shapes, shape)
		}
	}
	return shapes
}

// randomTransform returns a transform of a batch of n rows with the given parts,
// whose values differ from step to step.
func randomTransform(m ModelSpec, parts string, add bool, epoch, step, n int) BatchTransform {
	rng := streams.New(uint64(epoch), "change", uint64(step))
	var transform BatchTransform
	has := func(part string) bool { return strings.Contains(parts, part) }
	if has("stamps") {
		transform.Stamps = &Stamps{Rows: []int32{int32(rng.IntN(n - 1)), int32(n - 1)}, Add: add}
		for range 2 * m.Height * m.WidthPx {
			transform.Stamps.Masks = append(transform.Stamps.Masks, uint8(rng.IntN(2)))
			for range m.Channels {
				transform.Stamps.Patterns = append(transform.Stamps.Patterns, uint8(rng.IntN(256)))
			}
		}
		if add {
			n += 2
		}
	}
	if has("cutmix") || has("mixup") {
		transform.Mix = &Mix{Lambda: rng.Float64()}
		for _, p := range rng.Perm(n) {
			transform.Mix.Partner = append(transform.Mix.Partner, int32(p))
		}
		if has("cutmix") {
			transform.Mix.Box = &Box{X1: rng.IntN(4), Y1: rng.IntN(4), X2: 4 + rng.IntN(5), Y2: 4 + rng.IntN(5)}
		}
	}
	if has("attack") {
		transform.Perturbation = &Perturbation{Rows: []int32{int32(rng.IntN(n))}, Epsilon: 8, StepSize: 3, Steps: 4, Add: add}
		if has("start") {
			for range m.Channels * m.Height * m.WidthPx {
				transform.Perturbation.Start = append(transform.Perturbation.Start, float32(16*rng.Float64()-8))
			}
		}
	}
	return transform
}

// A recorded step is the eager one: after epochs with a smaller last batch, the
// weights are the same, bit for bit, whatever a defense draws.
func TestGraphTakesTheSameSteps(t *testing.T) {
	device := gpu(t)
	for _, optimizer := range []string{OptimizerSGD, OptimizerAdam, OptimizerAdamW} {
		for _, parts := range []string{"", "stamps", "cutmix", "mixup", "attack", "attack start", "stamps cutmix attack start", "alternating"} {
			for _, add := range []bool{false, true} {
				if add && !strings.Contains(parts, "stamps") && !strings.Contains(parts, "attack") {
					continue
				}
				t.Run(fmt.Sprintf("%s %s added=%t", optimizer, parts, add), func(t *testing.T) {
					opt := toyOptions()
					opt.Device, opt.Images, opt.Train.Optimizer = device, 43, optimizer
					opt.Notice = func(message string) { t.Error(message) }
					shapes := 1
					switch parts {
					case "":
					case "alternating":
						shapes = 3
						opt.Transform = func(epoch, step, n int) BatchTransform {
							return randomTransform(toyOptions().Model, []string{"", "cutmix", "mixup attack"}[(epoch+step)%3], false, epoch, step, n)
						}
					default:
						opt.Transform = func(epoch, step, n int) BatchTransform {
							return randomTransform(toyOptions().Model, parts, add, epoch, step, n)
						}
					}
					graphed, stats := train(t, opt)
					require.Len(t, graphed.recorded(), shapes)
					opt.Eager = true
					eager, want := train(t, opt)
					require.Empty(t, eager.recorded())
					require.Equal(t, want, stats)
					before, err := eager.State()
					require.NoError(t, err)
					got, err := graphed.State()
					require.NoError(t, err)
					require.Equal(t, before, got)
				})
			}
		}
	}
}

// So it is in the other precisions.
func TestGraphTakesTheSameStepsInLess(t *testing.T) {
	device := gpu(t)
	env, err := Environment()
	require.NoError(t, err)
	for _, precision := range []string{hardware.TF32, hardware.BF16} {
		opt := toyOptions()
		opt.Device, opt.Precision = device, precision
		if opt.checkPrecision(0) != nil {
			t.Logf("%s has no %s", env.GPUs[0].Name, precision)
			continue
		}
		opt.Transform = func(epoch, step, n int) BatchTransform {
			return randomTransform(toyOptions().Model, "stamps cutmix attack start", true, epoch, step, n)
		}
		graphed, _ := train(t, opt)
		require.Len(t, graphed.recorded(), 1)
		opt.Eager = true
		eager, _ := train(t, opt)
		want, err := eager.State()
		require.NoError(t, err)
		got, err := graphed.State()
		require.NoError(t, err)
		require.Equal(t, want, got, precision)
	}
}

// A state from before the first step, put back after steps were recorded, is gone
// on from as the first time; so it is with another training set of the same images.
func TestTrainingStartsAgain(t *testing.T) {
	for _, device := range devices() {
		for _, optimizer := range []string{OptimizerSGD, OptimizerAdam} {
			trainer, images, labels := toyTrainer(t, device, func(o *Options) { o.Train.Optimizer = optimizer })
			before, err := trainer.State()
			require.NoError(t, err)
			run := func() State {
				for epoch := range 2 {
					_, err := trainer.Epoch(order(40, 1, uint64(epoch)), nil)
					require.NoError(t, err)
				}
				state, err := trainer.State()
				require.NoError(t, err)
				return state
			}
			first := run()
			require.NoError(t, trainer.Restore(before))
			require.Equal(t, first, run(), "%s on %s", optimizer, device)
			require.NoError(t, trainer.Restore(before))
			require.NoError(t, trainer.Upload(images, labels))
			require.Equal(t, first, run(), "%s on %s, uploaded again", optimizer, device)
		}
	}
}

// A step that cannot be recorded leaves the recordings of other shapes in use.
func TestFailedRecordingBesideAnother(t *testing.T) {
	device := gpu(t)
	notices := 0
	trainer, _, _ := toyTrainer(t, device, func(o *Options) {
		o.Notice = func(string) { notices++ }
		o.Transform = func(epoch, step, n int) BatchTransform {
			return randomTransform(toyOptions().Model, []string{"cutmix", "mixup"}[step%2], false, epoch, step, n)
		}
	})
	for epoch := range 4 {
		_, err := trainer.Epoch(order(40, 1, uint64(epoch)), nil)
		require.NoError(t, err)
	}
	require.Len(t, trainer.recorded(), 2)
	for _, st := range trainer.steps {
		if st.shape.mixing == blended {
			require.NoError(t, st.graph.forget())
			st.eager = true
		}
	}
	before, err := trainer.State()
	require.NoError(t, err)
	_, err = trainer.Epoch(order(40, 1, 4), nil)
	require.NoError(t, err)
	require.Len(t, trainer.recorded(), 1)
	mixed, err := trainer.State()
	require.NoError(t, err)
	require.NoError(t, trainer.Restore(before))
	trainer.eager = true
	_, err = trainer.Epoch(order(40, 1, 4), nil)
	require.NoError(t, err)
	all, err := trainer.State()
	require.NoError(t, err)
	require.Equal(t, all, mixed)
	require.Zero(t, notices)
}

// Trainers on streams of their own do not see each other's work.
func TestGraphsSideBySide(t *testing.T) {
	opt := toyOptions()
	opt.Device = gpu(t)
	opt.Transform = func(epoch, step, n int) BatchTransform {
		return randomTransform(toyOptions().Model, []string{"", "cutmix attack"}[step%2], false, epoch, step, n)
	}
	images, labels := toyImages(opt.Images, 1)
	type end struct {
		state State
		err   error
	}
	ends := make(chan end)
	one := func() (state State, err error) {
		trainer, err := NewTrainer(opt)
		if err != nil {
			return State{}, err
		}
		defer trainer.Close()
		if err := trainer.Upload(images, labels); err != nil {
			return State{}, err
		}
		for epoch := range opt.Train.Epochs {
			if _, err := trainer.Epoch(order(opt.Images, 1, uint64(epoch)), nil); err != nil {
				return State{}, err
			}
		}
		return trainer.State()
	}
	const models = 3
	for range models {
		go func() {
			state, err := one()
			ends <- end{state, err}
		}()
	}
	want, err := one()
	require.NoError(t, err)
	for range models {
		got := <-ends
		require.NoError(t, got.err)
		require.Equal(t, want, got.state)
	}
}

// A recording that fails, in the step or because the device refuses it, leaves
// nothing behind: what follows is done, and the next recording works.
func TestFailedRecordings(t *testing.T) {
	opt := toyOptions()
	opt.Device = gpu(t)
	opt.Notice = func(message string) { t.Error(message) }
	trainer, err := NewTrainer(opt)
	require.NoError(t, err)
	defer trainer.Close()
	images, labels := toyImages(opt.Images, 1)
	require.NoError(t, trainer.Upload(images, labels))
	refused := errors.New("refused")
	require.ErrorIs(t, trainer.plain().graph.record(func() error { return refused }), refused)
	require.Error(t, trainer.plain().graph.record(func() error {
		_, err := read[float32](trainer.lossSum) // waits for the device, which a recording must not
		return err
	}))
	require.False(t, trainer.plain().graph.recorded())
	for epoch := range opt.Train.Epochs {
		_, err := trainer.Epoch(order(opt.Images, opt.Seed, uint64(epoch)), nil)
		require.NoError(t, err)
	}
	require.True(t, trainer.plain().graph.recorded())
	opt.Eager = true
	eager, _ := train(t, opt)
	want, err := eager.State()
	require.NoError(t, err)
	got, err := trainer.State()
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// Models with recorded steps give their memory back to the device, or to the next
// one.
func TestRecordingsGiveTheirMemoryBack(t *testing.T) {
	opt := toyOptions()
	opt.Device, opt.Train.Epochs = gpu(t), 3
	opt.Transform = func(epoch, step, n int) BatchTransform {
		return randomTransform(toyOptions().Model, []string{"cutmix", "mixup"}[(epoch+step)%2], false, epoch, step, n)
	}
	var free []int64
	for range 6 {
		trainer, err := NewTrainer(opt)
		require.NoError(t, err)
		images, labels := toyImages(opt.Images, 1)
		require.NoError(t, trainer.Upload(images, labels))
		for epoch := range opt.Train.Epochs {
			_, err = trainer.Epoch(order(opt.Images, opt.Seed, uint64(epoch)), nil)
			require.NoError(t, err)
		}
		require.Len(t, trainer.recorded(), 2)
		trainer.Close()
		left, err := FreeMemory(0)
		require.NoError(t, err)
		free = append(free, left)
	}
	const slack = 32 << 20 // what the caching allocator takes at a time, once or twice
	require.InDelta(t, free[1], free[5], slack, "%v", free)
}

// stepOperations and predictOperations are the calls into libtorch that a plain
// step (gradients and optimiser aside) and the prediction of one batch make. Each
// costs a crossing from Go to C and, on a GPU, launches: more of them must be
// meant.
const (
	stepOperations    = 35 // rows, images, labels; 20 layers, pooling, 2 for the head; loss; 7 for its sums; 1 each
	predictOperations = 25
)

func TestOperationsPerStep(t *testing.T) {
	opt := toyOptions()
	opt.graph = true // the native network needs none
	trainer, err := NewTrainer(opt)
	require.NoError(t, err)
	defer trainer.Close()
	images, labels := toyImages(opt.Images, 1)
	require.NoError(t, trainer.Upload(images, labels))
	require.NoError(t, trainer.begin(order(opt.Images, 1, 0)))
	for range 2 {
		before := trainer.scope.asked
		require.NoError(t, trainer.advance(opt.Train.Batch))
		require.Equal(t, stepOperations, trainer.scope.asked-before)
	}
	before := trainer.scope.asked
	_, err = trainer.Predict(images[:predictBatch/4*64])
	require.NoError(t, err)
	require.Equal(t, predictOperations, trainer.scope.asked-before)
}
