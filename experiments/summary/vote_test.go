package summary_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/defenses/vote"
	"backfire/experiments/ballots"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// votePoint returns a point of a game of five seats with votes of both rules.
func votePoint(t *testing.T, defenders ...string) plan.SweepPoint {
	cfg := enginetest.DefendedConfig(t, append([]string{"none"}, defenders...)...)
	cfg.Deal.Seats, cfg.Attackers.Counts, cfg.Attackers.Singles = "5", []int{2}, 0
	return plan.SweepPoint{Config: cfg}
}

// ballotsOf reads the ballots of models.
func ballotsOf(t *testing.T, st *store.Store, models []string) []*ballots.Ballots {
	var all []*ballots.Ballots
	for _, hash := range models {
		record, err := st.Read(hash)
		require.NoError(t, err)
		ballots, err := record.Ballots()
		require.NoError(t, err)
		all = append(all, ballots)
	}
	return all
}

// requireCounted requires the figures of a vote to be those that its ballots give.
func requireCounted(t *testing.T, st *store.Store, g summary.GameSummary) {
	t.Helper()
	ballots := ballotsOf(t, st, g.Models[:len(g.Vote.Groups)])
	for _, v := range g.Vote.Rules {
		certified := map[int]int{} // right answers to clean images, by certificate
		clean, hits := game.Rate{}, make([]game.Rate, g.N)
		for i, probe := range ballots[0].Probes {
			var rankings [][]uint16
			for _, b := range ballots {
				rankings = append(rankings, b.Of(i))
			}
			o := vote.Count(v.Rule, rankings)
			switch {
			case probe.Owner == game.Defender:
				clean.Of++
				if o.Class == int(probe.Label) {
					clean.Hits++
					certified[o.Agents]++
				}
			case probe.Trigger != game.NoTrigger && int(probe.Label) != int(g.Attackers[probe.Owner].Target):
				hits[probe.Owner].Of++
				if o.Class == int(g.Attackers[probe.Owner].Target) {
					hits[probe.Owner].Hits++
				}
			}
		}
		require.Equal(t, clean, v.CleanAccuracy)
		left := clean.Hits
		for agents, c := range v.Certified {
			require.Equal(t, summary.Certified{Agents: agents, Clean: game.Rate{Hits: left, Of: clean.Of}, Robust: c.Robust}, c)
			require.Equal(t, c, v.CertifiedFor(agents))
			left -= certified[agents]
		}
		require.Zero(t, left)
		require.Zero(t, v.CertifiedFor(100).Clean.Hits)
		if v.Rule != g.Vote.Rule {
			continue
		}
		require.Equal(t, clean, g.CleanAccuracy)
		require.Equal(t, clean.Of, g.CleanImages())
		for i, a := range g.Attackers {
			require.Equal(t, hits[i], a.ASR)
			require.Nil(t, a.Randomness)
		}
		require.Equal(t, v.ASR, g.ASR)
	}
}

// The figures of a vote are counted here from the ballots of its models, one image after the other.
func TestVotesAreCounted(t *testing.T) {
	s, outcome, _ := runtest.RunSweep(t, enginetest.NewSweep(t, votePoint(t, "vote(control=true)", "vote(groups=2 rule=run_off)")), enginetest.OpenStore(t), 2)
	require.Empty(t, outcome.Failed)
	st, err := store.OpenExisting(s.Store)
	require.NoError(t, err)
	games := s.Points[0].Games
	require.Len(t, games, 3)
	require.Nil(t, games[0].Vote)
	for _, g := range games[1:] {
		require.True(t, g.Complete)
		requireCounted(t, st, g)
	}
	require.Equal(t, 5, games[1].Cost.Models, "the control is no cost of the defender's")
	require.Equal(t, 2, games[1].Vote.Control.Attackers)
	require.Equal(t, 2, games[1].Vote.Control.Groups)
	require.Nil(t, games[2].Vote.Control)

	compared, left, err := s.CompareResults(st)
	require.NoError(t, err)
	require.Equal(t, []int{3, 0}, []int{compared, left})
	s.Points[0].Games[1].Vote.Rules[1].Certified[0].Clean.Hits++
	_, _, err = s.CompareResults(st)
	require.ErrorIs(t, err, summary.ErrOtherFigures)
}

