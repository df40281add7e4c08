package charts_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/audit/charts"
	"backfire/audit/phase"
	"backfire/audit/shares"
	"backfire/figures"
	"backfire/paper"
	"backfire/stats"
)

// diagram returns a diagram in which success begins between 24 and 96.
func diagram(t *testing.T) phase.Diagram {
	t.Helper()
	var games []phase.Game
	for seed := range uint64(6) {
		for _, n := range []int{1, 2, 5} {
			for _, k := range []int{12, 24, 48, 96, 192} {
				g := phase.Game{Reading: "per_image, random labels", N: n, K: k, Seed: seed, Attackers: n, ASR: 0.1, Lift: 0, Interference: stats.Undefined()}
				if k > 48 || k == 48 && seed%2 == 0 {
					g.Successes, g.ASR, g.Lift = n, 0.9, 0.8
				}
				games = append(games, g)
			}
		}
	}
	diagrams, err := phase.Analyze(games, phase.Options{Resamples: 49})
	require.NoError(t, err)
	return diagrams[0]
}

// write checks that a figure can be written in all formats, and leaves its picture where
// BACKFIRE_FIGURES names a directory.
func write(t *testing.T, f *figures.Figure) {
	t.Helper()
	for _, format := range figures.Formats() {
		var out bytes.Buffer
		require.NoError(t, f.Write(&out, format, figures.Narrow))
		if dir := os.Getenv("BACKFIRE_FIGURES"); dir != "" {
			require.NoError(t, os.WriteFile(filepath.Join(dir, f.Name+"."+string(format)), out.Bytes(), 0o600))
		}
	}
}

func TestMaps(t *testing.T) {
	d := diagram(t)
	published, err := paper.Places(paper.MNIST)
	require.NoError(t, err)
	f, err := charts.Map(d, charts.ASR, published)
	require.NoError(t, err)
	write(t, f)
	require.Len(t, f.Values.Rows, len(d.Cells)+len(d.Curves)+len(published))
	require.Contains(t, f.Alt(), "N = 1, k = 48, ASR, % 50: seeds 6 50 % success undecided.")
	require.Contains(t, f.Alt(), "N = 100, k = 264, ASR, % 28: source later article, table 1.")
	require.Equal(t, "32.8 to 96", strings.Join(f.Values.Rows[15][4:5], ""))
	for _, q := range []charts.Quantity{charts.Success, charts.Lift, charts.Interference} {
		f, err := charts.Map(d, q, published)
		require.NoError(t, err)
		write(t, f)
	}
	_, err = charts.Map(phase.Diagram{}, charts.ASR, nil)
	require.ErrorIs(t, err, figures.ErrEmpty)
}

func TestCurvesHaveTheAnswer(t *testing.T) {
	f, err := charts.Curves(diagram(t), charts.ASR)
	require.NoError(t, err)
	write(t, f)
	require.Contains(t, f.Caption, "Whether the curves of all N coincide within 5 points is undecided")
	require.Len(t, f.Values.Rows, 15)
}

func TestLawFigure(t *testing.T) {
	predictions, err := shares.Predict([]shares.Game{
		{Condition: "per_image", Seed: 1, Attackers: []shares.Attacker{{Target: 1, Poisoned: 48, ASR: 0.45, Single: 0.9}, {ID: 1, Target: 2, Poisoned: 48, ASR: 0.4, Single: 0.9}}},
		{Condition: "per_agent", Seed: 1, Design: 1, Attackers: []shares.Attacker{{Target: 1, Poisoned: 48, ASR: 0.88, Single: 0.9}, {ID: 1, Target: 2, Poisoned: 48, ASR: 0.93, Single: 0.9}}},
	})
	require.NoError(t, err)
	law, err := shares.Test(predictions, 0)
	require.NoError(t, err)
	f, err := charts.Law(predictions, law)
	require.NoError(t, err)
	write(t, f)
	require.Equal(t, []string{"a pattern per image", "50.0", "-45.0"}, f.Values.Rows[0])
	require.Equal(t, "a pattern per attacker", f.Values.Rows[2][0])
	require.Equal(t, []string{"law of shares", "50.0", "-45.0"}, f.Values.Rows[5])
}
