package summary_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/curve"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// In a game's learning curve each attacker has the rates of the model that answers it, and the
// standard accuracy is over all models that answer. The last point on all images is the game's
// result. A defender that is asked without an index has no curve.
func TestCurvesOfGames(t *testing.T) {
	cfg := enginetest.UnknownConfig(t)
	cfg.Train.ScoreEvery, cfg.Train.ScoreImages, cfg.Train.Epochs = 1, 0, 3
	st := enginetest.OpenStore(t)
	s, _, _ := runtest.RunSweep(t, enginetest.NewSweep(t, plan.SweepPoint{Config: cfg}), st, 1)
	require.True(t, s.HasCurves())
	for _, g := range s.Points[0].Games {
		if len(g.Unknown) > 0 {
			require.Empty(t, g.Curve)
			continue
		}
		require.Len(t, g.Curve, 3, g.Defender)
		answering := map[string]*curve.Curve{}
		for _, a := range g.Attackers {
			record, err := st.Read(a.Model)
			require.NoError(t, err)
			answering[a.Model], err = record.Curve()
			require.NoError(t, err)
		}
		for at, point := range g.Curve {
			require.Equal(t, at+1, point.Epoch)
			var clean game.Rate
			for _, curve := range answering {
				clean.Hits += curve.Points[at].CleanAccuracy.Hits
				clean.Of += curve.Points[at].CleanAccuracy.Of
			}
			require.Equal(t, clean, point.CleanAccuracy)
			for i, a := range g.Attackers {
				require.Equal(t, answering[a.Model].Points[at].Attackers[i], point.Attackers[i])
			}
		}
		last := g.Curve[len(g.Curve)-1]
		require.Equal(t, g.CleanAccuracy, last.CleanAccuracy)
		for i, a := range g.Attackers {
			require.Equal(t, a.ASR, last.Attackers[i].ASR)
			require.Equal(t, a.ID, last.Attackers[i].ID)
		}
	}
}

// A stored result without a curve is not retrained where none is asked for. It is retrained where
// one is, to the same figures, and a coarser request is answered by what is stored.
func TestCurvesAreAskedForLater(t *testing.T) {
	st := enginetest.OpenStore(t)
	run := func(every int) (*summary.Summary, *runner.Outcome) {
		cfg := enginetest.DefendedConfig(t)
		cfg.Train.ScoreEvery, cfg.Train.ScoreImages, cfg.Train.Epochs = every, 5, 4
		sweep := enginetest.NewSweep(t, plan.SweepPoint{Config: cfg})
		r, _ := runtest.NewRunner(st, 1, enginetest.Fault{})
		outcome, err := r.RunSweep(context.Background(), sweep)
		require.NoError(t, err)
		s, err := summary.Summarize(sweep, st)
		require.NoError(t, err)
		return s, outcome
	}
	before, outcome := run(0)
	require.Equal(t, 2, outcome.Trained)
	require.False(t, before.HasCurves())
	for i, step := range []struct{ every, trained int }{{0, 0}, {2, 2}, {4, 0}, {0, 0}, {3, 2}, {1, 0}} {
		s, outcome := run(step.every)
		require.Equal(t, step.trained, outcome.Trained, "every %d", step.every)
		require.Equal(t, before.Sweep, s.Sweep, "a curve is no part of a run's name")
		require.Equal(t, before.Points[0].Games[1].Attackers, s.Points[0].Games[1].Attackers)
		require.Equal(t, i > 0, s.HasCurves(), "a stored curve is shown whether it is asked for or not")
	}
	last, _ := run(1)
	require.Len(t, last.Points[0].Games[1].Curve, 4, "epochs 2 and 3 together take every one")
}
