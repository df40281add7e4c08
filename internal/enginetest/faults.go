package enginetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"backfire/experiments/worker"
)

// Fault describes a failure that strikes a worker of a test. Its zero value strikes none.
type Fault struct {
	Cell  string // hash of the cell that it happens to; empty: all
	Kind  string // kill, panic, diverge, fail, slow, unload, starve, wait, crowd, memory, lost, slower or notice; empty: nothing
	Epoch int    // before this epoch, from 1
	Once  string // a file that remembers that it has happened; empty: always
	Room  int    // models of a process that fit on the device, with the fault memory
	On    string // device that it happens on; empty: all
	Meet  int    // waits until so many models of the process are about to begin that epoch
	// Writing, if not 0, halts the writer of Cell's checkpoint after so many epochs for good, before
	// it writes or, if Drafted, before the draft becomes the checkpoint. The fault strikes once the
	// writer is there. Of the epochs before, the checkpoints are written.
	Writing int
	Drafted bool
}

// halted is closed when the writer of a fault has halted.
var halted = make(chan struct{})

// halt halts the writer of a checkpoint if the fault says so, see worker.Worker.Checkpointing.
func (f Fault) halt(cell string, epochs int, drafted bool) {
	if _, err := os.Stat(f.Once); err == nil || cell != f.Cell || epochs != f.Writing || drafted != f.Drafted {
		return
	}
	close(halted)
	select {}
}

// await waits, before an epoch of a cell, until the checkpoints that the fault does not halt are
// written, which settle waits for, or until the writer has halted.
func (f Fault) await(cell string, epoch int, settle func()) {
	switch _, err := os.Stat(f.Once); {
	case err == nil || f.Writing == 0 || cell != f.Cell:
	case epoch <= f.Writing:
		settle()
	default:
		<-halted
	}
}

// met counts the models of this process that have reached the epoch of a fault.
var met atomic.Int32

// faultOf decodes a fault; empty: none.
func faultOf(text string) (Fault, error) {
	var f Fault
	if text == "" {
		return f, nil
	}
	return f, json.Unmarshal([]byte(text), &f)
}

// strike does what the fault describes, if its time has come.
func (f Fault) strike(cell string, epoch int, settle func()) error {
	if f.Kind == "" || f.Epoch != epoch {
		return nil
	}
	_, err := os.Stat(f.Once)
	meets := f.Meet > 0 && err != nil
	if meets {
		for met.Add(1); met.Load() < int32(f.Meet); {
			time.Sleep(time.Millisecond)
		}
	}
	if f.Cell != "" && f.Cell != cell {
		if meets && f.Kind == "kill" {
			select {} // the process is about to die
		}
		return nil
	}
	if f.Writing == 0 && settle != nil {
		settle() // so that the epoch from which the cell resumes is known, also where the process ends now
	}
	if f.Once != "" {
		marker, err := os.OpenFile(f.Once, os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) {
			return nil
		}
		if err := errors.Join(err, marker.Close()); err != nil {
			return err
		}
	}
	switch f.Kind {
	case "kill":
		fmt.Fprintln(os.Stderr, "out of memory, say")
		return errors.Join(syscall.Kill(os.Getpid(), syscall.SIGKILL), errors.New("survived"))
	case "unload":
		fmt.Fprintln(os.Stderr, "engine: symbol lookup error: engine: undefined symbol: at_new_tensor")
		os.Exit(127) //nolint:forbidigo // the process ends as one whose libraries do not load
	case "panic":
		panic("a bug")
	case "starve": // the kernel gives no more memory
		if err := syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: 1, Max: 1}); err != nil {
			return err
		}
		hungry := make([]byte, 1<<30)
		return fmt.Errorf("fed %d bytes", len(hungry))
	case "diverge":
		return fmt.Errorf("fake: loss is NaN: %w", worker.ErrDiverged)
	case "slow":
		time.Sleep(time.Hour)
	case "wait": // only waits for the other models
		return nil
	}
	return errors.New("fake: no luck")
}

// FaultyEngine makes models that a fault strikes.
type FaultyEngine struct {
	worker.Engine
	Fault Fault
	// Settle, if not nil, waits until all checkpoints of the process are written. A fault that leaves the
	// writer alone waits for them, so that the epoch from which the cell resumes is known.
	Settle func()
}

// NewModel makes a model of the engine that the fault strikes.
func (e FaultyEngine) NewModel(opt worker.ModelOptions) (worker.TrainedModel, error) {
	hash, err := opt.Cell.Hash()
	if err != nil {
		return nil, err
	}
	model, err := e.Engine.NewModel(opt)
	if e.Fault.Kind == "notice" {
		opt.Notice("this takes longer than it might")
	}
	return &faultyModel{TrainedModel: model, cell: hash, device: opt.Device, fault: e.Fault, steps: stepsOf(opt), settle: e.Settle}, err
}

// faultyModel is a model that a fault strikes.
type faultyModel struct {
	worker.TrainedModel
	cell   string
	device string
	fault  Fault
	steps  int // per epoch
	epoch  int
	settle func()
}

func (m *faultyModel) Restore(state worker.State) error {
	m.epoch = state.Step / m.steps
	return m.TrainedModel.Restore(state)
}

// room limits the models of this process that train at a time, with the fault "crowd"; each takes
// stepTime for an epoch.
var room = make(chan struct{}, 2)

const stepTime = 20 * time.Millisecond

func (m *faultyModel) Epoch(order []int32, onBatch func(int) error) (worker.EpochStats, error) {
	m.epoch++
	if m.fault.Kind == "crowd" {
		room <- struct{}{}
		time.Sleep(stepTime)
		<-room
	}
	if m.fault.On != "" && m.fault.On != m.device {
		return m.TrainedModel.Epoch(order, onBatch)
	}
	switch m.fault.Kind {
	case "lost": // the device
		return worker.EpochStats{}, errors.New("fake: CUDA error: the device fell off the bus")
	case "slower":
		time.Sleep(10 * stepTime)
		return m.TrainedModel.Epoch(order, onBatch)
	case "memory":
		defer onDevice.Add(-1)
		if onDevice.Add(1) > int32(m.fault.Room) {
			return worker.EpochStats{}, fmt.Errorf("fake: out of memory: %w", worker.ErrMemory)
		}
		time.Sleep(stepTime)
		return m.TrainedModel.Epoch(order, onBatch)
	}
	m.fault.await(m.cell, m.epoch, m.settle)
	if err := m.fault.strike(m.cell, m.epoch, m.settle); err != nil {
		return worker.EpochStats{}, err
	}
	return m.TrainedModel.Epoch(order, onBatch)
}

// onDevice counts the models of this process that are on the device, with the fault "memory".
var onDevice atomic.Int32

// stepsOf returns the number of steps per epoch where no batch is left with one row.
func stepsOf(opt worker.ModelOptions) int {
	return (opt.Images + opt.Cell.Training.Batch - 1) / opt.Cell.Training.Batch
}
