package launcher

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/hardware"
)

// standIn returns the path of a shell script that stands for an engine, and its
// launcher.
func standIn(t *testing.T, script string, environ ...string) (path string, l Launcher) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, Name)
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700))
	return path, Launcher{environ: environ, executable: func() (string, error) { return filepath.Join(dir, "backfire"), nil }}
}

// libtorchDir returns a directory with the one file by which a libtorch is recognised.
func libtorchDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "lib"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lib", "libtorch_cpu.so"), nil, 0o600))
	return dir
}

// answer is a script that answers with its role, the values of two environment
// variables, and a protocol.
const answer = `echo "{\"protocol\": $PROTOCOL, \"build\": {\"version\": \"$1\"}, \"libtorch\": {\"directory\": \"$LD_LIBRARY_PATH\", \"variant\": \"$LD_BIND_NOW\"}}"`

// ownProtocol makes the script answer with this program's protocol.
var ownProtocol = fmt.Sprintf("PROTOCOL=%d", Protocol)

func TestDescribe(t *testing.T) {
	_, l := standIn(t, answer, ownProtocol)
	d, err := l.Describe(context.Background())
	require.NoError(t, err)
	require.Equal(t, RoleDescribe, d.Build.Version)
	require.Empty(t, d.Libtorch.Directory)

	path, _ := standIn(t, answer)
	l.environ = append(l.environ, EngineVariable+"="+filepath.Join(t.TempDir(), "none"), EngineVariable+"="+path)
	_, err = l.Describe(context.Background())
	require.NoError(t, err, "the last value of a variable counts")
}

// LIBTORCH gives another libtorch precedence. When the engine is asked for its
// description, all functions of that libtorch are bound at once.
func TestAnotherLibtorch(t *testing.T) {
	dir := libtorchDir(t)
	_, l := standIn(t, answer, ownProtocol, LibtorchVariable+"="+dir)
	d, err := l.Describe(context.Background())
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "lib"), d.Libtorch.Directory)
	require.Equal(t, "1", d.Libtorch.Variant)

	l.environ = append(l.environ, "LD_LIBRARY_PATH=/own:/more")
	command, err := l.Worker()
	require.NoError(t, err)
	require.Equal(t, []string{RoleWorker}, command.Args[1:])
	require.Equal(t, filepath.Join(dir, "lib")+":/own:/more", value(command.Env, searchPath))
	require.Empty(t, value(command.Env, "LD_BIND_NOW"))
	require.Equal(t, "/own:/more", value(l.environ, searchPath), "the launcher's variables were changed")

	runtime := filepath.Join(filepath.Dir(dir), "nvidia", "cu13", "lib")
	require.NoError(t, os.MkdirAll(runtime, 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(runtime, "libcudart.so.13"), nil, 0o600))
	command, err = l.Worker()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "lib")+":"+runtime+":/own:/more", value(command.Env, searchPath), "the CUDA runtime is beside an installed PyTorch")
}

