package torchbridge

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A snapshot holds the state at its moment, whatever the training does afterwards, and can be read
// on another thread and after the trainer is closed. The copies that a GPU makes are tested on each
// device that the machine has.
func TestSnapshotIsTheStateOfItsMoment(t *testing.T) {
	for _, device := range devices() {
		for _, optimizer := range []string{OptimizerSGD, OptimizerAdam} {
			t.Run(device+"/"+optimizer, func(t *testing.T) {
				opt := toyOptions()
				opt.Device, opt.Train.Optimizer = device, optimizer
				images, labels := toyImages(opt.Images, 1)
				trainer, err := NewTrainer(opt)
				require.NoError(t, err)
				defer trainer.Close()
				require.NoError(t, trainer.Upload(images, labels))
				epoch := func(at uint64) {
					_, err := trainer.Epoch(order(opt.Images, 1, at), nil)
					require.NoError(t, err)
				}
				for name, take := range map[string]func() (*Snapshot, error){"chosen": trainer.Snapshot, "clones": trainer.deviceSnapshot} {
					epoch(0)
					want, err := trainer.State()
					require.NoError(t, err)
					snapshot, err := take()
					require.NoError(t, err)
					epoch(1)
					moved, err := trainer.State()
					require.NoError(t, err)
					require.NotEqual(t, want, moved)
					type answer struct {
						state State
						err   error
					}
					read := make(chan answer)
					go func() {
						state, err := snapshot.State()
						read <- answer{state, err}
					}()
					got := <-read
					require.NoError(t, got.err)
					require.Equal(t, want, got.state, name)
					snapshot.Free()
					snapshot.Free()
					require.Equal(t, want, got.state, "a state that was read stays")
				}
				trainer.Close()
				_, err = trainer.Snapshot()
				require.ErrorIs(t, err, errClosed)
			})
		}
	}
}

func TestSnapshotOutlivesItsTrainer(t *testing.T) {
	trainer, err := NewTrainer(toyOptions())
	require.NoError(t, err)
	defer trainer.Close()
	want, err := trainer.State()
	require.NoError(t, err)
	snapshot, err := trainer.deviceSnapshot()
	require.NoError(t, err)
	defer snapshot.Free()
	trainer.Close()
	got, err := snapshot.State()
	require.NoError(t, err)
	require.Equal(t, want, got)
}
