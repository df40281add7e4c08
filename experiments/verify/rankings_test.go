package verify_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/ballots"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/experiments/verify"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// votedStore returns a store with the models of a vote, which it keeps, and its summary.
func votedStore(t *testing.T) (*store.Store, *summary.Summary) {
	t.Helper()
	cfg := enginetest.DefendedConfig(t, "vote(groups=2 control=true)")
	cfg.Attackers.Counts, cfg.Attackers.Singles, cfg.Artefacts.Model = []int{2}, 0, "true"
	st := enginetest.OpenStore(t)
	s, outcome, _ := runtest.RunSweep(t, enginetest.NewSweep(t, plan.SweepPoint{Config: cfg}), st, 1)
	require.Empty(t, outcome.Failed)
	return st, s
}

func TestVerifyDerivesRankingsAgain(t *testing.T) {
	st, s := votedStore(t)
	hash := s.Points[0].Games[1].Models[0]
	require.Empty(t, failing(t, st, hash))
	for name, forge := range map[string]forge{
		"order of other classes": forgeBytes(ballots.RankingsFile, func(data []byte) { data[1], data[2] = data[2], data[1] }),
		"first class":            forgeBytes(ballots.RankingsFile, func(data []byte) { data[0], data[1] = data[1], data[0] }),
		"owner": func(t *testing.T, dir string) {
			replace(t, filepath.Join(dir, ballots.ProbesFile), "0,defender", "0,0")
		},
		"trigger": func(t *testing.T, dir string) { replace(t, filepath.Join(dir, ballots.ProbesFile), ",1,1,", ",1,0,") },
	} {
		t.Run(name, func(t *testing.T) {
			changed := filepath.Join(t.TempDir(), "runs")
			require.NoError(t, os.CopyFS(changed, os.DirFS(st.Dir())))
			copied, err := store.Open(changed)
			require.NoError(t, err)
			forge(t, copied.Path(hash))
			rewriteManifest(t, copied, hash)
			failed := failing(t, copied, hash)
			require.Contains(t, failed, "rankings")
			require.Len(t, failed, 1, "%v", failed)
		})
	}
}

// The summary of a vote is counted again from the ballots.
func TestVerifyCountsVotesAgain(t *testing.T) {
	st, s := votedStore(t)
	require.NoError(t, s.Write(t.Context(), st))
	check := verify.Summary(st, s.Path)
	require.NoError(t, check.Err)
	require.Equal(t, "2 games have the figures of their results", check.Note)
}
