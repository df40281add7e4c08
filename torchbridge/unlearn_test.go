package torchbridge

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// meanLoss is the mean cross-entropy of rows of a training set.
func meanLoss(t *testing.T, trainer *Trainer, images []uint8, labels []uint16, rows []int64) float64 {
	t.Helper()
	size := len(images) / len(labels)
	var sum float64
	for _, row := range rows {
		p, err := trainer.Probabilities(images[int(row)*size : int(row+1)*size])
		require.NoError(t, err)
		sum -= math.Log(float64(p[labels[row]]))
	}
	return sum / float64(len(rows))
}

// unlikeliest returns the labels, with the one that the model thinks least likely
// for each of the given rows.
func unlikeliest(t *testing.T, trainer *Trainer, images []uint8, labels []uint16, rows []int64) []uint16 {
	t.Helper()
	out := slices.Clone(labels)
	for _, row := range rows {
		most := 0.0
		for label := range uint16(4) {
			candidate := slices.Clone(labels)
			candidate[row] = label
			if loss := meanLoss(t, trainer, images, candidate, []int64{row}); loss > most {
				out[row], most = label, loss
			}
		}
	}
	return out
}

// requireSameMeans requires that the running means of two states are the same.
func requireSameMeans(t *testing.T, before, after State) {
	t.Helper()
	running := 0
	for i, p := range after.Model {
		if strings.HasSuffix(p.Name, "mean") {
			running++
			require.Equal(t, before.Model[i], p)
		}
	}
	require.Positive(t, running)
}

// A step is one of steepest descent: to first order the loss falls by the
// squared length of the step over the learning rate. Running statistics stay.
func TestUnlearnIsSteepestDescent(t *testing.T) {
	for _, device := range devices() {
		opt := toyOptions()
		opt.Device = device
		trainer, err := NewTrainer(opt)
		require.NoError(t, err)
		defer trainer.Close()
		images, labels := toyImages(opt.Images, 1)
		require.NoError(t, trainer.Upload(images, labels))
		for epoch := range 2 { // later the toy is so sure that a probability of float32 is 0
			_, err := trainer.Epoch(order(opt.Images, 1, uint64(epoch)), nil)
			require.NoError(t, err)
		}
		before, err := trainer.State()
		require.NoError(t, err)
		forget, keep := []int64{0, 3, 4}, []int64{1, 2, 5, 7}
		guess := math.Log(4)
		loss := func() float64 {
			return meanLoss(t, trainer, images, labels, keep) + max(0, guess-meanLoss(t, trainer, images, labels, forget))
		}
		const rate = 1e-5
		start := loss()
		require.NoError(t, trainer.Unlearn([]Unlearning{{Forget: forget, Keep: keep}}, rate))
		after, err := trainer.State()
		require.NoError(t, err)
		square := 0.0
		for i, p := range after.Model {
			for j, v := range p.Values {
				d := float64(v) - float64(before.Model[i].Values[j])
				square += d * d
			}
		}
		require.Positive(t, square)
		require.Equal(t, before.Optimizer, after.Optimizer)
		require.InEpsilon(t, square/rate, start-loss(), 0.1, "the second order of a step this short")
		require.NoError(t, trainer.Restore(before))
		require.NoError(t, trainer.Unlearn([]Unlearning{{Forget: forget, Keep: keep}}, rate))
		again, err := trainer.State()
		require.NoError(t, err)
		require.Equal(t, after, again)
		requireSameMeans(t, before, after)

		// Nothing is left to forget of rows that the model takes for something else.
		wrong := unlikeliest(t, trainer, images, labels, forget)
		require.NoError(t, trainer.Upload(images, wrong))
		require.Greater(t, meanLoss(t, trainer, images, wrong, forget), guess)
		var ends []State
		for _, rows := range [][]int64{{0, 3, 4}, {4}} {
			require.NoError(t, trainer.Restore(before))
			require.NoError(t, trainer.Unlearn([]Unlearning{{Forget: rows, Keep: keep}}, rate))
			end, err := trainer.State()
			require.NoError(t, err)
			ends = append(ends, end)
		}
		require.Equal(t, ends[0], ends[1])
		require.NotEqual(t, before, ends[0])
	}
}

func TestUnlearnRefusals(t *testing.T) {
	opt := toyOptions()
	trainer, err := NewTrainer(opt)
	require.NoError(t, err)
	defer trainer.Close()
	step := []Unlearning{{Forget: []int64{0}, Keep: []int64{1}}}
	require.ErrorContains(t, trainer.Unlearn(step, 0.1), "no training set")
	images, labels := toyImages(opt.Images, 1)
	require.NoError(t, trainer.Upload(images, labels))
	require.ErrorIs(t, trainer.Unlearn(step, 0), ErrOptions)
	require.ErrorIs(t, trainer.Unlearn([]Unlearning{{Forget: []int64{0}}}, 0.1), ErrOptions)
	require.ErrorIs(t, trainer.Unlearn([]Unlearning{{Forget: []int64{int64(opt.Images)}, Keep: []int64{1}}}, 0.1), ErrOptions)
	require.NoError(t, trainer.Unlearn(step, 0.1))
}

// A learning rate that carries the network away ends as ErrDiverged, and the error
// says where: by the parameters after a single step, by the loss after several.
func TestUnlearnThatDivergesIsAnError(t *testing.T) {
	for _, device := range devices() {
		opt := toyOptions()
		opt.Device = device
		trainer, err := NewTrainer(opt)
		require.NoError(t, err)
		defer trainer.Close()
		images, labels := toyImages(opt.Images, 1)
		require.NoError(t, trainer.Upload(images, labels))
		start, err := trainer.State()
		require.NoError(t, err)
		steps := make([]Unlearning, 5)
		for i := range steps {
			steps[i] = Unlearning{Forget: []int64{0, 3}, Keep: []int64{1, 2}}
		}
		err = trainer.Unlearn(steps, 1e30)
		require.ErrorIs(t, err, ErrDiverged)
		require.ErrorContains(t, err, "the loss became NaN after 1 of 5 steps (learning rate 1e+30)")
		require.NoError(t, trainer.Restore(start))
		err = trainer.Unlearn(steps[:1], math.MaxFloat64) // infinite as a float32
		require.ErrorIs(t, err, ErrDiverged)
		require.ErrorContains(t, err, "conv1.weight holds")
		require.ErrorContains(t, err, "after 1 of 1 steps")
		require.NoError(t, trainer.Restore(start))
		require.NoError(t, trainer.Unlearn(steps, 1e-3))
	}
}
