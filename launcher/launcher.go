// Package launcher finds and starts the engine, the program that trains models on
// libtorch, and explains the reason if the engine does not run.
//
// The command line itself needs no libtorch. Loading libtorch can fail, and only
// another process can report that. This process is backfire-engine: the command line
// first asks it for its description (Describe), and then starts it as worker processes
// (Worker).
package launcher

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"backfire/internal/buildinfo"
	"backfire/internal/hardware"
)

// Name is the engine's file name.
const Name = "backfire-engine"

// Protocol is the version of the messages between the command line and its engine:
// Description, jobs and events. Every change of their meaning raises it.
const Protocol = 7

// The argument of the engine is the role in which it is started.
const (
	RoleDescribe = "describe" // write a Description as one line of JSON, and end
	RoleWorker   = "worker"   // read jobs, write events, until the input ends
)

// The environment variables that choose the engine and its libtorch.
const (
	EngineVariable   = "BACKFIRE_ENGINE" // the engine's file, instead of the one beside the program
	LibtorchVariable = "LIBTORCH"        // a directory with lib/libtorch_cpu.so, instead of the one that was linked
)

// ErrEngine reports that the engine does not exist, cannot be loaded or is of another
// version. No model can be trained then.
var ErrEngine = errors.New("the engine does not run")

// Fault is the reason why the engine does not run. It wraps [ErrEngine].
type Fault struct {
	Finding error  // the reason
	Remedy  string // the advice to the user
}

// Error returns the finding and the remedy in one sentence.
func (f *Fault) Error() string {
	return fmt.Sprintf("launcher: %v: %v: %s", ErrEngine, f.Finding, f.Remedy)
}

// Unwrap returns ErrEngine and the finding.
func (f *Fault) Unwrap() []error { return []error{ErrEngine, f.Finding} }

// fault returns a [Fault] with a formatted finding.
func fault(remedy, format string, args ...any) error {
	return &Fault{Finding: fmt.Errorf(format, args...), Remedy: remedy}
}

// Description is the engine's description of itself.
type Description struct {
	Protocol int             `json:"protocol"` // its [Protocol]
	Build    buildinfo.Build `json:"build"`
	Libtorch hardware.Env    `json:"libtorch"`
}

// Launcher starts the engine.
type Launcher struct {
	environ    []string               // "NAME=value"
	executable func() (string, error) // returns the path of the running program
}

// New returns a launcher of the engine that the environment variables (each
// "NAME=value") name, or else of the one beside the running program. The engine gets
// the same variables.
func New(environ []string) Launcher {
	return Launcher{environ: environ, executable: os.Executable}
}

// build is the remedy if the engine was not built together with the program.
const build = "run make build, which makes both"

// tunables is the variable with the settings of the GNU C library, and hugePages is the
// setting with which its allocator asks the kernel for huge pages. Activations have
// megabytes and are read several times per step: with huge pages a step on the CPU takes
// about 5 % less time at small widths. Other C libraries ignore the variable.
const (
	tunables  = "GLIBC_TUNABLES"
	hugePages = "glibc.malloc.hugetlb=1"
)

// connections is the variable with the number of queues between a process and a GPU, and
// streamQueues is as many as a process of the engine has streams, the most that CUDA takes.
// With CUDA's 8, the models of more than 8 streams would wait for each other.
const (
	connections  = "CUDA_DEVICE_MAX_CONNECTIONS"
	streamQueues = "32"
)

// Worker returns the command of a worker process, without starting it. The error wraps
// [ErrEngine].
func (l Launcher) Worker() (*exec.Cmd, error) {
	command, err := l.command(context.Background(), RoleWorker)
	if err != nil {
		return nil, err
	}
	environ := command.Environ()
	for _, v := range []struct{ name, setting string }{{tunables, hugePages}, {connections, streamQueues}} {
		if value(l.environ, v.name) == "" { // otherwise the user's settings apply
			environ = append(environ, v.name+"="+v.setting)
		}
	}
	command.Env = environ
	return command, nil
}

// command returns the command that starts the engine in a role, with the libtorch that
// the environment names.
func (l Launcher) command(ctx context.Context, role string) (*exec.Cmd, error) {
	path, err := l.find()
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, path, role)
	command.Env = hardware.EngineEnviron(l.variables())
	if dir := value(l.environ, LibtorchVariable); dir != "" {
		if err := checkRelease(dir); err != nil {
			return nil, err
		}
		path := []string{filepath.Join(dir, "lib")}
		if _, err := os.Stat(filepath.Join(path[0], "libtorch_cpu.so")); err != nil {
			return nil, fault("name the directory of a libtorch, or the torch directory of an installed PyTorch",
				"%s=%s has no lib/libtorch_cpu.so", LibtorchVariable, dir)
		}
		// An engine with CUDA needs the CUDA runtime, which is beside an installed PyTorch.
		runtimes, _ := filepath.Glob(filepath.Join(dir, "..", "nvidia", "*", "lib", "libcudart.so.*")) // fails only for bad patterns
		for _, file := range runtimes {
			path = append(path, filepath.Dir(file))
		}
		if more := value(l.environ, searchPath); more != "" {
			path = append(path, more)
		}
		command.Env = append(command.Env[:len(command.Env):len(command.Env)], searchPath+"="+strings.Join(path, string(os.PathListSeparator)))
	}
	return command, nil
}

// variables returns the variables that the engine may get: those of the launcher or, if it
// has none, of this process.
func (l Launcher) variables() []string {
	if l.environ == nil {
		return os.Environ()
	}
	return l.environ
}

// find returns the path of the engine.
func (l Launcher) find() (string, error) {
	path, remedy := value(l.environ, EngineVariable), "name an engine with "+EngineVariable+", or leave it out for the one beside this program"
	if path == "" {
		self, err := l.executable()
		if err != nil {
			return "", fault("name the engine with "+EngineVariable, "the path of this program is not known: %w", err)
		}
		path, remedy = l.beside(self), "run make build, or name an engine with "+EngineVariable
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fault(remedy, "%s: %w", path, err)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fault(remedy, "there is no %s", path)
	case err != nil:
		return "", fault(remedy, "%w", err)
	case info.IsDir() || info.Mode()&0o111 == 0:
		return "", fault(remedy, "%s is not a program", path)
	}
	return path, nil
}

// value returns the value of an environment variable; empty if it is not set.
func value(environ []string, variable string) string {
	found := ""
	for _, v := range environ {
		if name, value, _ := strings.Cut(v, "="); name == variable {
			found = value // the last one counts, as in a process
		}
	}
	return found
}
