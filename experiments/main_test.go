package experiments

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/streams"
	"backfire/torchbridge"
)

// The test binary plays several parts, so that real processes can be started,
// killed and interrupted: variable rolePart says which.
const (
	rolePart   = "BACKFIRE_TEST_ROLE"
	roleWorker = "worker" // a worker with the fake engine, or as roleFault says
	roleParent = "parent" // a whole run into the store of variable roleStore
	roleStore  = "BACKFIRE_TEST_STORE"
	roleFault  = "BACKFIRE_TEST_FAULT" // a fault of the workers, as JSON
)

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(rolePart) {
	case roleWorker:
		var f fault
		if f, err = faultOf(os.Getenv(roleFault)); err == nil {
			worker := &Worker{Engine: faultyEngine{f.engine(), f}, Load: loadTiny}
			err = worker.Run(context.Background(), os.Stdin, os.Stdout)
		}
	case roleParent:
		var f fault
		if f, err = faultOf(os.Getenv(roleFault)); err == nil {
			err = playParent(os.Getenv(roleStore), f)
		}
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// fault is what goes wrong in a worker of a test.
type fault struct {
	Cell  string // hash of the cell it happens to; empty: all
	Kind  string // kill, panic, diverge, fail, slow
	Epoch int    // before this epoch, from 1
	Once  string // a file that remembers that it has happened; empty: always
	Real  bool   // the worker trains with libtorch
}

func faultOf(text string) (fault, error) {
	var f fault
	if text == "" {
		return f, nil
	}
	return f, json.Unmarshal([]byte(text), &f)
}

func (f fault) engine() Engine {
	if f.Real {
		return LibTorch{}
	}
	return fakeEngine{}
}

// strike does what the fault says, if its time has come.
func (f fault) strike(cell string, epoch int) error {
	if f.Kind == "" || f.Cell != "" && f.Cell != cell || f.Epoch != epoch {
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
	case "panic":
		panic("a bug")
	case "diverge":
		return fmt.Errorf("fake: loss is NaN: %w", ErrDiverged)
	case "slow":
		time.Sleep(time.Hour)
	}
	return errors.New("fake: no luck")
}

// faultyEngine makes models that a fault strikes.
type faultyEngine struct {
	Engine
	fault fault
}

func (e faultyEngine) NewModel(opt ModelOptions) (TrainedModel, error) {
	hash, err := opt.Cell.Hash()
	if err != nil {
		return nil, err
	}
	model, err := e.Engine.NewModel(opt)
	return &faultyModel{TrainedModel: model, cell: hash, fault: e.fault, steps: stepsOf(opt)}, err
}

type faultyModel struct {
	TrainedModel
	cell  string
	fault fault
	steps int // per epoch
	epoch int
}

func (m *faultyModel) Restore(state torchbridge.State) error {
	m.epoch = state.Step / m.steps
	return m.TrainedModel.Restore(state)
}

func (m *faultyModel) Epoch(order []int32, onBatch func(int)) (EpochStats, error) {
	m.epoch++
	if err := m.fault.strike(m.cell, m.epoch); err != nil {
		return EpochStats{}, err
	}
	return m.TrainedModel.Epoch(order, onBatch)
}

// stepsOf is the number of steps per epoch where no batch is left with one row.
func stepsOf(opt ModelOptions) int {
	return (opt.Images + opt.Cell.Training.Batch - 1) / opt.Cell.Training.Batch
}

// fakeEngine moves the centroid of each class towards its mean image, with
// momentum: quick, deterministic, and dependent on every image, label and epoch
// it is given, on where it stood before, and, in its loss, on what a defense does
// to each batch.
type fakeEngine struct{}

func (fakeEngine) NewModel(opt ModelOptions) (TrainedModel, error) {
	size := len(opt.Cell.Data.Classes) * opt.Cell.Data.Shape.Size()
	change, err := changes(opt.Cell)
	return &fakeModel{opt: opt, change: change, centroids: make([]float32, size), velocity: make([]float32, size)}, err
}

func (fakeEngine) Describe() (EngineInfo, error) {
	return EngineInfo{Name: "fake", GPUs: []string{}}, nil
}

type fakeModel struct {
	opt                 ModelOptions
	change              func(epoch, step, n int) torchbridge.Change
	images, labels      []uint8
	epoch               int
	centroids, velocity []float32 // by class and pixel
}

func (m *fakeModel) Upload(images, labels []uint8) error {
	m.images, m.labels = images, labels
	return nil
}

func (m *fakeModel) Epoch(order []int32, onBatch func(int)) (EpochStats, error) {
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
		onBatch(at + 1)
	}
	for row, ok := range seen {
		if !ok {
			return EpochStats{}, fmt.Errorf("fake: row %d is not in the order", row)
		}
	}
	total := m.changed()
	for i := range m.centroids {
		m.velocity[i] = m.velocity[i]/2 + sums[i]/max(counts[i/size], 1) - m.centroids[i]
		m.centroids[i] += m.velocity[i] / 2
		total += float64(m.centroids[i])
	}
	return EpochStats{Loss: total + float64(mix)/1e6, Accuracy: 0.5, LearningRate: 0.1 / float64(m.epoch), Images: m.opt.Cell.passing(len(order))}, nil
}

