package summary

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/enginetest"
	"backfire/internal/jsonfile"
)

func TestSummaryIsStored(t *testing.T) {
	plan, st := enginetest.NewPlan(t), enginetest.OpenStore(t)
	var writers sync.WaitGroup
	errs := make(chan error, 4)
	paths := make(chan string, 4)
	for range 4 {
		writers.Go(func() {
			s, err := Summarize(plan, st)
			if err == nil {
				err = s.Write(context.Background(), st)
				paths <- s.Path
			}
			errs <- err
		})
	}
	writers.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	hash, err := plan.Hash()
	require.NoError(t, err)
	path := <-paths
	require.Equal(t, filepath.Join(st.Dir(), "plans", hash, store.SummaryFile), path)
	var read Summary
	require.NoError(t, jsonfile.Read(path, &read))
	require.Equal(t, hash, read.Plan)
	require.Len(t, read.Missing, 5)
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1)
	enginetest.RequireNoLeftovers(t, st)
}
