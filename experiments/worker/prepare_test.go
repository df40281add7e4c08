package worker_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
)

// preparing returns a worker that counts the times that it loads a dataset.
func preparing() (w *worker.Worker, loads *int) {
	loads = new(int)
	return &worker.Worker{Engine: enginetest.Engine{}, Load: func(ctx context.Context, source datasets.Source) (*datasets.Set, error) {
		*loads++
		return enginetest.Loader(ctx, source)
	}}, loads
}

// requirePlayed requires that a request was carried out to the bytes of a worker that prepares
// nothing.
func requirePlayed(t *testing.T, job worker.Train) {
	t.Helper()
	require.Equal(t, enginetest.CellFiles(t, enginetest.TrainCell(t, enginetest.Engine{}, job.Cell)), enginetest.CellFiles(t, job.Dir))
}

// Cells that are prepared, cells that are prepared and not trained, and cells that are trained
// without being prepared have the same bytes, and the dataset is loaded once.
func TestPreparedCellsAreTheSame(t *testing.T) {
	plans := [][]cell.Cell{enginetest.NewPlan(t).Cells, enginetest.DefendedPlan(t, enginetest.UnknownConfig(t)).Cells}
	for _, cells := range plans {
		w, loads := preparing()
		first, second, third := enginetest.NewTrain(t, cells[0]), enginetest.NewTrain(t, cells[1]), enginetest.NewTrain(t, cells[2])
		prepare := func(place int, c cell.Cell) worker.Prepare { return worker.Prepare{Cell: c, Place: place} }
		events := enginetest.Work(t, w, first, prepare(1, cells[2]), prepare(2, cells[0]), prepare(1, cells[1]), second)
		require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
		hash, err := cells[0].Hash()
		require.NoError(t, err)
		require.Equal(t, map[int]string{2: hash}, w.Prepared(), "the place of the cell that was trained is free")
		events = enginetest.Work(t, w, third)
		require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
		require.Equal(t, map[int]string{2: hash}, w.Prepared())
		for _, job := range []worker.Train{first, second, third} {
			requirePlayed(t, job)
		}
		require.Equal(t, 1, *loads)
	}
}

// A process prepares nothing from a dataset that it has not loaded, and drops what it has prepared
// from one that makes room for another.
func TestPreparingLoadsNoDataset(t *testing.T) {
	w, loads := preparing()
	cells := enginetest.NewPlan(t).Cells
	job := enginetest.NewTrain(t, cells[0])
	events := enginetest.Work(t, w, worker.Prepare{Cell: cells[1], Place: 1}, worker.Prepare{Cell: cells[0], Place: 2}, job)
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
	require.Equal(t, 1, *loads)
	requirePlayed(t, job)
	enginetest.Work(t, w, worker.Prepare{Cell: cells[1], Place: 1})
	require.Len(t, w.Prepared(), 1)
	other := enginetest.NewTrain(t, cells[1])
	other.Source.Path = "elsewhere"
	enginetest.Work(t, w, other)
	require.Equal(t, 2, *loads)
	require.Empty(t, w.Prepared())
}

// A cell that cannot be dealt fails when it is to be trained, with the same reason as without
// preparing it.
func TestCellThatCannotBePrepared(t *testing.T) {
	w, _ := preparing()
	cells := enginetest.NewPlan(t).Cells
	impossible := cells[1]
	impossible.Game.PoolSize = 1
	want := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, enginetest.NewTrain(t, impossible))
	job := enginetest.NewTrain(t, cells[0])
	events := enginetest.Work(t, w, enginetest.NewTrain(t, cells[2]), worker.Prepare{Cell: impossible, Place: 1}, enginetest.NewTrain(t, impossible))
	require.Equal(t, worker.KindFailed, events[len(events)-1].Kind)
	require.Equal(t, want[len(want)-1], events[len(events)-1])
	events = enginetest.Work(t, w, job)
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
	requirePlayed(t, job)
}
