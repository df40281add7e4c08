package defenses_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/defenses"
	"backfire/defenses/mix"
	"backfire/triggers"
)

// requireChosen requires rows to be positions below n, as many as a dose sets, in
// ascending order.
func requireChosen(t require.TestingT, rows []int32, n int, dose defenses.Dose) {
	require.InDelta(t, dose.Share*float64(n), len(rows), 0.5+1e-9)
	for i, row := range rows {
		require.True(t, row >= 0 && int(row) < n)
		require.True(t, i == 0 || rows[i-1] < row, "rows are in ascending order, each once")
	}
}

func TestBatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stack := stacks().Draw(t, "stack")
		shape := triggers.Shape{C: rapid.SampledFrom([]int{1, 3}).Draw(t, "channels"), H: 7, W: 6}
		seed := rapid.Uint64().Draw(t, "seed")
		epoch, step, n := rapid.IntRange(0, 9).Draw(t, "epoch"), rapid.IntRange(0, 99).Draw(t, "step"), rapid.IntRange(1, 40).Draw(t, "n")
		b, err := defenses.NewBatcher(stack, shape, seed)
		require.NoError(t, err)
		batch := b.Draw(epoch, step, n)
		other, err := defenses.NewBatcher(stack, shape, seed)
		require.NoError(t, err)
		other.Draw(epoch, step+1, n)
		require.Equal(t, batch, other.Draw(epoch, step, n), "it does not depend on earlier draws")

		rows := n
		if s := batch.Stamps; s != nil {
			dose := defenses.Get[defenses.AdversarialTriggers](stack, defenses.KindAdversarialTriggers).Dose
			requireChosen(t, s.Rows, n, dose)
			require.Len(t, s.Masks, len(s.Rows)*shape.Plane())
			require.Len(t, s.Patterns, len(s.Rows)*shape.Size())
			require.Equal(t, dose.Placement, s.Placement)
			if dose.Placement == defenses.Add {
				rows += len(s.Rows)
			}
		}
		if batch.Mix.Kind != mix.None {
			require.Len(t, batch.Mix.Partner, rows, "the added rows are mixed too")
		}
		pgd, fgsm := defenses.Get[defenses.PGD](stack, defenses.KindPGD), defenses.Get[defenses.FGSM](stack, defenses.KindFGSM)
		switch p := batch.Perturbation; {
		case p == nil:
		case pgd != nil:
			requireChosen(t, p.Rows, rows, pgd.Dose)
			require.Equal(t, defenses.Perturbation{
				Rows: p.Rows, Placement: pgd.Placement, Epsilon: pgd.Epsilon,
				StepSize: pgd.StepSize, Steps: pgd.Steps, RandomStart: pgd.RandomStart,
			}, *p)
		default:
			requireChosen(t, p.Rows, rows, fgsm.Dose)
			require.Equal(t, defenses.Perturbation{
				Rows: p.Rows, Placement: fgsm.Placement, Epsilon: fgsm.Epsilon, StepSize: fgsm.Epsilon, Steps: 1,
			}, *p)
		}
		if p := batch.Perturbation; p != nil && p.Placement == defenses.Add {
			rows += len(p.Rows)
		}
		require.Equal(t, rows, stack.Rows(n))
	})
}

func TestDrawsOfOneDefenseDoNotDependOnTheOthers(t *testing.T) {
	shape := triggers.Shape{C: 1, H: 7, W: 6}
	cut, pgd := mix.Default(), *defaultOf[defenses.PGD](t, defenses.KindPGD)
	alone, err := defenses.NewBatcher(defenses.NewStack(defenses.KindCutMix, &cut), shape, 1)
	require.NoError(t, err)
	both, err := defenses.NewBatcher(defenses.NewStack(defenses.KindCutMix, &cut).With(defenses.KindPGD, &pgd), shape, 1)
	require.NoError(t, err)
	require.Equal(t, alone.Draw(3, 4, 32).Mix, both.Draw(3, 4, 32).Mix)
}

