package enginetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"backfire/experiments/worker"
)

// The environment variables and roles of a test binary that is started as another program.
const (
	roleVariable  = "BACKFIRE_TEST_ROLE"
	roleWorker    = "worker" // a worker process with the fake engine, with the fault of faultVariable
	roleParent    = "parent" // a whole run into the store of storeVariable
	storeVariable = "BACKFIRE_TEST_STORE"
	faultVariable = "BACKFIRE_TEST_FAULT" // a fault of the workers, as JSON
)

// Main runs the tests of a package that start worker processes, as its TestMain: the test binary is
// also the program of the workers. parent, if not nil, is the program that ParentCommand starts.
// It returns the exit code of the process.
func Main(m *testing.M, parent func(dir string, f Fault) error) int {
	role := os.Getenv(roleVariable)
	if role == "" {
		defer removeOnceDirs()
		return m.Run()
	}
	f, err := faultOf(os.Getenv(faultVariable))
	switch {
	case err != nil:
	case role == roleParent:
		err = parent(os.Getenv(storeVariable), f)
	default:
		w := &worker.Worker{Load: Loader}
		w.Engine = FaultyEngine{Engine: Engine{}, Fault: f, Settle: w.WaitForCheckpoints}
		if f.Writing > 0 {
			w.Checkpointing = f.halt
		}
		err = w.Run(context.Background(), os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// Command returns a function that makes the command of a worker process with a fault.
func Command(f Fault) func() (*exec.Cmd, error) {
	return func() (*exec.Cmd, error) { return command(f, roleVariable+"="+roleWorker) }
}

// ParentCommand makes the command of a process that runs Main's parent with a fault and the
// directory of a store.
func ParentCommand(dir string, f Fault) (*exec.Cmd, error) {
	return command(f, roleVariable+"="+roleParent, storeVariable+"="+dir)
}

// command makes a command of this binary with a fault and more environment variables.
func command(f Fault, variables ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	c := exec.Command(self)
	c.Env = append(append(os.Environ(), variables...), faultVariable+"="+string(text))
	return c, nil
}

// NoWorkers returns an error: it is the command of workers where a test needs none.
func NoWorkers() (*exec.Cmd, error) { return nil, errors.New("no worker is needed") }

// OnceDir is a directory that is filled once for all tests of a package. Main removes it at the
// end.
type OnceDir struct {
	once sync.Once
	path string
	err  error
}

// onceDirs are the paths of the directories that Main removes.
var onceDirs struct {
	sync.Mutex
	paths []string
}

// Path returns the directory. The first call makes it and fills it by fill.
func (d *OnceDir) Path(fill func(dir string) error) (string, error) {
	d.once.Do(func() {
		if d.path, d.err = os.MkdirTemp("", "backfire-test-"); d.err != nil {
			return
		}
		onceDirs.Lock()
		onceDirs.paths = append(onceDirs.paths, d.path)
		onceDirs.Unlock()
		d.err = fill(d.path)
	})
	return d.path, d.err
}

// removeOnceDirs removes all OnceDirs.
func removeOnceDirs() {
	for _, path := range onceDirs.paths {
		_ = os.RemoveAll(path) // a temporary directory may stay
	}
}
