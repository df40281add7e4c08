package worker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/defenses/detect"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
	"backfire/internal/jsonfile"
)

// Each request is the same after it went over the wire, on one line.
func TestOrdersRoundTrip(t *testing.T) {
	setup := worker.Setup{Cell: enginetest.DefendedCell(), Device: "cuda:1", Threads: 3}
	source := datasets.Source{Name: "mnist", Path: "elsewhere", Split: "train"}
	id := 4
	for kind, request := range map[string]worker.Request{
		"train": worker.Train{
			Setup: setup, Source: source, Weights: "weights", Dir: "dir", Artefacts: store.Artefacts{Model: true},
			Checkpoint: "checkpoint", States: "states", SavesState: true,
		},
		"measure": worker.Measure{Setup: setup},
		"predict": worker.Predict{Setup: setup, Source: source, Dir: "dir", Model: "model", Divergences: true},
		"query": worker.Query{
			Setup: setup, Source: source, Dir: "dir", Model: "model", Images: "images",
			Similarity: detect.Methods()[0], Batch: true, Unlearn: &id,
		},
		"prepare": worker.Prepare{Cell: setup.Cell, Source: source, Place: 2},
		"stop":    worker.Stop{},
	} {
		line, err := json.Marshal(worker.Order{Worker: 2, Request: request})
		require.NoError(t, err)
		require.NotContains(t, string(line), "\n")
		require.Contains(t, string(line), `"request":"`+kind+`"`)
		var order worker.Order
		require.NoError(t, json.Unmarshal(line, &order))
		require.Equal(t, worker.Order{Worker: 2, Request: request}, order)
	}
}

func TestOrderWithoutARequestIsNotSent(t *testing.T) {
	_, err := json.Marshal(worker.Order{Worker: 1})
	require.ErrorIs(t, err, worker.ErrRequest)
}

// A stopped measurement ends with a failure, as any request that is stopped; a worker without a
// request ignores a stop.
func TestStopEndsAMeasurement(t *testing.T) {
	setup := enginetest.NewTrain(t, enginetest.NewPlan(t).Cells[0]).Setup
	var orders bytes.Buffer
	send := json.NewEncoder(&orders)
	for _, request := range []worker.Request{worker.Stop{}, worker.Measure{Setup: setup}, worker.Stop{}} {
		require.NoError(t, send.Encode(worker.Order{Worker: 1, Request: request}))
	}
	in, inEnd := newPipe(t)
	out, outEnd := newPipe(t)
	go func() {
		w := &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}
		_ = w.Run(context.Background(), in, outEnd)
		_ = outEnd.Close()
	}()
	_, err := inEnd.Write(orders.Bytes())
	require.NoError(t, err)
	var e worker.Event
	require.NoError(t, json.NewDecoder(out).Decode(&e))
	require.Equal(t, worker.KindFailed, e.Kind)
	require.True(t, strings.HasSuffix(e.Error, context.Canceled.Error()), e.Error)
	require.NoError(t, inEnd.Close())
}

// newPipe returns the ends of a pipe of the system, which keeps what is written until it is read.
func newPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r, w
}

// A stored model answers a query with the probability of each class.
func TestQueryAnswersWithProbabilities(t *testing.T) {
	request := enginetest.NewTrain(t, enginetest.NewPlan(t).Cells[0])
	request.Artefacts.Model = true
	w := &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}
	enginetest.Work(t, w, request)
	images := filepath.Join(t.TempDir(), "images.bin")
	require.NoError(t, os.WriteFile(images, make([]uint8, 2*64), disk.FileMode))
	query := worker.Query{Setup: request.Setup, Dir: t.TempDir(), Model: filepath.Join(request.Dir, store.ModelFile), Images: images}
	events := enginetest.Work(t, w, query)
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
	var answers worker.Answers
	require.NoError(t, jsonfile.Read(filepath.Join(query.Dir, worker.AnswersFile), &answers))
	require.Len(t, answers.Probabilities, 2)
	require.Len(t, answers.Probabilities[0], 4)
	require.Empty(t, answers.Similarities)
}
