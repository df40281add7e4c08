package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/datasets/testset"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/launcher"
	"backfire/torchbridge"
)

// The test binary is also the engine: variable asEngine makes it run Main. With variable killBefore
// its workers kill themselves before that epoch (from 1), once per file killMarker; with variable
// killDraft, when the draft of the checkpoint after so many epochs is complete. With variable
// roomLeft a worker gets no more than that many bytes of memory in addition to those that it has
// when it starts.
const (
	asEngine   = "BACKFIRE_TEST_AS_ENGINE"
	killBefore = "BACKFIRE_TEST_KILL_BEFORE"
	killMarker = "BACKFIRE_TEST_KILL_MARKER"
	killDraft  = "BACKFIRE_TEST_KILL_DRAFT"
	roomLeft   = "BACKFIRE_TEST_ROOM_LEFT"
)

func TestMain(m *testing.M) {
	if os.Getenv(asEngine) == "" {
		os.Exit(m.Run())
	}
	if os.Args[1] != launcher.RoleWorker {
		os.Exit(Main(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	epoch, _ := strconv.Atoi(os.Getenv(killBefore)) // 0: never
	worker := &worker.Worker{Load: loadTiny}
	worker.Engine = striking{LibTorch{}, epoch, func() error {
		worker.WaitForCheckpoints() // so that the epoch from which the training resumes is known
		return killOnce()
	}}
	if draft, _ := strconv.Atoi(os.Getenv(killDraft)); draft > 0 {
		worker.Checkpointing = func(_ string, epochs int, drafted bool) {
			if drafted && epochs >= draft {
				_ = killOnce() // an error leaves the process alive, which the test notices
			}
		}
	}
	err := limitMemory(os.Getenv(roomLeft))
	if err == nil {
		err = worker.Run(context.Background(), os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// striking is an engine whose models fail before an epoch (from 1).
type striking struct {
	worker.Engine
	epoch  int
	strike func() error // an error ends the training
}

func (e striking) NewModel(opt worker.ModelOptions) (worker.TrainedModel, error) {
	made, err := e.Engine.NewModel(opt)
	steps := (opt.Images + opt.Cell.Training.Batch - 1) / opt.Cell.Training.Batch
	return &strikingModel{TrainedModel: made, striking: e, steps: steps}, err
}

type strikingModel struct {
	worker.TrainedModel
	striking
	at, steps int // epochs over, steps per epoch
}

func (m *strikingModel) Restore(state worker.State) error {
	m.at = state.Step / m.steps
	return m.TrainedModel.Restore(state)
}

func (m *strikingModel) Epoch(order []int32, onBatch func(int) error) (worker.EpochStats, error) {
	if m.at++; m.at == m.epoch {
		if err := m.strike(); err != nil {
			return worker.EpochStats{}, err
		}
	}
	return m.TrainedModel.Epoch(order, onBatch)
}

// killOnce kills this process, except when its marker exists.
func killOnce() error {
	marker, err := os.OpenFile(os.Getenv(killMarker), os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	return errors.Join(err, marker.Close(), syscall.Kill(os.Getpid(), syscall.SIGKILL))
}

// testEngine returns a function that makes the command of a worker process with more environment
// variables.
func testEngine(variables ...string) func() (*exec.Cmd, error) {
	return func() (*exec.Cmd, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		command := exec.Command(self, launcher.RoleWorker)
		command.Env = append(append(os.Environ(), asEngine+"=1"), variables...)
		return command, nil
	}
}

// loadTiny loads the tiny set, in colour where the path of the source is "colour".
func loadTiny(_ context.Context, source datasets.Source) (*datasets.Set, error) {
	if source.Path == "colour" {
		return testset.NewColour(1)
	}
	return testset.New(1)
}

// tinyConfig returns a configuration that plays N = 1, 2, 4 on the tiny set, the first three
// attackers also alone: five cells. sets override its keys.
func tinyConfig(t *testing.T, sets ...string) config.Config {
	t.Helper()
	resolved, err := config.Load(config.Options{Sets: append([]string{
		"attackers.counts=1,2,4", "attackers.singles=3", "attackers.label=east", "attackers.p=0.5",
		"model.width=1", "train.epochs=3", "train.batch=16",
	}, sets...)})
	require.NoError(t, err)
	return resolved.Config
}

func tinyPlan(t *testing.T, sets ...string) *plan.Plan {
	t.Helper()
	set, err := testset.New(1)
	require.NoError(t, err)
	plan, err := plan.New(tinyConfig(t, sets...), set)
	require.NoError(t, err)
	return plan
}

// work has a worker in this process carry out a request and returns its events.
func work(t *testing.T, engine worker.Engine, request worker.Request) []worker.Event {
	t.Helper()
	return enginetest.Work(t, &worker.Worker{Engine: engine, Load: loadTiny}, request)
}

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, v))
}

func runMain(args ...string) (code int, out, errOut string) {
	var outBuffer, errBuffer bytes.Buffer
	code = Main(context.Background(), args, strings.NewReader(""), &outBuffer, &errBuffer)
	return code, outBuffer.String(), errBuffer.String()
}

func TestEngineDescribesItself(t *testing.T) {
	code, out, errOut := runMain(launcher.RoleDescribe)
	require.Zero(t, code, errOut)
	var d launcher.Description
	require.NoError(t, json.Unmarshal([]byte(out), &d))
	require.Equal(t, 1, strings.Count(out, "\n"))
	require.Equal(t, launcher.Protocol, d.Protocol)
	require.Equal(t, torchbridge.LibtorchVersion, d.Libtorch.Version)
	require.NotEmpty(t, d.Build.Go)
	require.NotNil(t, d.Libtorch.GPUs)
	info, err := LibTorch{}.Describe("cpu")
	require.NoError(t, err)
	require.Equal(t, store.EngineOf(d.Libtorch), info)
}

// The variables that may change bits are part of the description, which results and
// checkpoints record.
func TestArithmeticIsRecorded(t *testing.T) {
	before, err := LibTorch{}.Describe("cpu")
	require.NoError(t, err)
	t.Setenv("MKL_CBWR", "COMPATIBLE")
	t.Setenv("OMP_SCHEDULE", "static")
	info, err := LibTorch{}.Describe("cpu")
	require.NoError(t, err)
	require.Contains(t, info.Arithmetic, "MKL_CBWR=COMPATIBLE")
	require.NotContains(t, info.Arithmetic, "OMP_SCHEDULE=static")
	machine := func(info store.EngineInfo, kernels string) store.Machine {
		environment := store.NewEnvironment("cpu", 1, "", store.Build{}, info)
		environment.Kernels = kernels
		return environment.Machine()
	}
	require.False(t, machine(before, "direct").SameBits(machine(info, "direct")))
	require.True(t, machine(before, "").SameBits(machine(info, "")), "libtorch computes nothing")
}

// The launcher finds the same in the process that it starts.
func TestLauncherDescribesTheEngine(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	environ := append(os.Environ(), asEngine+"=1", launcher.EngineVariable+"="+self)
	for _, more := range []string{"", launcher.LibtorchVariable + "=" + torchbridge.LibtorchDir} {
		d, err := launcher.New(append(environ, more)).Describe(context.Background())
		require.NoError(t, err)
		require.Equal(t, torchbridge.LibtorchVersion, d.Libtorch.Version)
	}
}

func TestWorkerEndsWithItsInput(t *testing.T) {
	code, out, errOut := runMain(launcher.RoleWorker)
	require.Zero(t, code)
	require.Empty(t, out+errOut)
}

func TestEngineIsNotForPeople(t *testing.T) {
	for _, args := range [][]string{nil, {"train"}, {launcher.RoleDescribe, "me"}} {
		code, out, errOut := runMain(args...)
		require.Equal(t, 2, code)
		require.Empty(t, out)
		require.Contains(t, errOut, "backfire starts this program")
	}
}
