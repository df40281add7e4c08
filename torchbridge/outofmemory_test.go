package torchbridge

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeRecorder replays a step by taking it. Its first refusals recordings fail with
// refusal. failed returns the number of
// failed requests for memory so far.
type fakeRecorder struct {
	step     func() error
	refusals *int
	refusal  error
	tried    *int
	failed   func() int64
}

func (f *fakeRecorder) record(step func() error) error {
	*f.tried++
	if *f.refusals > 0 {
		*f.refusals--
		return f.refusal
	}
	f.step = step
	return nil
}
func (f *fakeRecorder) recorded() bool            { return f.step != nil }
func (f *fakeRecorder) replay() error             { return f.step() }
func (f *fakeRecorder) forget() error             { f.step = nil; return nil }
func (f *fakeRecorder) shortages() (int64, error) { return f.failed(), nil }
func (f *fakeRecorder) nodes() (int, error)       { return 1, nil }
func (f *fakeRecorder) free()                     {}

// recordedTraining returns a trainer on the CPU whose steps are recorded, as on a GPU, and the
// number of attempts at recording one.
func recordedTraining(t *testing.T, images, refusals int, refusal error, failed func() int64, notices *[]string) (*Trainer, *int) {
	t.Helper()
	opt := toyOptions()
	opt.graph, opt.Images, opt.Train.Epochs = true, images, 3
	opt.Notice = func(message string) { *notices = append(*notices, message) }
	tried := 0
	opt.newRecorder = func(cDevice) (recorder, error) {
		return &fakeRecorder{refusals: &refusals, refusal: refusal, tried: &tried, failed: failed}, nil
	}
	trainer, err := NewTrainer(opt)
	require.NoError(t, err)
	t.Cleanup(trainer.Close)
	pixels, labels := toyImages(opt.Images, 1)
	require.NoError(t, trainer.Upload(pixels, labels))
	return trainer, &tried
}

func none() int64 { return 0 }

// A recording that fails for want of memory is tried later, and less and less often; one
// that fails for another reason is not. Neither changes the weights.
func TestRecordingIsTriedLater(t *testing.T) {
	const images = 60 * 16
	batch := toyOptions().Train.Batch
	require.Zero(t, images%batch)
	memory := messageError("CUDA out of memory. Tried to allocate 20.00 MiB.\nException raised from malloc")
	var states []State
	for name, c := range map[string]struct {
		refusals int
		refusal  error
		tried    int
		notices  int
	}{
		"recorded at once":   {0, nil, 1, 0},
		"no memory twice":    {2, memory, 3, 2},
		"cannot be recorded": {2, errors.New("refused"), 1, 1},
	} {
		var notices []string
		trainer, tried := recordedTraining(t, images, c.refusals, c.refusal, none, &notices)
		for epoch := range 3 {
			_, err := trainer.Epoch(order(images, 1, uint64(epoch)), nil)
			require.NoError(t, err, name)
		}
		require.Equal(t, c.tried, *tried, name)
		require.Len(t, notices, c.notices, name)
		require.Equal(t, c.refusal == nil || errors.Is(c.refusal, ErrMemory), trainer.plain().graph.recorded(), name)
		if trainer.plain().eager {
			require.Zero(t, trainer.plain().due-graphWarmUp, name)
		}
		state, err := trainer.State()
		require.NoError(t, err)
		states = append(states, state)
	}
	require.Equal(t, states[0], states[1])
	require.Equal(t, states[0], states[2])
}

// A failed request for memory that libtorch caught ends the training, and all others of the
// process, because cuDNN computes by another algorithm from then on.
func TestCaughtShortageEndsTheTraining(t *testing.T) {
	t.Cleanup(func() { otherKernels.Store(false) })
	count := int64(0)
	var notices []string
	trainer, _ := recordedTraining(t, 64, 0, nil, func() int64 { count++; return count / 4 }, &notices) // one fails in the second step
	_, err := trainer.Epoch(order(64, 1, 0), nil)
	require.ErrorIs(t, err, ErrMemory)
	require.ErrorIs(t, err, errOtherKernels)
	other, _ := recordedTraining(t, 64, 0, nil, none, &notices)
	_, err = other.Epoch(order(64, 1, 0), nil)
	require.ErrorIs(t, err, errOtherKernels)
	pixels, _ := toyImages(4, 1)
	_, err = other.Predict(pixels)
	require.ErrorIs(t, err, ErrMemory)
}

// A failed request that was not caught affects no other model of the process.
func TestShortageOfOneModel(t *testing.T) {
	var notices []string
	count := int64(0)
	trainer, _ := recordedTraining(t, 64, 0, nil, func() int64 { return count }, &notices)
	err := trainer.watched(func() error {
		count++
		return messageError("CUDA out of memory")
	})
	require.ErrorIs(t, err, ErrMemory)
	require.NotErrorIs(t, err, errOtherKernels)
	require.False(t, otherKernels.Load())
}

func TestMessagesAboutMemory(t *testing.T) {
	for message, memory := range map[string]bool{
		"CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79 GiB": true,
		"CUDA error: out of memory":                                                                     true,
		"cuDNN error: CUDNN_STATUS_ALLOC_FAILED":                                                        true,
		"CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`":                    true,
		"[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you": true,
		"std::bad_alloc":                       true,
		"cuDNN error: CUDNN_STATUS_BAD_PARAM":  false,
		"The size of tensor a must match":      false,
		"CUDA error: an illegal memory access": false,
	} {
		require.Equal(t, memory, errors.Is(messageError(message), ErrMemory), message)
	}
}
