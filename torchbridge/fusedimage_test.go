package torchbridge

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// findNVRTC loads the NVRTC of a libtorch with CUDA that set-up has put into the cache; without
// one the test is skipped.
func findNVRTC(t *testing.T) *nvrtc {
	t.Helper()
	places := []string{LibtorchDir}
	cached, err := filepath.Glob(filepath.Join(filepath.Dir(LibtorchDir), "libtorch-*", "torch"))
	require.NoError(t, err)
	for _, place := range append(places, cached...) {
		for _, file := range nvrtcFiles(place) {
			if _, err := os.Stat(file); err != nil {
				continue
			}
			n, err := openNVRTC([]string{file})
			require.NoError(t, err)
			t.Cleanup(n.close)
			return n
		}
	}
	t.Skip("needs the libtorch for CUDA, which has NVRTC: BACKFIRE_VARIANT=cuda make setup, which needs no GPU")
	return nil
}

// usage is what a kernel takes of a multiprocessor.
type usage struct{ stack, stores, loads, registers, shared int }

var (
	kernelLine   = regexp.MustCompile(`Compiling entry function '(\w+)' for '\w+'`)
	spillLine    = regexp.MustCompile(`(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads`)
	registerLine = regexp.MustCompile(`Used (\d+) registers`)
	sharedPart   = regexp.MustCompile(`(\d+) bytes smem`)
)

// usageIn returns the usage of each kernel from the compiler's log.
func usageIn(log string) map[string]usage {
	number := func(text string) int { n, _ := strconv.Atoi(text); return n }
	found := map[string]usage{}
	starts := kernelLine.FindAllStringSubmatchIndex(log, -1)
	for i, at := range starts {
		end := len(log)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		part := log[at[1]:end]
		spills, registers := spillLine.FindStringSubmatch(part), registerLine.FindStringSubmatch(part)
		if spills == nil || registers == nil {
			continue
		}
		u := usage{number(spills[1]), number(spills[2]), number(spills[3]), number(registers[1]), 0}
		if shared := sharedPart.FindStringSubmatch(part); shared != nil {
			u.shared = number(shared[1])
		}
		found[log[at[2]:at[3]]] = u
	}
	return found
}

// The limits: four blocks of 256 threads fit into a multiprocessor's 65,536 registers, nothing
// lies in local memory, and shared memory is what a kernel has without asking for more.
const (
	mostRegisters = 64
	mostShared    = 48 << 10
)

// check returns what is wrong with the usage of a kernel.
func (u usage) check() error {
	if u.stack > 0 || u.stores > 0 || u.loads > 0 || u.registers > mostRegisters || u.shared > mostShared {
		return fmt.Errorf("a stack of %d bytes, %d bytes spilled, %d loaded, %d registers, %d bytes of shared memory", u.stack, u.stores, u.loads, u.registers, u.shared)
	}
	return nil
}

func TestUsage(t *testing.T) {
	found := usageIn(`ptxas info    : Compiling entry function 'one' for 'sm_90a'
ptxas info    : Function properties for one
ptxas         .     8 bytes stack frame, 4 bytes spill stores, 12 bytes spill loads
ptxas info    : Used 65 registers, used 1 barriers, 49153 bytes smem
ptxas info    : Compiling entry function 'two' for 'sm_90a'
ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 64 registers, used 0 barriers
`)
	require.Equal(t, map[string]usage{"one": {8, 4, 12, 65, 49153}, "two": {registers: 64}}, found)
	require.NoError(t, found["two"].check())
	for _, u := range []usage{{stack: 1}, {stores: 1}, {loads: 1}, {registers: 65}, {shared: 48<<10 + 1}} {
		require.Error(t, u.check())
	}
}

// NVRTC compiles the kernels for the kinds of GPU that they are for, within the limits.
func TestFusedImages(t *testing.T) {
	n := findNVRTC(t)
	for _, architecture := range []string{architectureOf(80), architectureOf(90), architectureOf(100)} {
		t.Run(architecture, func(t *testing.T) {
			image, log, err := n.compile(fusedSource(), fusedOptions(architecture))
			require.NoError(t, err)
			require.Equal(t, "\x7fELF", string(image[:4]))
			found := usageIn(log)
			require.Len(t, found, len(kernelNames()), log)
			for _, name := range kernelNames() {
				require.Contains(t, found, name)
				require.NoError(t, found[name].check(), name)
			}
		})
	}
	_, _, err := n.compile("nothing", fusedOptions("sm_90a"))
	require.ErrorContains(t, err, "NVRTC: NVRTC_ERROR_COMPILATION: ")
	require.ErrorContains(t, err, "nothing")
	_, _, err = n.compile("", fusedOptions("sm_1"))
	require.Error(t, err)
}

