package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/download"
)

func TestSetupFromNothing(t *testing.T) {
	m, root, cache := newMachine(t), newClone(t), filepath.Join(t.TempDir(), "not", "there yet")
	s, said := m.setup(root, cache)
	require.ErrorIs(t, checkReady(s.settings), errNotReady)
	require.NoError(t, s.run(t.Context()), said)
	require.NoError(t, checkReady(s.settings))

	require.Contains(t, said.String(), "  download torch.whl: no mirror delivered the file: tried torch.invalid (no such host); retry later, or put the file into "+
		filepath.Join(cache, "downloads")+" by hand\nfetching libtorch 2.11.0 from PyPI instead (545 MB)")
	require.Contains(t, said.String(), "next: make quick\n")
	require.Equal(t, []string{
		"include/ATen/ATen.h", "include/torch/csrc/api/include/torch/torch.h", "include/torch/headeronly/version.h",
		"lib/libc10.so", "lib/libcudart.so.13", "lib/libtorch_cpu.so",
		"licences/torch-2.11.0/LICENSE", "licences/torch-2.11.0/third_party/fmt/LICENSE",
	}, filesIn(t, filepath.Join(cache, "libtorch-2.11.0-cpu")))

	gotch, err := filepath.Glob(filepath.Join(cache, "gotch-0.9.1-*"))
	require.NoError(t, err)
	require.Len(t, gotch, 1)
	require.Equal(t, []string{"CHANGES", "LICENSE", "go.mod", "libtch/lib.go", "libtch/" + generatedFile}, filesIn(t, gotch[0]))
	libgo, err := os.ReadFile(filepath.Join(gotch[0], "libtch", "lib.go"))
	require.NoError(t, err)
	require.Contains(t, string(libgo), filepath.Join(cache, "libtorch-2.11.0-cpu", "lib"))
	cpp, err := os.ReadFile(filepath.Join(gotch[0], "libtch", generatedFile))
	require.NoError(t, err)
	require.NotContains(t, string(cpp), "gone()")
	work, err := os.ReadFile(filepath.Join(root, workFile))
	require.NoError(t, err)
	require.Contains(t, string(work), gotch[0])

	require.NoDirExists(t, filepath.Join(cache, "downloads"), "unpacked downloads were kept")
	requireNoParts(t, cache)
}

func TestSetupAnnouncesWhatItTakes(t *testing.T) {
	m, cache := newMachine(t), t.TempDir()
	s, said := m.setup(newClone(t), cache)
	require.NoError(t, s.run(t.Context()), said)
	require.Contains(t, said.String(), "setting up backfire in "+cache+`: libtorch 2.11.0 for the CPU, and the gotch bindings adapted to it
  fetches:  libtorch, 190 MB (545 MB if only PyPI can be reached), and the Go modules that are missing, at most 110 MB
  disk:     needs 3000 MB while it runs
  duration: about 5 minutes the first time, seconds after that and in further clones
fetching libtorch 2.11.0 for the CPU from download.pytorch.org (190 MB)
`)

	again, said := m.setup(newClone(t), cache)
	require.NoError(t, again.run(t.Context()), said)
	require.Contains(t, said.String(), "libtorch is there already")
	require.NotContains(t, said.String(), "fetches")

	cuda, said := m.setup(newClone(t), cache)
	cuda.locator.variant = variantCUDA
	require.NoError(t, cuda.announce(t.Context()))
	require.Contains(t, said.String(), "libtorch, 2500 MB, and the Go modules")
	require.Contains(t, said.String(), "needs 9000 MB")
}

func TestSetupNeedsNoDiskForALibtorchThatIsGiven(t *testing.T) {
	m := newMachine(t)
	s, _ := m.setup(newClone(t), t.TempDir())
	s.locator.libtorch = t.TempDir()
	_, fetches := s.locator.missing(t.Context())
	require.False(t, fetches)
}

func TestSecondCloneFetchesNothing(t *testing.T) {
	m, cache := newMachine(t), t.TempDir()
	s, said := m.setup(newClone(t), cache)
	require.NoError(t, s.run(t.Context()), said)
	before := filesIn(t, cache)
	m.calls = nil
	second, said := m.setup(newClone(t), cache)
	require.NoError(t, second.run(t.Context()), said)
	require.NoError(t, checkReady(second.settings))
	require.Equal(t, []string{"go list", "go env", "go build"}, m.calls)
	require.Equal(t, before, filesIn(t, cache))
}

// TestSetupCanBeInterrupted interrupts a set-up at every step and checks that no incomplete part is in use, and that repeating it gives
// the same result as without the interruption.
func TestSetupCanBeInterrupted(t *testing.T) {
	for _, step := range []string{
		"python3 pip", "python3 pip download torch==2.11.0", "python3 pip download nvidia-cuda-runtime==13.0.96", "go mod download", "go build",
	} {
		t.Run(step, func(t *testing.T) {
			m, root, cache := newMachine(t), newClone(t), t.TempDir()
			s, said := m.setup(root, cache)
			ctx, cancel := context.WithCancel(t.Context())
			m.after[step] = cancel
			m.fail[step] = context.Canceled
			require.ErrorIs(t, s.run(ctx), context.Canceled)
			require.ErrorIs(t, checkReady(s.settings), errNotReady)
			requireNoParts(t, cache)

			m.after, m.fail = nil, nil
			done := slices.Contains(m.calls, "python3 pip download nvidia-cuda-runtime==13.0.96")
			m.calls = nil
			require.NoError(t, s.run(t.Context()), said)
			require.NoError(t, checkReady(s.settings))
			if done {
				require.NotContains(t, m.calls, "python3 pip download torch==2.11.0", "a complete download was repeated")
			}
		})
	}
}

