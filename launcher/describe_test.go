package launcher

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// An engine that is killed once is tried once more, and its answer counts.
func TestKilledEngineIsTriedOnceMore(t *testing.T) {
	for _, end := range []string{"kill -9 $$", "kill -11 $$", "kill -15 $$", "kill -7 $$", "exit 137"} {
		path, l := standIn(t, `if ! [ -e "$0.tried" ]; then touch "$0.tried"; `+end+"; fi\n"+answer, ownProtocol)
		d, err := l.Describe(context.Background())
		require.NoError(t, err, end)
		require.Equal(t, Protocol, d.Protocol)
		require.FileExists(t, path+".tried")
	}
}

// An engine that is killed each time is tried twice, and the reason is what ended it.
func TestReasonOfAKilledEngine(t *testing.T) {
	for script, says := range map[string]string{
		"kill -9 $$":  "was killed twice (SIGKILL), which the system does where memory is short: give this machine, job or container more memory",
		"exit 137":    "was killed twice (SIGKILL)",
		"kill -4 $$":  "uses an instruction that this processor does not have (SIGILL): run make setup, then make build, on this machine",
		"kill -11 $$": "crashed twice (signal: segmentation fault): run make setup, then make build",
		"kill -7 $$":  "crashed twice (signal: bus error)",
		"echo 'terminate called: no such thing' >&2; kill -6 $$": "crashed twice (signal: aborted): terminate called: no such thing: run make setup",
		"kill -15 $$": "was ended twice from outside (signal: terminated): repeat the command",
		"kill -24 $$": "used up its processor time (SIGXCPU): raise the limit (ulimit -t)",
	} {
		path, l := standIn(t, `echo try >>"$0.tries"; `+script)
		_, err := l.Describe(context.Background())
		require.ErrorIs(t, err, ErrEngine)
		require.ErrorContains(t, err, path+" "+says)
		tries, readErr := os.ReadFile(path + ".tries")
		require.NoError(t, readErr)
		require.Equal(t, "try\ntry\n", string(tries), script)
	}
}

// An engine without memory says so in several words.
func TestEngineWithoutMemory(t *testing.T) {
	for _, script := range []string{
		"echo 'fatal error: failed to reserve page summary memory' >&2; exit 2",
		"echo 'runtime/cgo: pthread_create failed: Resource temporarily unavailable' >&2; kill -6 $$",
		"echo \"terminate called after throwing an instance of 'std::bad_alloc'\" >&2; kill -6 $$",
		"echo \"$0: error while loading shared libraries: libtorch_cpu.so: failed to map segment from shared object\" >&2; exit 127",
	} {
		_, l := standIn(t, script)
		_, err := l.Describe(context.Background())
		require.ErrorIs(t, err, ErrEngine)
		require.ErrorContains(t, err, memoryRemedy, script)
	}
}

// An engine that leaves a process behind with its output does not hold the command line.
func TestEngineThatLeavesAProcess(t *testing.T) {
	_, l := standIn(t, "sleep 1000 &\n"+answer, ownProtocol)
	_, err := l.Describe(context.Background())
	require.NoError(t, err)
}

// compiled returns an engine in C that needs libtorch_fake.so, beside a directory with
// that library.
func compiled(t *testing.T) (engine string) {
	t.Helper()
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skip("there is no C compiler")
	}
	dir := t.TempDir()
	lib := filepath.Join(dir, "lib")
	library(t, lib, "int one(void) { return 1; } int two(void) { return 2; }")
	source := filepath.Join(dir, "engine.c")
	program := fmt.Sprintf("int one(void), two(void), printf(const char *, ...); int main(void) { printf(\"{\\\"protocol\\\": %d}\\n\"); return one() + two() != 3; }\n", Protocol)
	require.NoError(t, os.WriteFile(source, []byte(program), 0o600))
	engine = filepath.Join(dir, Name)
	out, err := exec.Command("cc", "-o", engine, source, "-L"+lib, "-ltorch_fake", "-Wl,--enable-new-dtags,-rpath,"+lib, "-Wl,-z,now").CombinedOutput()
	require.NoError(t, err, string(out))
	return engine
}

// library compiles libtorch_fake.so into a directory.
func library(t *testing.T, dir, source string, more ...string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o750))
	file, path := filepath.Join(dir, "fake.c"), filepath.Join(dir, "libtorch_fake.so")
	require.NoError(t, os.WriteFile(file, []byte(source), 0o600))
	out, err := exec.Command("cc", append([]string{"-shared", "-fPIC", "-o", path, file}, more...)...).CombinedOutput()
	require.NoError(t, err, string(out))
	return path
}