func TestFaults(t *testing.T) {
	const noTorch = "echo \"$0: error while loading shared libraries: libtorch_cpu.so: cannot open shared object file: No such file or directory\" >&2; exit 127"
	for name, tc := range map[string]struct {
		script  string
		environ []string
		says    string
	}{
		"no libtorch": {noTorch, nil, "backfire-engine needs libtorch_cpu.so, and it is not in the system's directories: " +
			"run make setup, then make build, or name the directory of a libtorch or PyTorch 2.11 with LIBTORCH=DIR"},
		"damaged libtorch": {
			"echo 'x: error while loading shared libraries: /lt/libc10.so: file too short' >&2; exit 127", nil,
			"backfire-engine needs /lt/libc10.so, and file too short: run make setup",
		},
		"another libtorch": {
			"echo \"$0: symbol lookup error: $0: undefined symbol: _ZN2at4fooEv\" >&2; exit 127", nil,
			"do not fit together (_ZN2at4fooEv is missing): run make setup",
		},
		"old system": {
			"echo \"$0: /lib/libc.so.6: version \\`GLIBC_2.99' not found (required by $0)\" >&2; exit 1", nil,
			"backfire-engine needs a newer system library (GLIBC_2.99) than this machine has: run make setup, then make build, on this machine",
		},
		"speaks of versions": {"echo 'version `one'; echo 'panic: version `two' >&2; exit 3", nil, "ended with exit status 3: panic: version `two: run make build"},
		"silent":             {"exit 2", nil, "cannot be started: exit status 2: run make build"},
		"no engine":          {"echo hello", nil, "does not answer as an engine does: run make build"},
		"other protocol":     {answer, []string{fmt.Sprintf("PROTOCOL=%d", Protocol+1)}, fmt.Sprintf("(describe) speaks protocol %d, this program %d: run make build, which makes both", Protocol+1, Protocol)},
		"LIBTORCH of nothing": {
			answer,
			[]string{ownProtocol, LibtorchVariable + "=/nowhere"},
			"LIBTORCH=/nowhere has no lib/libtorch_cpu.so: name the directory of a libtorch",
		},
		"no such engine":        {answer, []string{EngineVariable + "=/nowhere/engine"}, "there is no /nowhere/engine: name an engine with BACKFIRE_ENGINE"},
		"a directory":           {answer, []string{EngineVariable + "=/"}, "/ is not a program"},
		"no program at all":     {answer, []string{EngineVariable + "=launcher_test.go"}, "launcher_test.go is not a program"},
		"below what is no path": {answer, []string{EngineVariable + "=launcher_test.go/engine"}, "not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			_, l := standIn(t, tc.script, tc.environ...)
			_, err := l.Describe(context.Background())
			require.ErrorIs(t, err, ErrEngine)
			require.ErrorContains(t, err, tc.says)
			require.NotContains(t, err.Error(), "\n")
			var why *Fault
			require.ErrorAs(t, err, &why)
			require.NotEmpty(t, why.Remedy)
		})
	}
}

// With LIBTORCH, the error names that libtorch as the place of the missing library.
func TestMissingFromAnotherLibtorch(t *testing.T) {
	dir := libtorchDir(t)
	_, l := standIn(t, "echo 'x: error while loading shared libraries: libc10.so: "+notFound+"' >&2; exit 127", LibtorchVariable+"="+dir)
	_, err := l.Describe(context.Background())
	require.ErrorContains(t, err, "needs libc10.so, and it is not in "+filepath.Join(dir, "lib")+": run make setup")
}

func TestNoEngineBesideTheProgram(t *testing.T) {
	path, l := standIn(t, answer)
	require.NoError(t, os.Remove(path))
	_, err := l.Worker()
	require.EqualError(t, err, "launcher: the engine does not run: there is no "+path+": run make build, or name an engine with BACKFIRE_ENGINE")
}

// Workers get huge pages and a queue for each CUDA stream, unless the user has set the
// variable. Neither is one that may change bits.
func TestVariablesOfWorkers(t *testing.T) {
	for name, c := range map[string]struct{ ours, users string }{
		tunables:    {hugePages, "glibc.malloc.check=3"},
		connections: {"32", "8"},
	} {
		_, l := standIn(t, answer)
		command, err := l.Worker()
		require.NoError(t, err)
		require.Equal(t, c.ours, value(command.Env, name))
		require.Empty(t, value(l.environ, name), "the launcher's variables were changed")
		require.Empty(t, hardware.Arithmetic([]string{name + "=" + c.ours}))

		l.environ = append(l.environ, name+"="+c.users)
		command, err = l.Worker()
		require.NoError(t, err)
		require.Equal(t, c.users, value(command.Env, name))
	}
}

func TestDescribeIsInterrupted(t *testing.T) {
	_, l := standIn(t, "exec sleep 60")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := l.Describe(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, ErrEngine)
}

// The end of an engine for another reason is not explained.
func TestOtherEndsAreNotExplained(t *testing.T) {
	command := exec.Command("/bin/sh", "-c", "kill -9 $$")
	require.NoError(t, Explain(command, command.Run(), "out of memory"))
	require.NoError(t, Explain(command, nil, "error while loading shared libraries: a: b"))
}