// changed sums up what is done to the batches of this epoch.
func (m *fakeModel) changed() float64 {
	if m.change == nil {
		return 0
	}
	var sum float64
	for step := range stepsOf(m.opt) {
		change := m.change(m.epoch, step, m.opt.Cell.Training.Batch)
		if mix := change.Mix; mix != nil {
			sum += mix.Lambda
		}
		if p := change.Perturbation; p != nil {
			for i, start := range p.Start {
				sum += float64(start) * float64(i%7)
			}
		}
		if s := change.Stamps; s != nil {
			sum += float64(s.Rows[0]) + float64(s.Patterns[0])
		}
	}
	return sum
}

func (m *fakeModel) State() (torchbridge.State, error) {
	tensor := func(name string, values []float32) []torchbridge.NamedTensor {
		return []torchbridge.NamedTensor{{Name: name, Shape: []int64{int64(len(values))}, Values: slices.Clone(values)}}
	}
	return torchbridge.State{Step: m.epoch * stepsOf(m.opt), Model: tensor("centroids", m.centroids), Optimizer: tensor("velocity", m.velocity)}, nil
}

func (m *fakeModel) Restore(state torchbridge.State) error {
	if len(state.Model) != 1 || len(state.Optimizer) != 1 || state.Model[0].Name != "centroids" || state.Optimizer[0].Name != "velocity" {
		return errors.New("fake: another model's state")
	}
	m.epoch = state.Step / stepsOf(m.opt)
	m.centroids, m.velocity = slices.Clone(state.Model[0].Values), slices.Clone(state.Optimizer[0].Values)
	return nil
}

func (m *fakeModel) Predict(images []uint8) ([]uint8, error) {
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

func (m *fakeModel) Close() {}

// tinySet has 400 images of 8x8 pixels in 4 classes, each with a bright
// quarter. Variant makes other images of the same kind.
func tinySet(variant uint64) (*datasets.Set, error) {
	const n, side, classes = 400, 8, 4
	rng := streams.New(variant, "tiny")
	images, labels := make([]uint8, n*side*side), make([]uint8, n)
	for i := range labels {
		label := i % classes
		labels[i] = uint8(label)
		for y := range side {
			for x := range side {
				v := rng.IntN(120)
				if y/(side/2) == label/2 && x/(side/2) == label%2 {
					v += 100
				}
				images[i*side*side+y*side+x] = uint8(v)
			}
		}
	}
	return datasets.New("tiny", images, labels, 1, side, side, []string{"north", "east", "south", "west"})
}

// loadTiny is the Loader of the tests. The source's path may be "other".
func loadTiny(_ context.Context, src datasets.Source) (*datasets.Set, error) {
	if src.Path == "other" {
		return tinySet(2)
	}
	return tinySet(1)
}

// tinyConfig plays N = 1, 2, 4 on the tiny set, the first three attackers also
// alone: five cells.
func tinyConfig() (config.Config, error) {
	resolved, err := config.Load(config.Options{Sets: []string{
		"attackers.counts=1,2,4", "attackers.singles=3", "attackers.label=east", "attackers.p=0.5",
		"model.width=1", "train.epochs=3", "train.batch=16",
	}})
	if err != nil {
		return config.Config{}, err
	}
	return resolved.Config, nil
}

func tinyPlan() (*Plan, error) {
	set, err := tinySet(1)
	if err != nil {
		return nil, err
	}
	cfg, err := tinyConfig()
	if err != nil {
		return nil, err
	}
	return NewPlan(cfg, set)
}

func newTinyPlan(t *testing.T) *Plan {
	t.Helper()
	plan, err := tinyPlan()
	require.NoError(t, err)
	require.Len(t, plan.Cells, 5)
	return plan
}

// testWorker is the command of a worker process with a fault.
func testWorker(f fault) func() (*exec.Cmd, error) {
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
		command.Env = append(os.Environ(), rolePart+"="+roleWorker, roleFault+"="+string(text))
		return command, nil
	}
}

// playParent is a whole run of the tiny plan in a process of its own, with one
// worker. It prints events as lines of JSON.
func playParent(dir string, f fault) error {
	plan, err := tinyPlan()
	if err != nil {
		return err
	}
	store, err := OpenStore(dir)
	if err != nil {
		return err
	}
	lines := json.NewEncoder(os.Stdout)
	runner := &Runner{
		Store: store, Command: testWorker(f), Workers: 1, Threads: 1, Device: "cpu",
		Observer: ObserverFunc(func(e Event) {
			if err := lines.Encode(e); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}),
	}
	_, err = runner.Run(context.Background(), plan.Cells)
	return err
}
