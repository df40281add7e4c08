package worker_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/datasets/testset"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/game"
	"backfire/internal/enginetest"
)

func TestWorkerReportsItsPhases(t *testing.T) {
	cell := enginetest.NewPlan(t).Cells[0]
	hash, err := cell.Hash()
	require.NoError(t, err)
	var kinds []worker.Kind
	var phases []store.Phase
	for _, e := range enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, enginetest.NewTrain(t, cell)) {
		require.Equal(t, hash, e.Cell)
		if e.Kind == worker.KindProgress {
			continue // comes only if an epoch takes long
		}
		kinds = append(kinds, e.Kind)
		if e.Kind == worker.KindPhase {
			phases = append(phases, e.Phase)
		}
		if e.Kind == worker.KindEpoch {
			require.Equal(t, e.Epoch, e.Metrics.Epoch)
			require.Equal(t, 3, e.Epochs)
			require.Equal(t, 320, e.Images)
		}
	}
	require.Equal(t, []worker.Kind{
		worker.KindPhase, worker.KindPhase, worker.KindPhase, worker.KindStarted, worker.KindPhase, worker.KindPhase,
		worker.KindEpoch, worker.KindEpoch, worker.KindEpoch, worker.KindPhase, worker.KindDone,
	}, kinds)
	require.Equal(t, store.Phases(), phases)
}

func TestWorkerKeepsTheDatasetBetweenCells(t *testing.T) {
	plan := enginetest.NewPlan(t)
	loads := 0
	w := &worker.Worker{Engine: enginetest.Engine{}, Load: func(ctx context.Context, src datasets.Source) (*datasets.Set, error) {
		loads++
		return enginetest.Loader(ctx, src)
	}}
	events := enginetest.Work(t, w, enginetest.NewTrain(t, plan.Cells[0]), enginetest.NewTrain(t, plan.Cells[1]), enginetest.NewTrain(t, plan.Cells[2]))
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind)
	require.Equal(t, 1, loads)
}

func TestWorkerEndsWithItsInputEvenInTheMiddleOfACell(t *testing.T) {
	cell := enginetest.NewPlan(t).Cells[0]
	in, orders := io.Pipe()
	ended := make(chan error)
	started := make(chan struct{}, 100)
	go func() {
		worker := &worker.Worker{Engine: enginetest.FaultyEngine{Engine: enginetest.Engine{}, Fault: enginetest.Fault{Kind: "slow", Epoch: 1}}, Load: enginetest.Loader}
		ended <- worker.Run(context.Background(), in, writerFunc(func(data []byte) (int, error) {
			if bytes.Contains(data, []byte(`"train"`)) {
				started <- struct{}{}
			}
			return len(data), nil
		}))
	}()
	require.NoError(t, json.NewEncoder(orders).Encode(worker.Order{Worker: 1, Request: enginetest.NewTrain(t, cell)}))
	<-started
	require.NoError(t, orders.Close())
	require.NoError(t, <-ended)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(data []byte) (int, error) { return f(data) }

func TestWorkerRefusesOtherInput(t *testing.T) {
	for line, cause := range map[string]error{
		"hello\n": nil,
		"{}\n":    worker.ErrRequest,
		`{"worker": 0, "request": "stop", "with": {}}`:  nil,
		`{"worker": 1, "request": "sing", "with": {}}`:  worker.ErrRequest,
		`{"worker": 1, "request": "train"}`:             worker.ErrRequest,
		`{"worker": 1, "request": "train", "with": 17}`: nil,
	} {
		w := &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}
		err := w.Run(context.Background(), bytes.NewBufferString(line), io.Discard)
		require.ErrorContains(t, err, "worker: ", line)
		if cause != nil {
			require.ErrorIs(t, err, cause, line)
		}
	}
}

