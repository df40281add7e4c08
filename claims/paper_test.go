package claims

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/paper"
)

// publishedMeasurements returns the paper's figures of a table as measurements, of
// those games that keep returns true for, if it is not nil.
func publishedMeasurements(t *testing.T, dataset string, table int, keep func(g Game) bool) Measurements {
	t.Helper()
	figures, err := paper.For(dataset)
	require.NoError(t, err)
	require.Empty(t, Published(figures, 4))
	games := Published(figures, table).Games
	if keep != nil {
		games = slices.DeleteFunc(slices.Clone(games), func(g Game) bool { return !keep(g) })
	}
	return Measurements{Rate: 0.2, P1: 0.2, P2: 0.2, Games: games, Primary: ForTable(table)}
}

// The paper's own figures are one seed without lifts, so they settle no claim; but
// the statistics are defined on them. The expected values, in points, were computed
// independently of this code.
func TestPaperFigures(t *testing.T) {
	two := func(g Game) bool { return g.Attackers[0].ID < 2 }
	four := func(g Game) bool { return g.Attackers[0].ID >= 2 }
	for _, tc := range []struct {
		name      string
		table     int
		dataset   string
		keep      func(g Game) bool
		claim     string
		statistic int
		want      float64
		holds     bool // whether the estimate is on the claimed side of its bound
	}{
		{"table 1", 1, paper.MNIST, nil, "C1", 0, -80.28, true},
		{"table 1", 1, paper.CIFAR10, nil, "C1", 0, -74.98, true},
		{"table 3", 3, paper.MNIST, nil, "C1", 0, -91.23, true},
		{"table 3", 3, paper.CIFAR10, nil, "C1", 0, -83.2, true},
		{"the one", 1, paper.MNIST, nil, "C2", 0, 85.0, true},
		{"the others: they gain", 1, paper.MNIST, nil, "C2", 2, 0.85, false},
		{"the one", 1, paper.CIFAR10, nil, "C2", 0, 43.3, true},
		{"the others", 1, paper.CIFAR10, nil, "C2", 2, -9.675, true},
		{"highest", 1, paper.MNIST, nil, "C3", 0, 3.1, true},
		{"change", 1, paper.MNIST, nil, "C3", 2, -8.5, true},
		{"highest", 1, paper.CIFAR10, nil, "C3", 0, 8.3, true},
		{"change", 1, paper.CIFAR10, nil, "C3", 2, -5.06, true},
		{"N = 2", 2, paper.MNIST, two, "C4", 0, -66.65, true},
		{"N = 4", 2, paper.MNIST, four, "C4", 0, -74.775, true},
		{"both", 2, paper.MNIST, nil, "C4", 0, (-66.65 - 74.775) / 2, true},
		{"N = 2", 2, paper.CIFAR10, two, "C4", 0, -57.55, true},
		{"N = 4", 2, paper.CIFAR10, four, "C4", 0, -76.625, true},
		{"CutMix", 3, paper.MNIST, nil, "C5", 0, -15.172, true},
		{"CutMix", 3, paper.CIFAR10, nil, "C5", 0, -13.18, true},
		{"agent augmentation", 3, paper.MNIST, nil, "C6", 0, -32.626, true},
		{"further", 3, paper.MNIST, nil, "C6", 2, -17.454, true},
		{"agent indexing", 3, paper.MNIST, nil, "C7", 0, -32.332, true},
		{"accuracy against CutMix", 3, paper.MNIST, nil, "C7", 2, 8.4, true},
		{"accuracy against agent augmentation", 3, paper.MNIST, nil, "C7", 3, 9.62, true},
		{"accuracy against CutMix", 3, paper.CIFAR10, nil, "C7", 2, 5.52, true},
		{"accuracy against agent augmentation", 3, paper.CIFAR10, nil, "C7", 3, 9.78, true},
	} {
		t.Run(tc.claim+" "+tc.name+" "+tc.dataset, func(t *testing.T) {
			m := publishedMeasurements(t, tc.dataset, tc.table, tc.keep)
			// The figures beside themselves are the same.
			m.Paper = Paper{Games: m.Games}
			verdicts, err := Judge(m, tc.claim)
			require.NoError(t, err)
			v := verdicts[0]
			require.Equal(t, Undecided, v.Outcome)
			require.Equal(t, []uint64{1}, v.Seeds)
			s := v.Statistics[tc.statistic]
			require.InDelta(t, tc.want, 100*float64(s.Estimate), 0.005) // the expected values are given to 0.001
			require.InDelta(t, float64(s.Estimate), float64(s.Paper), 1e-12)
			require.Equal(t, tc.holds, (float64(s.Estimate) < s.Bound) == (s.Side == Below))
			require.False(t, s.Low.Defined())
			require.Empty(t, s.Size, "one seed does not tell")
		})
	}
}

func TestGoldenPaper(t *testing.T) {
	verdicts, err := Judge(publishedMeasurements(t, paper.MNIST, 1, nil), ForTable(1)...)
	require.NoError(t, err)
	golden(t, "paper.golden", Text(verdicts))
}
