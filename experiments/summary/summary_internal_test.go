package summary

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/store"
	"backfire/internal/enginetest"
)

func TestWritersOfOneSummary(t *testing.T) {
	sweep, st := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(*config.Config) {})), enginetest.OpenStore(t)
	var writers sync.WaitGroup
	errs := make(chan error, 4)
	paths := make(chan string, 4)
	for range 4 {
		writers.Go(func() {
			s, err := Summarize(sweep, st)
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
	hash, err := sweep.Hash()
	require.NoError(t, err)
	path := <-paths
	require.Equal(t, filepath.Join(st.Dir(), "plans", hash, store.SweepFile), path)
	var read Summary
	require.NoError(t, store.ReadJSON(path, &read))
	require.Equal(t, hash, read.Sweep)
	require.Len(t, read.Missing, 5)
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1)
	enginetest.RequireNoLeftovers(t, st)
}
