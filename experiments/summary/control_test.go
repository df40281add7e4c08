package summary_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
	"backfire/stats"
)

// The models that leave out an honest contributor are a control: its figures are over all
// attackers, and those of the game are over the models that answer attackers.
func TestHonestControl(t *testing.T) {
	cfg := enginetest.DefendedConfig(t, "indexing")
	cfg.Deal.Seats, cfg.Attackers.Counts, cfg.Attackers.Singles = "4", []int{2}, 0
	cfg.Defenses.Set("indexing.honest", true)
	sweep := enginetest.NewSweep(t, plan.SweepPoint{Config: cfg})
	s, st := runtest.StoredSummary(t, sweep)
	twin, indexed := s.Points[0].Games[0], s.Points[0].Games[1]
	require.Nil(t, twin.HonestControl)
	require.Len(t, indexed.Models, 4)
	want := summary.HonestControl{Models: 2}
	var asrs, lifts []float64
	clean := game.Rate{}
	for i, hash := range indexed.Models {
		record, err := st.Read(hash)
		require.NoError(t, err)
		if i < 2 {
			clean.Hits, clean.Of = clean.Hits+record.Result.CleanAccuracy.Hits, clean.Of+record.Result.CleanAccuracy.Of
			continue
		}
		asrs, lifts = append(asrs, float64(record.Result.ASR.Mean)), append(lifts, float64(record.Result.Lift.Mean))
		want.CleanAccuracy.Hits += record.Result.CleanAccuracy.Hits
		want.CleanAccuracy.Of += record.Result.CleanAccuracy.Of
		want.Collapsed = want.Collapsed || record.Result.Collapsed
	}
	want.ASR, want.Lift = stats.Summarize(asrs).Mean, stats.Summarize(lifts).Mean
	require.Equal(t, &want, indexed.HonestControl)
	require.Equal(t, clean, indexed.CleanAccuracy)
	require.Equal(t, clean.Of/2, indexed.CleanImages())
}
