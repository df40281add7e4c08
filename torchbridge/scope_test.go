package torchbridge

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	lib "github.com/sugarme/gotch/libtch"
)

// An operation that fails keeps the scope's error and stops what follows; reset
// makes the scope usable again.
func TestScopeKeepsTheFirstError(t *testing.T) {
	trainer, _, _ := toyTrainer(t, "cpu", nil)
	s := trainer.scope
	defer s.reset()
	x := upload(s, []float32{1, 2, 3}, []int64{3}, cpu)
	y := upload(s, []float32{1, 2}, []int64{2}, cpu)
	require.NoError(t, s.err())
	owned := len(s.owned)
	require.False(t, s.plus(x, y).valid())
	first := s.err()
	require.ErrorContains(t, first, "torchbridge: plus: The size of tensor a (3)")
	require.False(t, s.times(x, x).valid(), "nothing runs after an error")
	s.zero(x)
	require.False(t, s.channelsLast(x).valid())
	require.Equal(t, first, s.err())
	require.Len(t, s.owned, owned)
	s.reset()
	require.NoError(t, s.err())
	require.Empty(t, s.owned)
}

// Of a failed backward pass every gradient is missing; its one message is kept.
func TestGradientsSayWhyTheyFail(t *testing.T) {
	trainer, _, _ := toyTrainer(t, "cpu", nil)
	s := trainer.scope
	defer s.reset()
	x := upload(s, []float32{1, 2, 3}, []int64{3}, cpu)
	y := upload(s, []float32{1, 2, 3}, []int64{3}, cpu)
	loss := s.sum(s.times(x, y), kindFloat32)
	require.NoError(t, s.err())
	s.gradients(loss, []lib.Ctensor{x.c, y.c}, make([]lib.Ctensor, 2))
	require.ErrorContains(t, s.err(), "torchbridge: backward: one of the input tensor does not use set_requires_grad")
}

// What fails without a result to show it is told by gotch's last error. One that
// was left on the thread before is not blamed on it.
func TestErrorsLeftBehindAreNotBlamedOnOthers(t *testing.T) {
	trainer, _, _ := toyTrainer(t, "cpu", nil)
	s := trainer.scope
	defer s.reset()
	x := upload(s, []float32{1, 2, 3}, []int64{3}, cpu)
	y := upload(s, []float32{1, 2}, []int64{2}, cpu)
	require.NoError(t, s.err())
	leave := func() {
		var out lib.Ctensor
		lib.AtgAdd(&out, x.c, y.c)
		require.Nil(t, out)
	}
	leave()
	state, err := trainer.State()
	require.NoError(t, err)
	leave()
	require.NoError(t, trainer.Restore(state))
	leave()
	require.NoError(t, write(x, []float32{4, 5, 6}))
	require.ErrorContains(t, write(x, []float32{4, 5}), "torchbridge: write: 8 bytes for a tensor of 12")
	_, err = read[int64](x)
	require.ErrorContains(t, err, "torchbridge: read tensor: incoherent element sizes")
}

// C++ exceptions, those of our own shim too, end as errors, and the process lives
// on: shapes that do not fit together, and memory beyond any address.
func TestExceptionsBecomeErrors(t *testing.T) {
	trainer, images, _ := toyTrainer(t, "cpu", nil)
	s := trainer.scope
	for name, try := range map[string]struct {
		call func()
		want string
	}{
		"shim": {func() {
			x := upload(s, []float32{1, 2, 3}, []int64{3}, cpu)
			s.normalised(trainer.images, tensor{}, x, x)
		}, "torchbridge: normalise: The size of tensor a"},
		"optimiser in the shim": {func() {
			x := upload(s, []float32{1, 2, 3}, []int64{3}, cpu)
			grads := make([]lib.Ctensor, len(trainer.net.paramHandles))
			for i := range grads {
				grads[i] = x.c
			}
			s.fail(trainer.optimizer.step(trainer.net.paramHandles, grads, upload(s, []float32{0.1}, []int64{1}, cpu)))
		}, "torchbridge: "},
		"binding": {func() {
			x := upload(s, []float32{1, 2, 3}, []int64{3}, cpu)
			s.linear(trainer.images, x, x)
		}, "torchbridge: linear layer: "},
		"memory": {func() {
			_, s.fault = newZeros([]int64{1 << 47}, kindFloat32, cpu)
		}, "you tried to allocate 562949953421312 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			runtime.LockOSThread() // a thread's last error is its own
			defer runtime.UnlockOSThread()
			defer s.reset()
			try.call()
			require.ErrorContains(t, s.err(), try.want)
			require.NotContains(t, s.err().Error(), "\n")
		})
	}
	_, err := trainer.Predict(images)
	require.NoError(t, err, "the model is as good as before")
}