// A library that LD_LIBRARY_PATH or LD_PRELOAD brings in is named by its file, whatever it
// does to the engine.
func TestForeignLibrariesAreNamed(t *testing.T) {
	engine := compiled(t)
	describe := func(environ ...string) error {
		_, err := New(append(environ, EngineVariable+"="+engine)).Describe(context.Background())
		return err
	}
	require.NoError(t, describe())
	require.NoError(t, describe(searchPath+"="+t.TempDir()))

	const whole = "int one(void) { return 1; } int two(void) { return 2; } "
	for name, source := range map[string]string{
		"lacks a function":  "int one(void) { return 1; }",
		"crashes":           whole + "__attribute__((constructor)) void f(void) { *(volatile int *)0 = 1; }",
		"is killed":         whole + "int raise(int); __attribute__((constructor)) void f(void) { raise(9); }",
		"ends the program":  whole + "void _exit(int); __attribute__((constructor)) void f(void) { _exit(3); }",
		"answers otherwise": "int one(void) { return 5; } int two(void) { return 2; }",
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "foreign lib")
			path := library(t, dir, source)
			err := describe(searchPath + "=/nowhere:" + dir + "/")
			require.ErrorIs(t, err, ErrEngine)
			require.ErrorContains(t, err, "LD_LIBRARY_PATH makes it load "+path)
			require.ErrorContains(t, err, foreignRemedy)
			require.NotContains(t, err.Error(), "\n")
			err = describe(preload + "=" + strings.ReplaceAll(path, "foreign lib", "foreign_lib"))
			require.NoError(t, err, "a library that is not there changes nothing")
			require.NoError(t, os.Rename(dir, strings.ReplaceAll(dir, " ", "_")))
			path = strings.ReplaceAll(path, " ", "_")
			err = describe(preload + "=" + path)
			if name == "lacks a function" {
				require.NoError(t, err, "the other library has it")
				return
			}
			require.ErrorIs(t, err, ErrEngine)
			require.ErrorContains(t, err, "LD_PRELOAD makes it load "+path)
		})
	}
}

// A damaged library, or one that needs another, is named, too.
func TestDamagedForeignLibraries(t *testing.T) {
	engine := compiled(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "libtorch_fake.so")
	require.NoError(t, os.WriteFile(path, []byte("\x7fELF"), 0o600))
	_, err := New([]string{EngineVariable + "=" + engine, searchPath + "=" + dir}).Describe(context.Background())
	require.ErrorContains(t, err, "needs "+path+", and file too short")

	other := filepath.Join(t.TempDir(), "other")
	library(t, other, "int three(void) { return 3; }")
	require.NoError(t, os.Rename(filepath.Join(other, "libtorch_fake.so"), filepath.Join(other, "libother.so")))
	path = library(t, dir, "int three(void); int one(void) { return 1; } int two(void) { return three() - 1; }", "-L"+other, "-lother")
	_, err = New([]string{EngineVariable + "=" + engine, searchPath + "=" + dir}).Describe(context.Background())
	require.ErrorContains(t, err, "needs libother.so, and it is not in ")
	require.ErrorContains(t, err, "LD_LIBRARY_PATH makes it load "+path)
}

// The engine does not get the variables that divide sums among threads, and gets all
// others; LIBTORCH and huge pages are added to them.
func TestEngineEnvironment(t *testing.T) {
	_, l := standIn(t, answer, "OMP_NUM_THREADS=7", "MKL_NUM_THREADS=7", "KMP_AFFINITY=none", "MKL_CBWR=AVX2", "HOME=/home/ann")
	command, err := l.Worker()
	require.NoError(t, err)
	require.Equal(t, []string{"MKL_CBWR=AVX2", "HOME=/home/ann", tunables + "=" + hugePages, "CUDA_DEVICE_MAX_CONNECTIONS=32"}, command.Env)
	t.Setenv("OMP_NUM_THREADS", "7")
	l.environ = nil
	command, err = l.Worker()
	require.NoError(t, err)
	require.Empty(t, value(command.Env, "OMP_NUM_THREADS"), "also of this process, where no others are named")
	require.NotEmpty(t, value(command.Env, "PATH"))
}
