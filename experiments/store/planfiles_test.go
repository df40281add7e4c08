package store_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/enginetest"
)

func TestPlanFilesAreReplacedAsAWhole(t *testing.T) {
	st := enginetest.OpenStore(t)
	for _, text := range []string{"one", "two"} {
		path, err := st.WritePlanFile(context.Background(), "plan", "file.json", []byte(text))
		require.NoError(t, err)
		require.Equal(t, filepath.Join(st.PlanDir("plan"), "file.json"), path)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, text, string(data))
	}
	enginetest.RequireNoLeftovers(t, st)
}

func TestWritePlanFileWaitsUntilItsContextEnds(t *testing.T) {
	st := enginetest.OpenStore(t)
	claim, err := st.Claim("plan")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err = st.WritePlanFile(ctx, "plan", "file.json", nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, claim.Release())
	require.NoDirExists(t, st.PlanDir("plan"))
}

func TestSummariesAreListedByAge(t *testing.T) {
	st := enginetest.OpenStore(t)
	_, err := st.Summaries("")
	require.ErrorIs(t, err, store.ErrNoSummary)
	var paths []string
	for i, file := range []string{"ab/" + store.SweepFile, "aa/" + store.SummaryFile, "ac/" + store.SweepFile} {
		plan, name := filepath.Split(filepath.FromSlash(file))
		path, err := st.WritePlanFile(context.Background(), filepath.Clean(plan), name, []byte("{}"))
		require.NoError(t, err)
		written := time.Now().Add(time.Duration(i-10) * time.Hour)
		require.NoError(t, os.Chtimes(path, written, written))
		paths = append(paths, path)
	}
	all, err := st.Summaries("a")
	require.NoError(t, err)
	require.Equal(t, paths, all)
	one, err := st.Summaries("aa")
	require.NoError(t, err)
	require.Equal(t, paths[1:2], one)
	_, err = st.Summaries("b")
	require.ErrorIs(t, err, store.ErrNoSummary)
}
