package torchbridge

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// gpu is the name of a CUDA device; without one the test is skipped.
func gpu(t *testing.T) string {
	t.Helper()
	if cudaDevices() == 0 {
		t.Skip("needs a GPU")
	}
	return "cuda:0"
}

// A recorded step is the eager one: after epochs with a smaller last batch, the
// weights are the same, bit for bit.
func TestGraphTakesTheSameSteps(t *testing.T) {
	opt := toyOptions()
	opt.Device, opt.Images = gpu(t), 43
	opt.Notice = func(message string) { t.Error(message) }
	graphed, _ := train(t, opt)
	require.True(t, graphed.graph.recorded)
	opt.Eager = true
	eager, _ := train(t, opt)
	require.False(t, eager.graph.recorded)
	want, err := eager.State()
	require.NoError(t, err)
	got, err := graphed.State()
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// Trainers on streams of their own do not see each other's work.
func TestGraphsSideBySide(t *testing.T) {
	opt := toyOptions()
	opt.Device = gpu(t)
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
	require.ErrorIs(t, trainer.graph.record(func() error { return refused }), refused)
	require.Error(t, trainer.graph.record(func() error {
		_, err := read[float32](trainer.lossSum) // waits for the device, which a recording must not
		return err
	}))
	require.False(t, trainer.graph.recorded)
	for epoch := range opt.Train.Epochs {
		_, err := trainer.Epoch(order(opt.Images, opt.Seed, uint64(epoch)), nil)
		require.NoError(t, err)
	}
	require.True(t, trainer.graph.recorded)
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
	opt.Device, opt.Train.Epochs = gpu(t), 2
	var free []int64
	for range 6 {
		trainer, err := NewTrainer(opt)
		require.NoError(t, err)
		images, labels := toyImages(opt.Images, 1)
		require.NoError(t, trainer.Upload(images, labels))
		_, err = trainer.Epoch(order(opt.Images, opt.Seed, 0), nil)
		require.NoError(t, err)
		require.True(t, trainer.graph.recorded)
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
