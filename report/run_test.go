package report

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/report/layout/layouttest"
	"backfire/report/table"
	"backfire/stats"
)

// madeUpGames are made-up games with the given numbers of attackers, of which the first
// singles were also played alone.
func madeUpGames(singles int, counts ...int) []summary.GameSummary {
	rate := func(hits int) game.Rate { return game.Rate{Hits: hits, Of: 240} }
	var games []summary.GameSummary
	for _, n := range counts {
		g := summary.GameSummary{}
		g.N, g.Complete, g.Defender, g.CleanAccuracy, g.Models = n, true, plan.Undefended, rate(180-n), []string{fmt.Sprintf("game-%d", n)}
		var asrs []float64
		for id := range n {
			a := summary.GameAttacker{}
			a.ID, a.Target, a.Label, a.PoisonRate, a.ASR, a.BaseRate = id, 2, "Pullover", 0.2, rate(max(3, 240-7*id-n)), rate(3)
			a.Lift = stats.Number(a.ASR.Value() - a.BaseRate.Value())
			if id < singles {
				single := rate(240 - 2*id)
				lift := stats.Number(single.Value() - a.BaseRate.Value())
				a.SingleASR, a.SingleLift, a.SingleCell = &single, &lift, fmt.Sprintf("single-%d", id)
				if n == 1 {
					a.ASR, a.Lift, g.Cell, g.Models = single, lift, a.SingleCell, []string{a.SingleCell}
				}
			}
			asrs = append(asrs, a.ASR.Value())
			g.Attackers = append(g.Attackers, a)
		}
		g.ASR = stats.Summarize(asrs)
		g.BaseRate, g.Robustness = stats.Summarize([]float64{0.031}), stats.Summarize([]float64{0.0175})
		g.Compare()
		games = append(games, g)
	}
	return games
}

// madeUpRun is the summary of a run with the games, one point for each seed.
func madeUpRun(games []summary.GameSummary, seeds ...uint64) *summary.Summary {
	s := &summary.Summary{Store: "runs"}
	for _, seed := range seeds {
		point := summary.PointSummary{
			Keys: map[string]string{}, Seed: seed, Data: cell.Data{Name: "embedded", Images: 10000}, Pool: 5000,
			Model: cell.Model{Architecture: cell.ResNet18, Width: 8}, Labels: "same",
			Training: cell.Training{Epochs: 6, Batch: 32, Optimizer: "sgd", LearningRate: 0.1, Momentum: 0.9, WeightDecay: 5e-4, Schedule: "onecycle"},
			Readings: cell.Readings{
				TriggerRange: "per_dimension", Sampling: "per_agent", LabelMode: "dirty",
				ExcludeTargetClass: true, Denominator: "own", Seats: 10,
			},
			Games: slices.Clone(games),
		}
		for i := range point.Games {
			point.Games[i].CleanAccuracy.Hits += int(seed) - 1
		}
		if len(seeds) > 1 {
			point.Name = fmt.Sprintf("seed %d", seed)
		}
		s.Points = append(s.Points, point)
	}
	return s
}

// noResult empties a game.
func noResult(g *summary.GameSummary) {
	empty := stats.Summarize(nil)
	*g = summary.GameSummary{GameResult: summary.GameResult{
		N: g.N, Defender: g.Defender, Models: g.Models, ASR: empty, BaseRate: empty, Robustness: empty,
	}}
}

// defendedGames are the games of three defenders, one of them with several models and
// one whose second game is not stored.
func defendedGames() []summary.GameSummary {
	var games []summary.GameSummary
	for i, twin := range madeUpGames(2, 1, 5) {
		twin.Cost.Images, twin.Cost.Undefended = 24000, 24000
		games = append(games, twin)
		for j, name := range []string{"agent_augmentation+adversarial_triggers", "indexing"} {
			g := madeUpGames(2, twin.N)[0]
			g.Defender, g.Models, g.Cost = name, make([]string, 1+j*(twin.N-1)), twin.Cost
			g.Cost.Images = int64(36000 * (1 + 3*i*j))
			g.CleanAccuracy.Hits -= 12
			if i == 1 && j == 0 {
				noResult(&g)
			}
			games = append(games, g)
		}
	}
	return games
}