func TestArchitectures(t *testing.T) {
	require.Equal(t, []string{"sm_80", "sm_90a", "sm_100", "sm_120"}, []string{architectureOf(80), architectureOf(90), architectureOf(100), architectureOf(120)})
}

func TestNoNVRTC(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "lib", "libnvrtc.so.13")
	require.NoError(t, os.MkdirAll(filepath.Dir(broken), 0o700))
	for _, name := range []string{"libnvrtc.so.13", "libnvrtc.alt.so.13", "libnvrtc-builtins.so.13.0"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "lib", name), []byte("no library"), 0o600))
	}
	files := nvrtcFiles(dir)
	require.Equal(t, []string{broken, "libnvrtc.so.13", "libnvrtc.so.12"}, files)
	_, err := openNVRTC(files[:1])
	require.ErrorContains(t, err, "no NVRTC: the builtins of NVRTC: "+filepath.Join(dir, "lib", "libnvrtc-builtins.so.13.0"))
	_, err = openNVRTC([]string{filepath.Join(t.TempDir(), "libnvrtc.so.13")})
	require.ErrorContains(t, err, "cannot open shared object file")
	_, err = loadChecked(0)
	require.Error(t, err, "without a GPU")
}

// An image is compiled once for each source, options and version, and whatever lies in its place
// instead is replaced.
func TestImageCache(t *testing.T) {
	compiled := 0
	cache := imageCache{filepath.Join(t.TempDir(), "new", "kernels")}
	image := func(source, version string, options ...string) string {
		made, err := cache.image(source, options, version, func() ([]byte, error) {
			compiled++
			return fmt.Appendf(nil, "%s %s %s", source, version, options), nil
		})
		require.NoError(t, err)
		return string(made)
	}
	for range 2 {
		require.Equal(t, "a 13.0 [x]", image("a", "13.0", "x"))
	}
	require.Equal(t, 1, compiled)
	require.Equal(t, "b 13.0 [x]", image("b", "13.0", "x"))
	require.Equal(t, "a 13.1 [x]", image("a", "13.1", "x"))
	require.Equal(t, "a 13.0 [x y]", image("a", "13.0", "x", "y"))
	require.Equal(t, 4, compiled)
	files, err := filepath.Glob(filepath.Join(cache.dir, "*"))
	require.NoError(t, err)
	require.Len(t, files, 4, "and no draft")
	whole, err := os.ReadFile(files[0])
	require.NoError(t, err)
	changed := append([]byte{}, whole...)
	changed[len(changed)-1] ^= 1
	for _, damage := range [][]byte{nil, []byte("foreign"), whole[:64], whole[:len(whole)-1], changed} {
		for _, file := range files {
			require.NoError(t, os.WriteFile(file, damage, 0o600))
		}
		before := compiled
		require.Equal(t, "a 13.0 [x]", image("a", "13.0", "x"))
		require.Equal(t, "a 13.0 [x]", image("a", "13.0", "x"))
		require.Equal(t, before+1, compiled)
	}
	blocked := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(blocked, nil, 0o600))
	for _, dir := range []string{"", filepath.Join(blocked, "below")} {
		cache.dir = dir
		require.Equal(t, "a 13.0 [x]", image("a", "13.0", "x"))
	}
	_, err = cache.image("a", nil, "13.0", func() ([]byte, error) { return nil, nil })
	require.ErrorContains(t, err, "empty image")
	_, err = cache.image("a", nil, "13.0", func() ([]byte, error) { return nil, os.ErrInvalid })
	require.ErrorIs(t, err, os.ErrInvalid)
}

func TestImageDir(t *testing.T) {
	for _, tc := range []struct {
		environment map[string]string
		want        string
	}{
		{map[string]string{"BACKFIRE_CACHE": "/a"}, "/a/gpu-kernels"},
		{nil, ""},
	} {
		require.Equal(t, tc.want, imageDir(func(name string) string { return tc.environment[name] }))
	}
}
