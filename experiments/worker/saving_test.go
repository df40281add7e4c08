package worker_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// longTraining returns a request for a training of some epochs with checkpoints, and the hash of its
// cell.
func longTraining(t *testing.T, epochs int) (worker.Train, string) {
	t.Helper()
	c := enginetest.NewPlan(t).Cells[0]
	c.Training.Epochs = epochs
	hash, err := c.Hash()
	require.NoError(t, err)
	job := enginetest.NewTrain(t, c)
	job.Checkpoint = filepath.Join(t.TempDir(), store.CheckpointFile)
	return job, hash
}

// machineOf returns the machine of the trainings of the fake engine.
func machineOf(t *testing.T, job worker.Train) store.Machine {
	t.Helper()
	info, err := enginetest.Engine{}.Describe(job.Device)
	require.NoError(t, err)
	environment := store.NewEnvironment(job.Device, job.Threads, job.Cell.Precision(), store.Build{}, info)
	environment.Kernels, environment.Foreign = job.Cell.Training.Kernels, job.Cell.Foreign()
	return environment.Machine()
}

// states returns the states of a training after its epochs, by their number.
func states(t *testing.T, c cell.Cell) map[int]worker.State {
	t.Helper()
	job := enginetest.NewTrain(t, c)
	job.Checkpoint = filepath.Join(t.TempDir(), store.CheckpointFile)
	hash, err := c.Hash()
	require.NoError(t, err)
	all := map[int]worker.State{}
	w := &worker.Worker{Load: enginetest.Loader}
	w.Engine = settling{Engine: enginetest.Engine{}, settled: func() {
		w.WaitForCheckpoints()
		if kept, err := worker.ReadCheckpoint(job.Checkpoint, hash, machineOf(t, job)); err == nil {
			all[kept.Epochs()] = kept.State()
		}
	}}
	events := enginetest.Work(t, w, job)
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
	require.Len(t, all, c.Training.Epochs-1)
	return all
}

// settling is an engine that calls a function before each epoch.
type settling struct {
	worker.Engine
	settled func()
}

func (e settling) NewModel(opt worker.ModelOptions) (worker.TrainedModel, error) {
	model, err := e.Engine.NewModel(opt)
	return settlingModel{model, e.settled}, err
}

type settlingModel struct {
	worker.TrainedModel
	settled func()
}

func (m settlingModel) Epoch(order []int32, onBatch func(int) error) (worker.EpochStats, error) {
	m.settled()
	return m.TrainedModel.Epoch(order, onBatch)
}

// The epochs go on while a checkpoint is being written, and the result is that of a training without
// checkpoints. When the writer proceeds, it writes the newest snapshot, and those between are never
// written.
func TestTrainingGoesOnWhileACheckpointIsWritten(t *testing.T) {
	const epochs = 6
	job, _ := longTraining(t, epochs)
	var written []int
	begun, proceed := make(chan struct{}), make(chan struct{})
	reported := make(chan struct{})
	in, orders := io.Pipe()
	events, out := io.Pipe()
	w := &worker.Worker{Load: enginetest.Loader, Checkpointing: func(_ string, epochs int, drafted bool) {
		if !drafted {
			if written = append(written, epochs); len(written) == 1 {
				close(begun)
			}
			<-proceed
		}
	}}
	trained := 0
	w.Engine = settling{Engine: enginetest.Engine{}, settled: func() {
		if trained++; trained == 2 {
			<-begun // otherwise the second checkpoint might take the first one's place
		}
	}}
	ended := make(chan error)
	go func() { ended <- w.Run(t.Context(), in, out) }()
	require.NoError(t, json.NewEncoder(orders).Encode(worker.Order{Worker: 1, Request: job}))
	go func() {
		last := 0
		for decoder := json.NewDecoder(events); ; {
			var e worker.Event
			if err := decoder.Decode(&e); err != nil || e.Kind == worker.KindDone || e.Kind == worker.KindFailed {
				close(reported)
				return
			}
			if e.Kind == worker.KindEpoch {
				last = e.Epoch
			}
			if last == epochs && e.Kind == worker.KindEpoch {
				close(proceed) // all epochs are trained, while the first checkpoint is not written
			}
		}
	}()
	<-reported
	require.NoError(t, orders.Close())
	require.NoError(t, <-ended)
	require.Equal(t, []int{1, epochs - 1}, written)
	require.Equal(t, enginetest.CellFiles(t, enginetest.TrainCell(t, enginetest.Engine{}, job.Cell)), enginetest.CellFiles(t, job.Dir))
}