// The table of a run is at most 80 characters wide. It has each attacker's ASR beside
// its single ASR, and all of it for each defender.
func TestRunsGolden(t *testing.T) {
	odd := madeUpGames(0, 2, 3, 5)
	odd[0].Collapsed = true
	odd[0].Attackers[1].ASR = game.Rate{} // over no images
	noResult(&odd[2])
	for i := range odd[1].Attackers {
		odd[1].Attackers[i].Target, odd[1].Attackers[i].Label = game.TargetLabel(i), []string{"T-shirt/top", "Ankle boot", "Sneaker"}[i]
	}
	odd[0].Attackers = slices.Clone(odd[1].Attackers[:2])
	odd[0].Attackers[1].ASR = game.Rate{}
	oddRun := madeUpRun(odd, 1)
	oddRun.Points[0].Readings.Denominator, oddRun.Points[0].Readings.ExcludeTargetClass = "pooled", false

	nothing := madeUpGames(0, 1)
	noResult(&nothing[0])

	for name, s := range map[string]*summary.Summary{
		"defended": madeUpRun(defendedGames(), 1), "quick": madeUpRun(madeUpGames(5, 1, 2, 5, 10), 1), "hundred": madeUpRun(madeUpGames(100, 1, 100), 1),
		"odd": oddRun, "nothing": madeUpRun(nothing, 1), "seeds": madeUpRun(madeUpGames(2, 1, 2, 5), 1, 2, 3),
	} {
		made, err := New(Points, s, "embedded", Options{Name: "run", Title: "ASR by number of attackers", Preset: "quick"})
		require.NoError(t, err)
		for _, format := range []table.Format{table.FormatText, table.FormatMarkdown} {
			if format != table.FormatText && name != "seeds" {
				continue // one golden file is enough
			}
			t.Run(name+"."+string(format), func(t *testing.T) {
				text := layouttest.Written(t, made, format)
				golden := filepath.Join("testdata", name+"."+string(format))
				if *regen {
					require.NoError(t, os.WriteFile(golden, []byte(text), 0o644))
				}
				want, err := os.ReadFile(golden)
				require.NoError(t, err)
				require.Equal(t, string(want), text)
			})
		}
		for line := range strings.Lines(layouttest.Written(t, made, table.FormatText)) {
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), made.Width, line)
			require.Equal(t, strings.TrimRight(line, " \n")+"\n", line, "no blanks at the end")
		}
	}
}

// A run with matched singles speaks to the claim about backfiring and ends with what was
// found, and with several seeds it has intervals.
func TestRunSpeaksToBackfiring(t *testing.T) {
	made, err := New(Points, madeUpRun(madeUpGames(2, 1, 2, 5), 1, 2, 3), "embedded", Options{})
	require.NoError(t, err)
	require.Len(t, made.Verdicts, 1)
	require.Equal(t, "C1", made.Verdicts[0].Claim)
	require.Len(t, made.Verdicts[0].Seeds, 3)
	require.Contains(t, made.Finding, "Whether five attackers spoil each other is undecided: interference -")
	require.True(t, strings.HasSuffix(strings.Join(strings.Fields(layouttest.Written(t, made, table.FormatText)), " "), made.Finding), "it ends the text")
	require.Equal(t, table.OverSeeds, made.Rows[0].Entries[0].Values[0].CIOver)
	require.Equal(t, []int{0, 1}, made.Lists[1].IDs)
	made, err = New(Points, madeUpRun(madeUpGames(0, 5), 1), "embedded", Options{})
	require.NoError(t, err)
	require.Empty(t, made.Verdicts)
	require.Contains(t, made.Finding, "Among 5 attackers the mean ASR is 92.1 % (95 % CI over images 90 to 94), with a base rate of 3.1 %, on 1 seed; interference")
	require.Equal(t, table.OverImages, made.Rows[0].Entries[0].Values[0].CIOver)
}

// Points that differ in settings that claims do not compare have a table, and settle no
// claim.
func TestPointsThatClaimsCannotTellApart(t *testing.T) {
	points := pointsOfItsOwn()
	for i := range points {
		points[i].defenders = paperDefenders[:1]
	}
	made, err := New(Points, sweep("folder", []uint64{1}, points...), "folder", Options{Name: "mine"})
	require.NoError(t, err)
	require.Empty(t, made.Verdicts)
	require.Contains(t, made.Notes, "The games differ in more than the claims compare, so that none is settled here.")
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }
