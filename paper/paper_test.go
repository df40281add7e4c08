package paper_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/paper"
)

// percents requires n figures, each a percentage from 0 to 100.
func percents(t *testing.T, n int, figures ...float64) {
	t.Helper()
	require.Len(t, figures, n)
	for _, f := range figures {
		require.True(t, f >= 0 && f <= 100, "%v %%", f)
	}
}

func TestShapes(t *testing.T) {
	for _, dataset := range paper.Datasets() {
		tables, err := paper.For(dataset)
		require.NoError(t, err)
		require.Equal(t, dataset, tables.Dataset)

		percents(t, 5, tables.Table1.Single...)
		require.Len(t, tables.Table1.Rows, 7)
		for i, row := range tables.Table1.Rows {
			percents(t, min(i+1, 5), row.ASR...)
			require.Len(t, row.Rates, len(row.ASR))
		}
		require.Equal(t, tables.Table1.Single[0], tables.Table1.Rows[0].ASR[0], "the first row is attacker 0 alone")

		percents(t, 1, tables.Table2.CleanAccuracy)
		require.Len(t, tables.Table2.Games, 2)
		for i, game := range tables.Table2.Games {
			n := []int{2, 4}[i]
			for _, labelling := range []paper.Labelling{game.Same, game.Different} {
				percents(t, n, labelling.Single...)
				percents(t, n, labelling.ASR...)
				require.Len(t, labelling.Labels, n)
				require.Len(t, labelling.Targets, n)
			}
			require.Len(t, slices.Compact(slices.Clone(game.Same.Targets)), 1)
			require.Len(t, slices.Compact(slices.Clone(game.Different.Targets)), n)
			require.IsIncreasing(t, game.Different.Targets)
		}

		require.Equal(t, []int{1, 2, 5, 10, 100}, tables.Table3.N)
		require.Len(t, tables.Table3.Rows, len(paper.Defenses()))
		for i, row := range tables.Table3.Rows {
			require.Equal(t, paper.Defenses()[i], row.Defense)
			require.Len(t, row.Games, len(tables.Table3.N))
			for j, game := range row.Games {
				require.Equal(t, tables.Table3.N[j], game.N)
				percents(t, 3, game.MeanASR, game.StdASR, game.CleanAccuracy)
			}
		}
		none, ok := tables.Table3.Row(paper.NoDefense)
		require.True(t, ok)
		require.Equal(t, tables.Table2.CleanAccuracy, none.Games[0].CleanAccuracy, "table 2 repeats table 3's accuracy at N = 1")
		_, ok = tables.Table3.Row("prayer")
		require.False(t, ok)
	}
}