// TestStampsApply compares Apply with stamping each row's trigger.
func TestStampsApply(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := defenses.AdversarialTriggers{Dose: doses().Draw(t, "dose"), Spec: specs().Draw(t, "spec")}
		a.Share = max(a.Share, 0.5)
		shape := triggers.Shape{C: rapid.SampledFrom([]int{1, 3}).Draw(t, "channels"), H: 5, W: 4}
		n := rapid.IntRange(1, 6).Draw(t, "n")
		b, err := defenses.NewBatcher(defenses.NewStack(defenses.KindAdversarialTriggers, &a), shape, rapid.Uint64().Draw(t, "seed"))
		require.NoError(t, err)
		s := b.Draw(0, 0, n).Stamps
		size, plane := shape.Size(), shape.Plane()
		images := rapid.SliceOfN(rapid.Byte(), n*size, n*size).Draw(t, "images")
		labels := rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "labels")
		before := slices.Clone(images)
		stamped, stampedLabels := s.Apply(images, labels)
		require.Equal(t, before, images)

		want, wantLabels := slices.Clone(images), slices.Clone(labels)
		for i, row := range s.Rows {
			trigger := &triggers.Trigger{
				Shape: shape, Box: triggers.Box{W: shape.W, H: shape.H},
				Mask: s.Masks[i*plane : (i+1)*plane], Pattern: s.Patterns[i*size : (i+1)*size],
			}
			require.Positive(t, trigger.Pixels())
			img := slices.Clone(images[int(row)*size : (int(row)+1)*size])
			trigger.Stamp(img)
			if a.Placement == defenses.Add {
				want, wantLabels = append(want, img...), append(wantLabels, labels[row])
			} else {
				copy(want[int(row)*size:], img)
			}
		}
		require.Equal(t, want, stamped)
		require.Equal(t, wantLabels, stampedLabels, "labels are kept")
	})
}

func TestTriggersAreFreshForEveryRowAndStep(t *testing.T) {
	a := *defaultOf[defenses.AdversarialTriggers](t, defenses.KindAdversarialTriggers)
	shape := triggers.Shape{C: 3, H: 32, W: 32}
	b, err := defenses.NewBatcher(defenses.NewStack(defenses.KindAdversarialTriggers, &a), shape, 1)
	require.NoError(t, err)
	seen := map[string]bool{}
	for step := range 4 {
		s := b.Draw(0, step, 32).Stamps
		require.Len(t, s.Rows, 16)
		for i := range s.Rows {
			seen[string(s.Patterns[i*shape.Size():(i+1)*shape.Size()])] = true
		}
	}
	require.Len(t, seen, 64)
}

func TestStart(t *testing.T) {
	pgd := *defaultOf[defenses.PGD](t, defenses.KindPGD)
	shape := triggers.Shape{C: 1, H: 2, W: 2}
	start := func(p defenses.PGD, step, n int) []float32 {
		b, err := defenses.NewBatcher(defenses.NewStack(defenses.KindPGD, &p), shape, 1)
		require.NoError(t, err)
		dst := slices.Repeat([]float32{9}, n)
		b.Start(dst, 2, step)
		return dst
	}
	offsets := start(pgd, 5, 4000)
	mean, squares := 0.0, 0.0
	for _, v := range offsets {
		require.LessOrEqual(t, math.Abs(float64(v)), pgd.Epsilon)
		mean += float64(v) / 4000
		squares += float64(v) * float64(v) / 4000
	}
	// The offsets are uniform over [-8, 8]: their variance is 64/3, that of their
	// squares 8^4 (1/5 - 1/9). The tolerances are 4 standard errors.
	require.InDelta(t, 0, mean, 4*math.Sqrt(64.0/3/4000))
	require.InDelta(t, 64.0/3, squares, 4*math.Sqrt(4096*4.0/45/4000))
	require.Equal(t, offsets[:8], start(pgd, 5, 8), "fewer rows have the same offsets")
	require.NotEqual(t, offsets[:8], start(pgd, 6, 8))
	pgd.RandomStart = false
	require.Equal(t, make([]float32, 8), start(pgd, 5, 8))
}

func TestBatcherRefuses(t *testing.T) {
	bad := mix.Settings{Alpha: -1, Probability: 1}
	_, err := defenses.NewBatcher(defenses.NewStack(defenses.KindCutMix, &bad), triggers.Shape{C: 1, H: 4, W: 4}, 1)
	require.ErrorIs(t, err, defenses.ErrPolicy)
	_, err = defenses.NewBatcher(defenses.Stack{}, triggers.Shape{C: 2, H: 4, W: 4}, 1)
	require.ErrorIs(t, err, defenses.ErrPolicy)
}