// Whatever colluders, attackers on their own and ones that poison nearly everything send, no answer changes whose
// certificate covers them, neither that of the game without poison nor that of the game as played.
func TestNoAttackBeatsACertificate(t *testing.T) {
	covered, changed, games := 0, 0, 0
	rapid.Check(t, func(r *rapid.T) {
		if games++; games > 6 {
			return // each trains about a dozen models
		}
		own := rapid.Bool().Draw(r, "own")
		point := votePoint(t, fmt.Sprintf("vote(control=true own=%v groups=%d)", own, rapid.SampledFrom([]int{0, 3, 5}).Draw(r, "groups")))
		c := &point.Config
		c.Seed, c.Train.Epochs = rapid.Uint64Range(0, 1000).Draw(r, "seed"), 1
		n := rapid.IntRange(1, 4).Draw(r, "attackers")
		c.Attackers.Counts = []int{n}
		rate := rapid.SampledFrom([]float64{0.2, 0.9, 1}).Draw(r, "p")
		c.Attackers.P0, c.Attackers.P1, c.Attackers.P2 = &rate, &rate, &rate
		if rapid.Bool().Draw(r, "escalates") {
			c.Attackers.Rates = []float64{0.9}
		}
		c.Attackers.Labels = rapid.SampledFrom([]string{"same", "random"}).Draw(r, "labels")
		for i := range n {
			if i > 0 && rapid.Bool().Draw(r, "colludes") {
				c.Attackers.Colluders = append(c.Attackers.Colluders, fmt.Sprintf("%d=0", i))
			}
		}
		s, outcome, _ := runtest.RunSweep(t, enginetest.NewSweep(t, point), enginetest.OpenStore(t), 1)
		require.Empty(t, outcome.Failed)
		v := s.Points[0].Games[1].Vote
		require.LessOrEqual(t, v.Control.Groups, v.Control.Attackers)
		for i, rule := range vote.Rules() {
			o := v.Control.Rules[i]
			require.Equal(t, rule, o.Rule)
			require.Zero(t, o.Broken, "%s", rule)
			for _, row := range o.Changed {
				if row.Agents >= v.Control.Groups {
					covered += row.Clean.Of + row.Triggered.Of
					require.Zero(t, row.Clean.Hits+row.Triggered.Hits)
				}
				changed += row.Clean.Hits + row.Triggered.Hits
			}
			// What is certified without poison is what the attacked vote reaches at least.
			certified := o.CertifiedFor(v.Control.Groups)
			require.GreaterOrEqual(t, v.By(rule).CleanAccuracy.Hits, certified.Clean.Hits)
			require.GreaterOrEqual(t, v.By(rule).CertifiedFor(0).Robust.Hits, certified.Robust.Hits)
		}
	})
	require.Positive(t, covered)
	require.Positive(t, changed, "some attack changed answers")
}

// A vote whose models were stored without their ballots is not complete. The ballots come from the stored model, or
// from another training.
func TestVotesWaitForBallots(t *testing.T) {
	for _, model := range []string{"true", "false"} {
		t.Run("artefacts.model="+model, func(t *testing.T) { withoutBallots(t, model) })
	}
}

func withoutBallots(t *testing.T, model string) {
	t.Helper()
	point := votePoint(t, "vote(groups=2)")
	point.Config.Artefacts.Model = model
	sweep := enginetest.NewSweep(t, point)
	s, _, _ := runtest.RunSweep(t, sweep, enginetest.OpenStore(t), 1)
	g := s.Points[0].Games[1]
	require.True(t, g.Complete)
	st, err := store.OpenExisting(s.Store)
	require.NoError(t, err)
	for _, name := range []string{ballots.RankingsFile, ballots.ProbesFile, store.ManifestFile} {
		require.NoError(t, os.Remove(filepath.Join(st.Path(g.Models[1]), name)))
	}
	require.NoError(t, enginetest.WriteManifest(st.Path(g.Models[1]), g.Models[1]))
	lacking, err := summary.Summarize(sweep, st)
	require.NoError(t, err)
	require.False(t, lacking.Points[0].Games[1].Complete)
	require.Empty(t, lacking.Points[0].Games[1].Attackers)
	_, left, err := s.CompareResults(st)
	require.NoError(t, err)
	require.Equal(t, 1, left)
	again, outcome, _ := runtest.RunSweep(t, sweep, st, 1)
	require.Empty(t, outcome.Failed)
	g.TrainSeconds, again.Points[0].Games[1].TrainSeconds = 0, 0
	require.Equal(t, g, again.Points[0].Games[1])
}