// The expected values are typed from the paper's pages, not from figures.go.
func TestSpotValues(t *testing.T) {
	mnist, err := paper.For(paper.MNIST)
	require.NoError(t, err)
	cifar, err := paper.For(paper.CIFAR10)
	require.NoError(t, err)

	require.Equal(t, "2", mnist.Table1.Label)
	require.Equal(t, "bird", cifar.Table1.Label)
	require.Equal(t, []float64{95.3, 82.2, 93.5, 94.0, 92.9}, mnist.Table1.Single)
	require.Equal(t, 38.3, cifar.Table1.Rows[2].ASR[2])
	require.Equal(t, []float64{98.3, 10, 3.3, 25, 8.3}, mnist.Table1.Rows[5].ASR)
	require.Equal(t, []float64{0.4, 0.2, 0.2, 0.2, 0.2}, mnist.Table1.Rows[5].Rates)
	require.Equal(t, []float64{7.2, 8, 8.3, 7.8, 6.7}, cifar.Table1.Rows[6].ASR)
	require.Equal(t, []float64{0.9, 0.9, 0.9, 0.9, 0.9}, cifar.Table1.Rows[6].Rates)

	two, four := mnist.Table2.Games[0], cifar.Table2.Games[1]
	require.Equal(t, paper.Labelling{
		Labels: []string{"1", "2"}, Targets: []int{1, 2}, Single: []float64{98.3, 95.0}, ASR: []float64{26.7, 33.3},
	}, two.Different)
	require.Equal(t, []float64{53.3, 46.7, 45, 48.9}, four.Same.ASR)
	require.Equal(t, paper.Labelling{
		Labels: []string{"automobile", "bird", "dog", "truck"}, Targets: []int{1, 2, 5, 9},
		Single: []float64{95, 94.5, 97.3, 98.5}, ASR: []float64{15.5, 14.8, 24.5, 24},
	}, four.Different)
	require.Equal(t, []float64{89.2, 26.7}, []float64{mnist.Table2.Games[1].Different.Single[1], mnist.Table2.Games[1].Different.ASR[1]})

	for _, tc := range []struct {
		tables  paper.Tables
		defense paper.Defense
		want    paper.Table3Game
	}{
		{mnist, paper.NoDefense, paper.Table3Game{N: 10, MeanASR: 8.59, StdASR: 2.27, CleanAccuracy: 72.2}},
		{mnist, paper.DataAugmentation, paper.Table3Game{N: 1, MeanASR: 55.6, StdASR: 2.77, CleanAccuracy: 85.3}},
		{mnist, paper.AgentAugmentation, paper.Table3Game{N: 2, MeanASR: 1.42, StdASR: 0.17, CleanAccuracy: 82.7}},
		{mnist, paper.AgentIndexing, paper.Table3Game{N: 100, MeanASR: 1.9, StdASR: 1.26, CleanAccuracy: 88.5}},
		{cifar, paper.NoDefense, paper.Table3Game{N: 2, MeanASR: 45.4, StdASR: 2.95, CleanAccuracy: 89.4}},
		{cifar, paper.DataAugmentation, paper.Table3Game{N: 100, MeanASR: 7.8, StdASR: 18.69, CleanAccuracy: 72.7}},
		{cifar, paper.AgentAugmentation, paper.Table3Game{N: 10, MeanASR: 5.2, StdASR: 0.16, CleanAccuracy: 76.2}},
		{cifar, paper.AgentIndexing, paper.Table3Game{N: 5, MeanASR: 3.7, StdASR: 2.08, CleanAccuracy: 89.4}},
	} {
		row, ok := tc.tables.Table3.Row(tc.defense)
		require.True(t, ok)
		require.Contains(t, row.Games, tc.want)
	}
}

// A peculiarity of table 1 serves as its checksum: of the 48 ASRs with several
// attackers, 31 are multiples of 1/60 and 36 are multiples of 1/120, rounded or
// truncated to one decimal.
func TestTable1IsMadeOfSixtieths(t *testing.T) {
	for parts, want := range map[float64]int{60: 31, 120: 36} {
		all, whole := 0, 0
		for _, dataset := range paper.Datasets() {
			tables, err := paper.For(dataset)
			require.NoError(t, err)
			for _, row := range tables.Table1.Rows[1:] {
				for _, asr := range row.ASR {
					all++
					nearest := 100 / parts * math.Round(asr/100*parts)
					// Rounding changes a figure by at most 0.05, truncation by
					// less than 0.1.
					if d := nearest - asr; d >= -0.05-1e-9 && d < 0.1-1e-9 {
						whole++
					}
				}
			}
		}
		require.Equal(t, 48, all)
		require.Equal(t, want, whole, "of %v parts", parts)
	}
}

// A caller's changes do not affect other callers.
func TestForCopies(t *testing.T) {
	first, err := paper.For(paper.MNIST)
	require.NoError(t, err)
	first.Table1.Single[0], first.Table2.Games[0].Same.ASR[0], first.Table3.Rows[0].Games[0].MeanASR = 0, 0, 0
	second, err := paper.For(paper.MNIST)
	require.NoError(t, err)
	require.Equal(t, 95.3, second.Table1.Single[0])
	require.Equal(t, 45.0, second.Table2.Games[0].Same.ASR[0])
	require.Equal(t, 96.3, second.Table3.Rows[0].Games[0].MeanASR)
}

func TestUnknownDataset(t *testing.T) {
	_, err := paper.For("embedded")
	require.ErrorIs(t, err, paper.ErrNoFigures)
	require.EqualError(t, err, `paper: dataset "embedded": the paper has no figures; it used mnist and cifar10`)
}
