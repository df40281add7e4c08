package enginetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/datasets/testset"
	"backfire/defenses"
	"backfire/defenses/mix"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/safetensors"
)

// The test binary plays several parts, so that real processes can be started,
// killed and interrupted: variable rolePart says which.
const (
	RoleVariable  = "BACKFIRE_TEST_ROLE"
	RoleWorker    = "worker" // a worker with the fake engine, or as roleFault says
	RoleParent    = "parent" // a whole run into the store of variable roleStore
	StoreVariable = "BACKFIRE_TEST_STORE"
	FaultVariable = "BACKFIRE_TEST_FAULT" // a fault of the workers, as JSON
)

// fault is what goes wrong in a worker of a test.
type Fault struct {
	Cell  string // hash of the cell it happens to; empty: all
	Kind  string // kill, panic, diverge, fail, slow, unload, starve, wait, crowd, notice
	Epoch int    // before this epoch, from 1
	Once  string // a file that remembers that it has happened; empty: always
	Meet  int    // not before so many models of the process are about to begin that epoch
}

// met counts the models of this process that have come to the epoch of a fault.
var met atomic.Int32

func FaultOf(text string) (Fault, error) {
	var f Fault
	if text == "" {
		return f, nil
	}
	return f, json.Unmarshal([]byte(text), &f)
}

// strike does what the fault says, if its time has come.
func (f Fault) strike(cell string, epoch int) error {
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
			select {} // the death of the process is near, and finds it here
		}
		return nil
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
		os.Exit(127)
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
	case "wait": // for the others alone
		return nil
	}
	return errors.New("fake: no luck")
}

// faultyEngine makes models that a fault strikes.
type FaultyEngine struct {
	worker.Engine
	Fault Fault
}

func (e FaultyEngine) NewModel(opt worker.ModelOptions) (worker.TrainedModel, error) {
	hash, err := opt.Cell.Hash()
	if err != nil {
		return nil, err
	}
	model, err := e.Engine.NewModel(opt)
	if e.Fault.Kind == "notice" {
		opt.Notice("this takes longer than it might")
	}
	return &faultyModel{TrainedModel: model, cell: hash, fault: e.Fault, steps: stepsOf(opt)}, err
}

type faultyModel struct {
	worker.TrainedModel
	cell  string
	fault Fault
	steps int // per epoch
	epoch int
}

func (m *faultyModel) Restore(state worker.State) error {
	m.epoch = state.Step / m.steps
	return m.TrainedModel.Restore(state)
}

// room is for the steps of models in this process that go on at a time, with the
// fault "crowd"; each takes a step's time.
var room = make(chan struct{}, 2)

const stepTime = 20 * time.Millisecond

func (m *faultyModel) Epoch(order []int32, onBatch func(int) error) (worker.EpochStats, error) {
	m.epoch++
	if m.fault.Kind == "crowd" {
		room <- struct{}{}
		time.Sleep(stepTime)
		<-room
	}
	if err := m.fault.strike(m.cell, m.epoch); err != nil {
		return worker.EpochStats{}, err
	}
	return m.TrainedModel.Epoch(order, onBatch)
}

// stepsOf is the number of steps per epoch where no batch is left with one row.
func stepsOf(opt worker.ModelOptions) int {
	return (opt.Images + opt.Cell.Training.Batch - 1) / opt.Cell.Training.Batch
}

// fakeEngine moves the centroid of each class towards its mean image, with
// momentum: quick, deterministic, and dependent on every image, label and epoch
// it is given, on where it stood before, and, in its loss, on what a defense does
// to each batch.
type Engine struct{}

func (Engine) NewModel(opt worker.ModelOptions) (worker.TrainedModel, error) {
	size := len(opt.Cell.Data.Classes) * opt.Cell.Data.Shape.Size()
	batcher, err := defenses.NewBatcher(opt.Cell.BatchStack(), opt.Cell.Data.Shape, opt.Cell.Game.Seed)
	return &Model{opt: opt, batcher: batcher, centroids: make([]float32, size), velocity: make([]float32, size)}, err
}

func (Engine) Describe() (store.EngineInfo, error) {
	return store.EngineInfo{Name: "fake", GPUs: []string{}}, nil
}

type Model struct {
	opt                 worker.ModelOptions
	batcher             *defenses.Batcher
	images, labels      []uint8
	epoch               int
	centroids, velocity []float32 // by class and pixel
}

func (m *Model) Upload(images, labels []uint8) error {
	m.images, m.labels = images, labels
	return nil
}

func (m *Model) Epoch(order []int32, onBatch func(int) error) (worker.EpochStats, error) {
	m.epoch++
	size := m.opt.Cell.Data.Shape.Size()
	sums, counts := make([]float32, len(m.centroids)), make([]float32, len(m.opt.Cell.Data.Classes))
	seen, mix := make([]bool, len(m.labels)), 0
	for at, row := range order {
		seen[row] = true
		mix = (mix*31 + int(row)) % 1_000_003
		label := int(m.labels[row])
		counts[label]++
		for i, v := range m.images[int(row)*size : (int(row)+1)*size] {
			sums[label*size+i] += float32(v)
		}
		if err := onBatch(at + 1); err != nil {
			return worker.EpochStats{}, err
		}
	}
	for row, ok := range seen {
		if !ok {
			return worker.EpochStats{}, fmt.Errorf("fake: row %d is not in the order", row)
		}
	}
	total := m.changed()
	for i := range m.centroids {
		m.velocity[i] = m.velocity[i]/2 + sums[i]/max(counts[i/size], 1) - m.centroids[i]
		m.centroids[i] += m.velocity[i] / 2
		total += float64(m.centroids[i])
	}
	return worker.EpochStats{Loss: total + float64(mix)/1e6, Accuracy: 0.5, LearningRate: 0.1 / float64(m.epoch), Images: m.opt.Cell.PassingImages(len(order))}, nil
}

