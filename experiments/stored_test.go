package experiments

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMetricsComeBack(t *testing.T) {
	want := []EpochMetrics{
		{Epoch: 1, Loss: 2.25, TrainAccuracy: 1.0 / 3, LearningRate: 1e-7, Seconds: 1.5, ImagesPerSecond: 200.5},
		{Epoch: 2, Loss: 0.1, TrainAccuracy: 1, LearningRate: 0.1, Seconds: 2, ImagesPerSecond: 100},
	}
	record := &Record{Dir: t.TempDir()}
	path := filepath.Join(record.Dir, MetricsFile)
	require.NoError(t, writeMetrics(path, want))
	got, err := record.Metrics()
	require.NoError(t, err)
	require.Equal(t, want, got)

	require.NoError(t, os.WriteFile(path, []byte("epoch,loss,train_accuracy,lr,seconds,images_per_second\n1,x,1,1,1,1\n"), 0o600))
	_, err = record.Metrics()
	require.ErrorContains(t, err, "line 2")
}

func TestSummariesAreFoundAndLoaded(t *testing.T) {
	_, err := ExistingStore(t.TempDir())
	require.ErrorIs(t, err, ErrStore)
	store, err := OpenStore(t.TempDir())
	require.NoError(t, err)
	_, err = store.Summaries("")
	require.ErrorIs(t, err, ErrNoSummary)

	row := func(targets ...int) Row {
		r := Row{N: len(targets), Defender: Undefended, Models: []string{"m"}}
		for _, target := range targets {
			a := RowAttacker{}
			a.Target = target
			r.Attackers = append(r.Attackers, a)
		}
		return r
	}
	origin := &Origin{Kind: "points", Name: "run", Command: "backfire run"}
	run := &Summary{Plan: "aa11", Origin: origin, Seed: 3, Rows: []Row{row(2, 2), row(1, 2)}}
	require.NoError(t, run.Write(context.Background(), store))
	sweep := &SweepSummary{Sweep: "aa22", Points: []PointSummary{{Name: "p", Games: []GameSummary{{Row: row(1)}}}}}
	require.NoError(t, sweep.Write(context.Background(), store))

	view, err := ExistingStore(store.Dir())
	require.NoError(t, err)
	paths, err := view.Summaries("aa")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{run.Path, sweep.Path}, paths)
	paths, err = view.Summaries("aa1")
	require.NoError(t, err)
	require.Equal(t, []string{run.Path}, paths)

	loaded, err := LoadSummary(run.Path)
	require.NoError(t, err)
	require.Equal(t, origin, loaded.Origin)
	require.Equal(t, store.Dir(), loaded.Store)
	require.Len(t, loaded.Points, 1)
	require.Equal(t, uint64(3), loaded.Points[0].Seed)
	require.Equal(t, "list", loaded.Points[0].Labels, "the attackers of the second game want different labels")
	require.Len(t, loaded.Points[0].Games, 2)

	loaded, err = LoadSummary(sweep.Path)
	require.NoError(t, err)
	require.Equal(t, "aa22", loaded.Sweep)
	require.Nil(t, loaded.Origin)
}
