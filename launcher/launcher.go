// Package launcher finds the engine, the program that trains models on libtorch,
// starts it, and explains why it does not run where it does not.
//
// The command line itself needs no libtorch. What loads it, and may fail to, is
// a process of its own: backfire-engine, which the command line asks once what
// it is (Describe) and then starts as worker processes (Worker).
package launcher

import (
	"bytes"
	"context"
	"encoding/json"
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

// Protocol is the version of what the command line and its engine say to each
// other: Description, jobs and events. It rises with each change of their
// meaning.
const Protocol = 5

// The arguments of the engine: what it is started for.
const (
	RoleDescribe = "describe" // write a Description as one line of JSON, and end
	RoleWorker   = "worker"   // read jobs, write events, until the input ends
)

// The environment variables that choose the engine and its libtorch.
const (
	EngineVariable   = "BACKFIRE_ENGINE" // the engine's file, in place of the one beside the program
	LibtorchVariable = "LIBTORCH"        // a directory with lib/libtorch_cpu.so, in place of the one that was linked
)

// ErrEngine says that the engine is not there, does not load or is another
// version's. Nothing can be trained then.
var ErrEngine = errors.New("the engine does not run")

// Fault is why the engine does not run. It wraps ErrEngine.
type Fault struct {
	Finding error  // what is wrong
	Remedy  string // what to do about it
}

// Error says both in one sentence.
func (f *Fault) Error() string {
	return fmt.Sprintf("launcher: %v: %v: %s", ErrEngine, f.Finding, f.Remedy)
}

// Unwrap returns ErrEngine and the finding.
func (f *Fault) Unwrap() []error { return []error{ErrEngine, f.Finding} }

// fault is a Fault with a formatted finding.
func fault(remedy, format string, args ...any) error {
	return &Fault{Finding: fmt.Errorf(format, args...), Remedy: remedy}
}

// Description is what the engine says of itself.
type Description struct {
	Protocol int             `json:"protocol"` // Protocol
	Build    buildinfo.Build `json:"build"`
	Libtorch hardware.Env    `json:"libtorch"`
}

// Launcher starts the engine.
type Launcher struct {
	environ []string // "NAME=value"
	beside  func() (string, error)
}

// New returns the launcher of the engine that the environment variables (each
// "NAME=value") and the place of the running program choose. The engine gets
// the same variables.
func New(environ []string) Launcher {
	return Launcher{environ: environ, beside: os.Executable}
}

// build is the remedy where the engine is not what was built with the program.
const build = "run make build, which makes both"

// Describe asks the engine what it is. It takes as long as libtorch takes to
// load, about a second. The error wraps ErrEngine, in one sentence that names
// what is wrong and what to do about it.
func (l Launcher) Describe(ctx context.Context) (Description, error) {
	command, err := l.command(ctx, RoleDescribe)
	if err != nil {
		return Description{}, err
	}
	if value(l.environ, LibtorchVariable) != "" {
		// What another libtorch lacks is found now rather than in a training.
		command.Env = append(command.Env, "LD_BIND_NOW=1")
	}
	var out, words bytes.Buffer
	command.Stdout, command.Stderr = &out, &words
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return Description{}, fmt.Errorf("launcher: describe: %w", ctx.Err())
		}
		return Description{}, describeFailed(command, err, words.String())
	}
	var d Description
	if err := json.Unmarshal(out.Bytes(), &d); err != nil {
		return Description{}, fault(build, "%s does not answer as an engine does", command.Path)
	}
	if d.Protocol != Protocol {
		return Description{}, fault(build, "%s (%s) speaks protocol %d, this program %d",
			command.Path, d.Build.Version, d.Protocol, Protocol)
	}
	return d, nil
}

// describeFailed says why an engine that was asked for its description gave none.
func describeFailed(command *exec.Cmd, cause error, words string) error {
	if err := Explain(command, cause, words); err != nil {
		return err
	}
	if first, _, _ := strings.Cut(strings.TrimSpace(words), "\n"); first != "" {
		return fault(build, "%s ended with %w: %s", command.Path, cause, first)
	}
	return fault(build, "%s cannot be started: %w", command.Path, cause)
}

// The GNU C library's own settings, and the one that makes its allocator ask for
// huge pages, where the kernel gives them to those who ask: activations are
// megabytes, walked several times a step, and a step on the CPU takes some 5 %
// less time at small widths. Elsewhere the variable means nothing.
const (
	tunables  = "GLIBC_TUNABLES"
	hugePages = "glibc.malloc.hugetlb=1"
)

// Worker returns the command of a worker process, which is not started yet. The
// error wraps ErrEngine.
func (l Launcher) Worker() (*exec.Cmd, error) {
	command, err := l.command(context.Background(), RoleWorker)
	if err != nil {
		return nil, err
	}
	if value(l.environ, tunables) == "" { // else the user has chosen
		command.Env = append(command.Environ(), tunables+"="+hugePages)
	}
	return command, nil
}

// command is that of the engine in a role, with the libtorch that is asked for.
func (l Launcher) command(ctx context.Context, role string) (*exec.Cmd, error) {
	path, err := l.find()
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, path, role)
	command.Env = l.environ
	if dir := value(l.environ, LibtorchVariable); dir != "" {
		path := []string{filepath.Join(dir, "lib")}
		if _, err := os.Stat(filepath.Join(path[0], "libtorch_cpu.so")); err != nil {
			return nil, fault("name the directory of a libtorch, or the torch directory of an installed PyTorch",
				"%s=%s has no lib/libtorch_cpu.so", LibtorchVariable, dir)
		}
		// Beside an installed PyTorch lies the CUDA runtime, which an engine with CUDA
		// itself needs.
		runtimes, _ := filepath.Glob(filepath.Join(dir, "..", "nvidia", "*", "lib", "libcudart.so.*")) // fails for bad patterns alone
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

// find returns the engine's file.
func (l Launcher) find() (string, error) {
	path, remedy := value(l.environ, EngineVariable), "name an engine with "+EngineVariable+", or leave it out for the one beside this program"
	if path == "" {
		self, err := l.beside()
		if err != nil {
			return "", fault("name the engine with "+EngineVariable, "the place of this program is not known: %w", err)
		}
		path, remedy = filepath.Join(filepath.Dir(self), Name), "run make build, or name an engine with "+EngineVariable
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
		return "", fault(remedy, "%s is no program", path)
	}
	return path, nil
}

// value returns that of an environment variable; empty: not set.
func value(environ []string, variable string) string {
	found := ""
	for _, v := range environ {
		if name, value, _ := strings.Cut(v, "="); name == variable {
			found = value // the last one counts, as for a process
		}
	}
	return found
}
