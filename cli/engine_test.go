package cli

import (
	"bytes"
	"context"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/launcher"
	"backfire/torchbridge"
)

// lostEngine returns a copy of the engine that was linked with a libtorch that no longer
// exists.
func lostEngine(t *testing.T) (path, lib string) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	program, err := elf.Open(self)
	require.NoError(t, err)
	dirs, err := program.DynString(elf.DT_RUNPATH)
	require.NoError(t, err)
	require.Len(t, dirs, 1)
	require.NoError(t, program.Close())
	image, err := os.ReadFile(self)
	require.NoError(t, err)
	lib = "/lost" + strings.Repeat("-", len(dirs[0])-len("/lost/lib")) + "/lib"
	require.Len(t, lib, len(dirs[0]), "it takes the place of the other")
	image = bytes.ReplaceAll(image, []byte(dirs[0]+"\x00"), []byte(lib+"\x00"))
	path = filepath.Join(t.TempDir(), launcher.Name)
	require.NoError(t, os.WriteFile(path, image, 0o700))
	return path, lib
}

// The loader's message about a missing libtorch becomes one sentence with the remedy,
// before anything is trained or stored. With another libtorch the same engine runs.
func TestLibtorchIsGone(t *testing.T) {
	engine, lib := lostEngine(t)
	store := filepath.Join(t.TempDir(), "runs")
	play := func(args ...string) (code int, out, errOut string) {
		streams, outBuffer, errBuffer := testStreams()
		streams.Environ = []string{launcher.EngineVariable + "=" + engine}
		code = Main(context.Background(), args, streams)
		return code, outBuffer.String(), errBuffer.String()
	}
	fault := "backfire-engine needs libtorch_cpu.so, and it is not in " + lib + ", for which it was built"
	remedy := "run make setup, then make build, or name the directory of a libtorch or PyTorch " + launcher.Libtorch + " with LIBTORCH=DIR"
	for _, args := range [][]string{
		{"run", "--preset", "quick", "--store", store},
		{"quick", "--store", store, "--json"},
		{"table", "1", "--preset", "quick", "--store", store},
	} {
		code, out, errOut := play(args...)
		require.Equal(t, ExitFailure, code, args)
		require.Empty(t, out)
		require.Equal(t, "backfire: launcher: the engine does not run: "+fault+": "+remedy+"\n", errOut)
		require.NoDirExists(t, store)
	}

	code, out, errOut := play("doctor", "--store", store)
	require.Equal(t, ExitFailure, code)
	verdict, text := verdictOf(t, out, "engine")
	require.Equal(t, "fail", verdict)
	require.Contains(t, text, fault)
	require.Contains(t, text, "-> "+remedy)
	require.Equal(t, "backfire: doctor: 1 of 7 checks failed\n", errOut)

	code, out, _ = play("version")
	require.Equal(t, ExitOK, code)
	require.Contains(t, out, "not working, see backfire doctor")

	d, err := testEngine(t, launcher.EngineVariable+"="+engine, launcher.LibtorchVariable+"="+torchbridge.LibtorchDir).Describe(context.Background())
	require.NoError(t, err)
	require.Equal(t, torchbridge.LibtorchVersion, d.Libtorch.Version)
}

// A libtorch that disappears during a run ends the run with the same sentence.
func TestLibtorchGoesAway(t *testing.T) {
	opts, _, _, _ := runOptions(t)
	engine, lib := lostEngine(t)
	worker := opts.Worker
	started := 0
	opts.Worker = func() (*exec.Cmd, error) {
		if started++; started > 1 {
			return worker()
		}
		command, err := worker()
		command.Path = engine
		return command, err
	}
	err := runSweep(context.Background(), opts)
	require.ErrorIs(t, err, launcher.ErrEngine)
	require.ErrorContains(t, err, "it is not in "+lib)
	require.NotContains(t, err.Error(), "\n")
	require.Equal(t, ExitFailure, ExitCode(err))
}

// The release that faults speak of is the one that is linked.
func TestRelease(t *testing.T) {
	require.True(t, strings.HasPrefix(torchbridge.LibtorchVersion, launcher.Libtorch+"."))
}