func TestWorkerEndsWhenItsOutputIsClosed(t *testing.T) {
	in, orders := io.Pipe()
	ended := make(chan error)
	go func() {
		worker := &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}
		ended <- worker.Run(context.Background(), in, writerFunc(func([]byte) (int, error) { return 0, io.ErrClosedPipe }))
	}()
	request := enginetest.NewTrain(t, enginetest.NewPlan(t).Cells[0])
	dir, err := os.MkdirTemp("", "backfire-worker-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // the training may still write into it
	request.Dir = dir
	require.NoError(t, json.NewEncoder(orders).Encode(worker.Order{Worker: 1, Request: request}))
	require.ErrorIs(t, <-ended, io.ErrClosedPipe)
}

func TestWorkerReportsAFailureAndContinues(t *testing.T) {
	plan := enginetest.NewPlan(t)
	impossible := plan.Cells[0]
	impossible.Game.PoolSize = 1
	missing := enginetest.NewTrain(t, plan.Cells[0])
	missing.Dir = filepath.Join(missing.Dir, "nowhere")
	events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, enginetest.NewTrain(t, impossible), missing, enginetest.NewTrain(t, plan.Cells[0]))
	var ends []worker.Event
	for _, e := range events {
		if e.Kind == worker.KindFailed || e.Kind == worker.KindDone {
			ends = append(ends, e)
		}
	}
	require.Len(t, ends, 3)
	require.Contains(t, ends[0].Error, "pool")
	require.Contains(t, ends[1].Error, "nowhere")
	require.Equal(t, worker.KindDone, ends[2].Kind)
}

// The files agree with the game that is dealt again from the cell.
func TestFilesOfAResult(t *testing.T) {
	plan := enginetest.NewPlan(t)
	cell := plan.Cells[len(plan.Cells)-1]
	job := enginetest.NewTrain(t, cell)
	worker := &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader, Program: store.Build{Version: "v9"}}
	enginetest.Work(t, worker, job)

	set, err := testset.New(1)
	require.NoError(t, err)
	g, err := game.New(set, cell.Game)
	require.NoError(t, err)

	var result store.Result
	require.NoError(t, store.ReadJSON(filepath.Join(job.Dir, store.ResultFile), &result))
	require.Equal(t, 320, result.TrainingImages)
	require.Len(t, result.Attackers, 4)
	require.Len(t, result.Cross, 4)
	for i, a := range result.Attackers {
		require.Equal(t, "east", a.Label)
		require.Equal(t, g.Triggers()[i].ID(), a.Trigger)
	}
	require.Greater(t, result.CleanAccuracy.Value(), 0.9, "the classes are easy to tell apart")
	require.False(t, result.Collapsed)

	require.Len(t, result.Provenance.Seconds, len(store.Phases()))
	require.Len(t, result.Provenance.Single, 4)
	var environment store.Environment
	require.NoError(t, store.ReadJSON(filepath.Join(job.Dir, store.EnvironmentFile), &environment))
	require.Equal(t, "v9", environment.Program.Version)
	require.Equal(t, "fake", environment.Engine.Name)

	metrics := enginetest.ReadCSV(t, filepath.Join(job.Dir, store.MetricsFile))
	require.Len(t, metrics, 1+3)
	require.Equal(t, []string{"epoch", "loss", "train_accuracy", "lr", "seconds", "images_per_second"}, metrics[0])
	require.Equal(t, strconv.FormatFloat(result.FinalLoss, 'g', -1, 64), metrics[3][1])

	poison := enginetest.ReadCSV(t, filepath.Join(job.Dir, store.PoisonFile))
	require.Equal(t, []string{"row", "source", "owner", "trigger", "old_label", "new_label", "simulated", "sha256"}, poison[0])
	var stamped [][]string
	training := g.Training()
	for i, row := range training.Rows {
		if row.Trigger != game.NoTrigger {
			var fields []string
			for _, v := range []int{i, row.Source, row.Owner, row.Trigger, int(row.Old), int(row.New)} {
				fields = append(fields, strconv.Itoa(v))
			}
			sum := sha256.Sum256(training.Images[i*64 : (i+1)*64])
			stamped = append(stamped, append(fields, "", hex.EncodeToString(sum[:]))) // nothing is simulated
		}
	}
	require.NotEmpty(t, stamped)
	require.Equal(t, stamped, poison[1:])
}
