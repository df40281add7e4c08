package inference_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/vote"
	"backfire/experiments/inference"
	"backfire/experiments/plan"
	"backfire/game"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// A vote answers as it was measured: each image has the label and the certificate that the ballots of the stored
// models give.
func TestVotesAnswerAsMeasured(t *testing.T) {
	cfg := enginetest.DefendedConfig(t, "none", "vote", "vote(groups=2 rule=run_off)")
	cfg.Attackers.Counts, cfg.Attackers.Singles, cfg.Artefacts.Model = []int{3}, 0, "true"
	st := enginetest.OpenStore(t)
	s, outcome, _ := runtest.RunSweep(t, enginetest.NewSweep(t, plan.SweepPoint{Config: cfg}), st, 1)
	require.Empty(t, outcome.Failed)
	require.NoError(t, s.Write(context.Background(), st))
	client := clientOf(st)
	for _, g := range s.Points[0].Games[1:] {
		d := selected(t, st, s.Sweep, g.Defender)
		require.Len(t, d.Models.Voters(), len(g.Vote.Groups))
		var rankings [][][]uint16 // by probe
		var owned []int
		for i, hash := range g.Models[:len(g.Vote.Groups)] {
			record, err := st.Read(hash)
			require.NoError(t, err)
			ballots, err := record.Ballots()
			require.NoError(t, err)
			for at, probe := range ballots.Probes {
				if i == 0 {
					rankings = append(rankings, nil)
					if probe.Owner == game.Defender {
						owned = append(owned, at)
					}
				}
				rankings[at] = append(rankings[at], ballots.Of(at))
			}
		}
		images, err := client.HeldOut(context.Background(), d, inference.NoTrigger, len(owned))
		require.NoError(t, err)
		predictions, err := client.Answer(context.Background(), d, inference.Query{Images: images})
		require.NoError(t, err)
		for i, p := range predictions {
			want := vote.Count(g.Vote.Rule, rankings[owned[i]])
			require.Equal(t, want, vote.Outcome{Class: p.Label, Agents: p.Vote.Agents})
			require.Equal(t, g.Vote.Rule, p.Vote.Rule)
			require.Nil(t, p.Model)
			votes, share := 0, 0.0
			for class, n := range p.Vote.Votes {
				votes, share = votes+n, share+float64(p.Probabilities[class])
			}
			require.Equal(t, len(g.Vote.Groups), votes)
			require.InDelta(t, 1, share, 1e-6, "rounding of float32")
			require.Regexp(t, `^(majority|run_off) of \d models \(.+\); certified for \d bad agents$`, p.Why)
		}

		agent := 0
		for _, q := range []inference.Query{{Images: images, Agent: &agent}, {Images: images, Guess: true}} {
			_, err := client.Answer(context.Background(), d, q)
			var refused *inference.RequestError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, inference.FieldAgent, refused.Field)
			require.ErrorContains(t, err, "vote on each query")
		}
	}
}
