package worker_test

import (
	"context"
	"encoding/json"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
)

// threadedEngine is the fake engine, whose models wait for word before each epoch and note the
// threads that they are given.
type threadedEngine struct {
	enginetest.Engine
	next chan struct{}
	set  *[]int
}

func (e threadedEngine) NewModel(opt worker.ModelOptions) (worker.TrainedModel, error) {
	m, err := e.Engine.NewModel(opt)
	return threadedModel{m, e}, err
}

type threadedModel struct {
	worker.TrainedModel
	engine threadedEngine
}

func (m threadedModel) Epoch(order []int32, onBatch func(int) error) (worker.EpochStats, error) {
	<-m.engine.next
	return m.TrainedModel.Epoch(order, onBatch)
}

func (m threadedModel) SetThreads(n int) error {
	*m.engine.set = append(*m.engine.set, n)
	return m.TrainedModel.SetThreads(n)
}

// threadsOf trains a cell of three epochs, with an order for two threads while the first one runs, and
// for three in the second, and returns the threads that the model was given.
func threadsOf(t *testing.T, c cell.Cell) []int {
	t.Helper()
	var set []int
	engine := threadedEngine{next: make(chan struct{}, 3), set: &set}
	in, orders := io.Pipe()
	eventsIn, out := io.Pipe()
	ended := make(chan error)
	w := &worker.Worker{Engine: engine, Load: enginetest.Loader}
	go func() { ended <- w.Run(context.Background(), in, out) }()
	send, receive := json.NewEncoder(orders), json.NewDecoder(eventsIn)
	order := func(request worker.Request) {
		require.NoError(t, send.Encode(worker.Order{Worker: 1, Request: request}))
	}
	order(worker.Threads{Threads: 7}) // there is no training yet
	order(enginetest.NewTrain(t, c))
	for {
		var e worker.Event
		require.NoError(t, receive.Decode(&e))
		switch {
		case e.Kind == worker.KindStarted:
			order(worker.Threads{Threads: 2})
			order(worker.Threads{Threads: 2}) // is read after the one before was obeyed
			engine.next <- struct{}{}
		case e.Kind == worker.KindEpoch && e.Epoch == 1:
			order(worker.Threads{Threads: 3})
			order(worker.Threads{Threads: 3})
			engine.next <- struct{}{}
		case e.Kind == worker.KindEpoch && e.Epoch == 2:
			engine.next <- struct{}{}
		case e.Kind == worker.KindFailed:
			require.Fail(t, e.Error)
		case e.Kind == worker.KindDone:
			require.NoError(t, orders.Close())
			require.NoError(t, <-ended)
			return set
		}
	}
}

// A training gets the threads that are ordered, from its next epoch on; one whose bits depend on their
// number keeps those of its request.
func TestThreadsOfARunningTraining(t *testing.T) {
	c := enginetest.NewPlan(t).Cells[0]
	require.True(t, c.Native())
	set := threadsOf(t, c)
	require.NotEmpty(t, set)
	require.Subset(t, []int{2, 3}, set)
	require.IsNonDecreasing(t, set)
	c.Training.Kernels = cell.KernelsDirect
	require.Empty(t, threadsOf(t, c))
}
