package inference_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/inference"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m, nil)) }

// command is the command that the store's run records.
const command = "backfire run --attackers=3"

// played is the store that storeOf copies.
var played enginetest.OnceDir

// storeOf returns a store with a game of three attackers, without a defense and with
// three kinds of indexing, and the hash of its run. The fake engine trains it once; each
// test has a copy that it may change.
func storeOf(t *testing.T) (*store.Store, string) {
	t.Helper()
	filled, err := played.Path(func(dir string) error {
		st, err := store.Open(dir)
		require.NoError(t, err)
		sweep, err := plan.NewSweep(context.Background(), []plan.SweepPoint{{Config: enginetest.UnknownConfig(t)}}, enginetest.Loader)
		require.NoError(t, err)
		r, _ := runtest.NewRunner(st, 1, enginetest.Fault{})
		r.Artefacts = store.Artefacts{Model: true}
		_, err = r.Run(context.Background(), sweep.Cells)
		require.NoError(t, err)
		s, err := summary.Summarize(sweep, st)
		require.NoError(t, err)
		require.Empty(t, s.Missing)
		s.Origin = &summary.Request{Kind: "points", Name: "run", Command: command}
		return s.Write(context.Background(), st)
	})
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "runs")
	require.NoError(t, os.CopyFS(dir, os.DirFS(filled)))
	st, err := store.Open(dir)
	require.NoError(t, err)
	paths, err := st.Summaries("")
	require.NoError(t, err)
	require.Len(t, paths, 1)
	return st, filepath.Base(filepath.Dir(paths[0]))
}

// clientOf returns a client that asks the models of a store by the fake engine.
func clientOf(st *store.Store) *inference.Client {
	return &inference.Client{StoredModels: inference.StoredModels{
		Store: st, Load: enginetest.Loader, Command: enginetest.Command(enginetest.Fault{}),
		Device: func(context.Context) (string, error) { return "cpu", nil },
	}}
}

// selected selects a defender of the store's only run.
func selected(t *testing.T, st *store.Store, run, defender string) *inference.Defender {
	t.Helper()
	d, err := inference.Select(st, inference.Selection{Run: run, Defender: defender})
	require.NoError(t, err)
	return d
}

// modelOf returns the hash of a stored model whose title contains text.
func modelOf(t *testing.T, st *store.Store, text string) string {
	t.Helper()
	hashes, err := st.Hashes()
	require.NoError(t, err)
	for _, hash := range hashes {
		record, err := st.Glance(hash)
		require.NoError(t, err)
		if strings.Contains(record.Cell.Title(), text) {
			return hash
		}
	}
	require.Fail(t, "no model", text)
	return ""
}

// undefended is the name of the defender without a defense.
const undefended = plan.Undefended