// Whenever a checkpoint is looked at, it is whole and holds the state after one of the epochs, and
// never an earlier one than before.
func TestCheckpointOnDiskIsAlwaysThatOfAnEpoch(t *testing.T) {
	const epochs = 8
	job, hash := longTraining(t, epochs)
	want := states(t, job.Cell)
	machine := machineOf(t, job)
	var looked sync.Mutex
	last := 0
	look := func() {
		looked.Lock()
		defer looked.Unlock()
		if _, err := os.Stat(job.Checkpoint); os.IsNotExist(err) {
			require.Zero(t, last)
			return
		}
		kept, err := worker.ReadCheckpoint(job.Checkpoint, hash, machine)
		require.NoError(t, err)
		require.Equal(t, want[kept.Epochs()], kept.State())
		require.GreaterOrEqual(t, kept.Epochs(), last)
		last = kept.Epochs()
	}
	w := &worker.Worker{Load: enginetest.Loader, Checkpointing: func(string, int, bool) { look() }}
	w.Engine = settling{Engine: enginetest.Engine{}, settled: look}
	events := enginetest.Work(t, w, job)
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
	look()
	require.Equal(t, epochs-1, last, "the last snapshot is written before the result")
}

// A checkpoint that cannot be written fails the training with the reason, as at its next checkpoint
// or, at the latest, before its result.
func TestCheckpointThatCannotBeWritten(t *testing.T) {
	for _, epochs := range []int{2, 5} {
		job, _ := longTraining(t, epochs)
		job.Checkpoint = filepath.Join(filepath.Dir(job.Checkpoint), "gone", store.CheckpointFile)
		events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, job)
		last := events[len(events)-1]
		require.Equal(t, worker.KindFailed, last.Kind)
		require.Contains(t, last.Error, "worker: write checkpoint: ")
		require.False(t, last.Final)
		require.False(t, last.Stopped)
		require.NoFileExists(t, filepath.Join(job.Dir, store.ResultFile))
	}
}

// haltedTraining is a training in this process whose checkpoints are not written until proceed is
// closed.
type haltedTraining struct {
	send           *json.Encoder // of orders
	orders         io.Closer
	events         chan worker.Event // ends of epochs and of the training; none is ahead of the test
	begun, proceed chan struct{}     // begun is closed when the first checkpoint would be written
	ended          chan error        // of Worker.Run
}

// newHaltedTraining starts a training with a fault.
func newHaltedTraining(t *testing.T, job worker.Train, fault enginetest.Fault) *haltedTraining {
	t.Helper()
	in, orders := io.Pipe()
	events, out := io.Pipe()
	h := &haltedTraining{
		send: json.NewEncoder(orders), orders: orders, events: make(chan worker.Event),
		begun: make(chan struct{}), proceed: make(chan struct{}), ended: make(chan error, 1),
	}
	var once sync.Once
	w := &worker.Worker{Engine: enginetest.FaultyEngine{Engine: enginetest.Engine{}, Fault: fault}, Load: enginetest.Loader}
	w.Checkpointing = func(string, int, bool) {
		once.Do(func() { close(h.begun) })
		<-h.proceed
	}
	go func() {
		h.ended <- w.Run(t.Context(), in, out)
		_ = out.Close()
	}()
	require.NoError(t, h.send.Encode(worker.Order{Worker: 1, Request: job}))
	go func() {
		defer close(h.events)
		for decoder := json.NewDecoder(events); ; {
			var e worker.Event
			if decoder.Decode(&e) != nil {
				return
			}
			if e.Kind == worker.KindEpoch || e.Kind == worker.KindFailed {
				h.events <- e
			}
		}
	}()
	return h
}

// A training that fails, or is told to stop, reports its end once its last snapshot is written, and
// a process whose orders end does so before it ends.
func TestEndsWaitForCheckpoints(t *testing.T) {
	for _, end := range []string{"failure", "stop", "end of orders"} {
		t.Run(end, func(t *testing.T) {
			job, hash := longTraining(t, 1000)
			fault := enginetest.Fault{}
			if end == "failure" {
				fault = enginetest.Fault{Kind: "fail", Epoch: 3}
			}
			h := newHaltedTraining(t, job, fault)
			<-h.begun
			least := 0
			for e := range h.events { // the second epoch ends while the first checkpoint is being written
				require.Equal(t, worker.KindEpoch, e.Kind)
				if least = e.Epoch; least == 2 {
					break
				}
			}
			switch end {
			case "stop":
				require.NoError(t, h.send.Encode(worker.Order{Worker: 1, Request: worker.Stop{}}))
			case "end of orders":
				require.NoError(t, h.orders.Close())
			}
			require.Empty(t, h.ended)
			close(h.proceed)
			if end != "end of orders" {
				for e := range h.events {
					if e.Kind == worker.KindFailed {
						require.Equal(t, end == "stop", e.Stopped, e.Error)
						break
					}
					least = e.Epoch
				}
				require.NoError(t, h.orders.Close())
			}
			require.NoError(t, <-h.ended)
			kept, err := worker.ReadCheckpoint(job.Checkpoint, hash, machineOf(t, job))
			require.NoError(t, err)
			require.GreaterOrEqual(t, kept.Epochs(), least)
			require.False(t, slices.Contains(names(t, job.Dir), store.CheckpointFile), "no draft is left")
		})
	}
}

// names returns the names of the files in a directory.
func names(t *testing.T, dir string) []string {
	t.Helper()
	all, err := disk.In(dir).Names(".")
	require.NoError(t, err)
	return all
}