func TestSetupRemovesPartsOfAKilledSetup(t *testing.T) {
	m, cache := newMachine(t), t.TempDir()
	for _, dir := range []string{"libtorch-2.11.0-cpu" + partMark + "1", "downloads/pip" + partMark + "2", "gotch-0.9.1-0" + partMark + "3"} {
		writeFile(t, filepath.Join(cache, dir, "half"), "x", 0o644)
	}
	s, said := m.setup(newClone(t), cache)
	require.NoError(t, s.run(t.Context()), said)
	requireNoParts(t, cache)
}

func TestSetupWaitsForAnotherOne(t *testing.T) {
	m, cache := newMachine(t), t.TempDir()
	unlock, err := lockCache(t.Context(), cache, func(string, ...any) { t.Error("waited although no other set-up runs") })
	require.NoError(t, err)

	s, said := m.setup(newClone(t), cache)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.run(ctx), context.Canceled)
	require.NotContains(t, m.calls, "python3 pip")

	_, err = lockCache(ctx, cache, s.console.say)
	require.ErrorIs(t, err, context.Canceled)
	require.Contains(t, said.String(), "another set-up is at work")
	require.NoError(t, unlock())
	require.NoError(t, s.run(t.Context()))
}

func TestSetupRefuses(t *testing.T) {
	tests := []struct {
		name string
		fail map[string]error
		want string
	}{
		{"no go", map[string]error{"go": exec.ErrNotFound}, "the go command is missing: install Go"},
		{"old go", map[string]error{"go list": errors.New("go: go.mod requires go >= 1.26.0")}, "go.mod requires go >= 1.26.0"},
		{"no g++", map[string]error{"g++": exec.ErrNotFound}, "g++ is missing: install it"},
		{"old g++", map[string]error{"g++": errors.New("unrecognized -std=c++17")}, "g++ cannot compile C++17"},
		{"no python3", map[string]error{"python3": exec.ErrNotFound}, "python3 is missing: install Python 3 with pip"},
		{"no pip", map[string]error{"python3 pip": errors.New("No module named pip")}, "python3 has no pip: install it"},
		{"pip fails", map[string]error{"python3 pip download torch==2.11.0": errors.New("exit status 1")}, "pip could not download torch==2.11.0"},
		{"no gotch", map[string]error{"go mod download": errors.New("no network")}, "fetching gotch v0.9.1: no network"},
		{"no compilation", map[string]error{"go build": errors.New("exit status 1")}, "compiling gotch"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, cache := newMachine(t), t.TempDir()
			m.fail = test.fail
			s, _ := m.setup(newClone(t), cache)
			err := s.run(t.Context())
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "\n", "more than one sentence")
			require.ErrorIs(t, checkReady(s.settings), errNotReady)
			requireNoParts(t, cache)
		})
	}
}

func TestSetupNeedsPythonOnlyToFetch(t *testing.T) {
	m, cache := newMachine(t), t.TempDir()
	s, said := m.setup(newClone(t), cache)
	require.NoError(t, s.run(t.Context()), said)
	m.fail["python3"] = exec.ErrNotFound
	s, said = m.setup(newClone(t), cache)
	require.NoError(t, s.run(t.Context()), said)
}

func TestSetupRefusesAWheelWithAnotherSum(t *testing.T) {
	m, cache := newMachine(t), t.TempDir()
	s, _ := m.setup(newClone(t), cache)
	s.locator.sources.cpu = strings.Replace(s.locator.sources.cpu, "sha256:", "sha256:00", 1)
	require.ErrorIs(t, s.run(t.Context()), download.ErrWrongContent)
	require.NoFileExists(t, filepath.Join(cache, "downloads", "torch-2.11.0.whl"))
	require.NoDirExists(t, filepath.Join(cache, "libtorch-2.11.0-cpu"))
}

func TestSetupRefusesALibtorchThatCannotBeLoaded(t *testing.T) {
	m, cache := newMachine(t), t.TempDir()
	s, _ := m.setup(newClone(t), cache)
	s.locator.sources.cpu = m.requirement("torch-2.11.0") // and no libcudart.so.13
	require.ErrorContains(t, s.run(t.Context()), "libcudart.so.13")
	require.NoDirExists(t, filepath.Join(cache, "libtorch-2.11.0-cpu"))
}

// requireNoParts fails if the cache has an incomplete part.
func requireNoParts(t *testing.T, cache string) {
	t.Helper()
	for _, pattern := range []string{"*", "*/*"} {
		names, err := filepath.Glob(filepath.Join(cache, pattern))
		require.NoError(t, err)
		for _, n := range names {
			require.NotContains(t, n, partMark)
		}
	}
}