// changed sums up what is done to the batches of this epoch.
func (m *Model) changed() float64 {
	var sum float64
	for step := range stepsOf(m.opt) {
		batch := m.batcher.Draw(m.epoch, step, m.opt.Cell.Training.Batch)
		if batch.Mix.Kind != mix.None {
			sum += batch.Mix.Lambda
		}
		if p := batch.Perturbation; p != nil && p.RandomStart {
			offsets := make([]float32, len(p.Rows)*m.opt.Cell.Data.Shape.Size())
			m.batcher.Start(offsets, m.epoch, step)
			for i, start := range offsets {
				sum += float64(start) * float64(i%7)
			}
		}
		if s := batch.Stamps; s != nil {
			sum += float64(s.Rows[0]) + float64(s.Patterns[0])
		}
	}
	return sum
}

func (m *Model) State() (worker.State, error) {
	tensor := func(name string, values []float32) []safetensors.Tensor {
		return []safetensors.Tensor{{Name: name, Shape: []int64{int64(len(values))}, Values: slices.Clone(values)}}
	}
	return worker.State{Step: m.epoch * stepsOf(m.opt), Model: tensor("centroids", m.centroids), Optimizer: tensor("velocity", m.velocity)}, nil
}

func (m *Model) Restore(state worker.State) error {
	if len(state.Model) != 1 || len(state.Optimizer) != 1 || state.Model[0].Name != "centroids" || state.Optimizer[0].Name != "velocity" {
		return errors.New("fake: another model's state")
	}
	m.epoch = state.Step / stepsOf(m.opt)
	m.centroids, m.velocity = slices.Clone(state.Model[0].Values), slices.Clone(state.Optimizer[0].Values)
	return nil
}

func (m *Model) Predict(images []uint8) ([]uint8, error) {
	size := m.opt.Cell.Data.Shape.Size()
	var predicted []uint8
	for start := 0; start < len(images); start += size {
		best, least := 0, -1.0
		for c := range m.opt.Cell.Data.Classes {
			var distance float64
			for i, v := range images[start : start+size] {
				d := float64(v) - float64(m.centroids[c*size+i])
				distance += d * d
			}
			if least < 0 || distance < least {
				best, least = c, distance
			}
		}
		predicted = append(predicted, uint8(best))
	}
	return predicted, nil
}

// Probabilities are certain of the nearest centroid.
func (m *Model) Probabilities(images []uint8) ([]float32, error) {
	predicted, err := m.Predict(images)
	classes := len(m.opt.Cell.Data.Classes)
	values := make([]float32, len(predicted)*classes)
	for i, class := range predicted {
		values[i*classes+int(class)] = 1
	}
	return values, err
}

// Features are the means of the four quarters of the image.
func (m *Model) Features(images []uint8) ([]float32, error) {
	shape := m.opt.Cell.Data.Shape
	var all []float32
	for start := 0; start < len(images); start += shape.Size() {
		var quarters [4]float32
		for at, v := range images[start : start+shape.Plane()] {
			quarters[2*(2*(at/shape.W)/shape.H)+2*(at%shape.W)/shape.W] += float32(v) / float32(shape.Plane())
		}
		all = append(all, quarters[:]...)
	}
	return all, nil
}

// Unlearn moves the centroids of the rows' labels away from the rows to forget
// and towards those to keep.
func (m *Model) Unlearn(steps []worker.Unlearning, rate float64) error {
	size := m.opt.Cell.Data.Shape.Size()
	for _, step := range steps {
		for sign, rows := range map[float32][]int64{-1: step.Forget, 1: step.Keep} {
			for _, row := range rows {
				for i, v := range m.images[int(row)*size : int(row+1)*size] {
					at := int(m.labels[row])*size + i
					m.centroids[at] += sign * float32(rate) * float32(v)
				}
			}
		}
	}
	return nil
}

func (m *Model) Close() {}

// loadTiny is the Loader of the tests. The source's path may be "other".
func Loader(_ context.Context, src datasets.Source) (*datasets.Set, error) {
	if src.Path == "other" {
		return testset.New(2)
	}
	return testset.New(1)
}

// tinyConfig plays N = 1, 2, 4 on the tiny set, the first three attackers also
// alone: five cells.
func Config() (config.Config, error) {
	resolved, err := config.Load(config.Options{Sets: []string{
		"attackers.counts=1,2,4", "attackers.singles=3", "attackers.label=east", "attackers.p=0.5",
		"model.width=1", "train.epochs=3", "train.batch=16",
	}})
	if err != nil {
		return config.Config{}, err
	}
	return resolved.Config, nil
}

func Plan() (*plan.Plan, error) {
	set, err := testset.New(1)
	if err != nil {
		return nil, err
	}
	cfg, err := Config()
	if err != nil {
		return nil, err
	}
	return plan.New(cfg, set)
}

func NewPlan(t *testing.T) *plan.Plan {
	t.Helper()
	plan, err := Plan()
	require.NoError(t, err)
	require.Len(t, plan.Cells, 5)
	return plan
}

// testWorker is the command of a worker process with a fault.
func Command(f Fault) func() (*exec.Cmd, error) {
	return func() (*exec.Cmd, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(f)
		if err != nil {
			return nil, err
		}
		command := exec.Command(self)
		command.Env = append(os.Environ(), RoleVariable+"="+RoleWorker, FaultVariable+"="+string(text))
		return command, nil
	}
}
