package torchbridge

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A training that is stopped after any epoch and resumes in a new trainer ends
// with the same bits, and the same predictions, as one that was not.
func TestRestoredTrainingIsBitIdentical(t *testing.T) {
	for _, device := range devices() {
		for _, optimizer := range []string{OptimizerSGD, OptimizerAdam, OptimizerAdamW} {
			t.Run(device+"/"+optimizer, func(t *testing.T) {
				opt := toyOptions()
				opt.Device, opt.Train.Optimizer, opt.Train.Epochs = device, optimizer, 4
				images, labels := toyImages(opt.Images, 1)
				run := func(from State, first, last int) State {
					trainer, err := NewTrainer(opt)
					require.NoError(t, err)
					defer trainer.Close()
					require.NoError(t, trainer.Upload(images, labels))
					if first > 0 {
						require.NoError(t, trainer.Restore(from))
					}
					for epoch := first; epoch < last; epoch++ {
						_, err := trainer.Epoch(order(opt.Images, 1, uint64(epoch)), nil)
						require.NoError(t, err)
					}
					state, err := trainer.State()
					require.NoError(t, err)
					return state
				}
				whole := run(State{}, 0, 4)
				for stop := 1; stop < 4; stop++ {
					require.Equal(t, whole, run(run(State{}, 0, stop), stop, 4), "stopped after epoch %d", stop)
				}
			})
		}
	}
}

func TestRestoreRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*State)
		fault  string
	}{
		"step within an epoch": {func(s *State) { s.Step = 3 }, "not the end of one of 12 epochs of 5 steps"},
		"step past the end":    {func(s *State) { s.Step = 65 }, "not the end"},
		"tensor missing":       {func(s *State) { s.Model = s.Model[1:] }, "101 tensors where 102"},
		"tensor renamed":       {func(s *State) { s.Model[0].Name = "stem" }, "conv1.weight is missing"},
		"tensor twice":         {func(s *State) { s.Model[0] = s.Model[1] }, "102 tensors where 102"},
		"other shape":          {func(s *State) { s.Model[0].Shape = []int64{1, 4, 3, 3} }, "shape [1 4 3 3] instead of [4 1 3 3]"},
		"values missing":       {func(s *State) { s.Optimizer[0].Values = s.Optimizer[0].Values[1:] }, "holds 36 values, got 35"},
	} {
		t.Run(name, func(t *testing.T) {
			trainer, err := NewTrainer(toyOptions())
			require.NoError(t, err)
			defer trainer.Close()
			state, err := trainer.State()
			require.NoError(t, err)
			tc.change(&state)
			require.ErrorContains(t, trainer.Restore(state), tc.fault)
		})
	}
}
