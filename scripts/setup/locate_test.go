package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// writeLibtorch writes a small libtorch with include/ and lib/ into dir, with CUDA if cuda is set.
func writeLibtorch(t *testing.T, dir string, cuda bool) {
	t.Helper()
	libs := tinyLibraries(t)
	files := map[string]string{
		"include/ATen/ATen.h":                            "",
		"include/torch/csrc/api/include/torch/torch.h":   "",
		"include/torch/csrc/api/include/torch/version.h": versionHeader("2", "5", "1"),
		"lib/libtorch_cpu.so":                            libs["libtorch_cpu.so"],
		"lib/libc10.so":                                  libs["libc10.so"],
		"lib/libcudart.so.13":                            libs["libcudart.so.13"],
	}
	if cuda {
		files["lib/libtorch_cuda.so"], files["lib/libc10_cuda.so"] = libs["libtorch_cuda.so"], libs["libc10_cuda.so"]
	}
	for name, text := range files {
		writeFile(t, filepath.Join(dir, name), text, 0o644)
	}
}

// writeToolkit writes the required files of a CUDA toolkit into dir.
func writeToolkit(t *testing.T, dir string) {
	t.Helper()
	writeFile(t, filepath.Join(dir, "include", "cuda_runtime_api.h"), "", 0o644)
	writeFile(t, filepath.Join(dir, "include", "crt", "host_defines.h"), "", 0o644)
	writeFile(t, filepath.Join(dir, "lib64", "libcudart.so.13"), tinyLibraries(t)["libcudart.so.13"], 0o644)
}

func TestGivenLibtorch(t *testing.T) {
	m, dir := newMachine(t), t.TempDir()
	writeLibtorch(t, dir, false)
	before := filesIn(t, dir)
	s, _ := m.setup(newClone(t), t.TempDir())
	s.locator.libtorch = dir
	l, from, err := s.locator.locate(t.Context())
	require.NoError(t, err)
	require.Equal(t, originGiven, from)
	require.Equal(t, libtorch{
		Dir: dir, Include: filepath.Join(dir, "include"), Lib: filepath.Join(dir, "lib"), Version: "2.5.1", Variant: variantCPU,
	}, l)
	require.Equal(t, before, filesIn(t, dir), "something was written into the user's libtorch")
	require.Empty(t, m.calls)
}

func TestGivenLibtorchWithMissingPieces(t *testing.T) {
	for _, piece := range []string{
		"include/ATen/ATen.h", "include/torch/csrc/api/include/torch/torch.h", "lib/libtorch_cpu.so", "lib/libc10.so",
	} {
		t.Run(filepath.Base(piece), func(t *testing.T) {
			m, dir := newMachine(t), t.TempDir()
			writeLibtorch(t, dir, false)
			require.NoError(t, os.Remove(filepath.Join(dir, piece)))
			s, _ := m.setup(newClone(t), t.TempDir())
			s.locator.libtorch = dir
			_, _, err := s.locator.locate(t.Context())
			require.EqualError(t, err, "LIBTORCH="+dir+" is no complete libtorch: "+filepath.Join(dir, piece)+
				" is missing; give the directory that holds include/ and lib/")
		})
	}
}

func TestGivenLibtorchOfUnknownVersion(t *testing.T) {
	m, dir := newMachine(t), t.TempDir()
	writeLibtorch(t, dir, false)
	writeFile(t, filepath.Join(dir, "include/torch/csrc/api/include/torch/version.h"), "#define TORCH_VERSION_MAJOR 2\n", 0o644)
	s, _ := m.setup(newClone(t), t.TempDir())
	s.locator.libtorch = dir
	_, _, err := s.locator.locate(t.Context())
	require.ErrorContains(t, err, "no TORCH_VERSION_MAJOR, _MINOR and _PATCH")
}

func TestGivenLibtorchThatCannotBeLoaded(t *testing.T) {
	m, dir := newMachine(t), t.TempDir()
	writeLibtorch(t, dir, false)
	require.NoError(t, os.Remove(filepath.Join(dir, "lib", "libcudart.so.13")))
	s, _ := m.setup(newClone(t), t.TempDir())
	s.locator.libtorch = dir
	_, _, err := s.locator.locate(t.Context())
	require.ErrorContains(t, err, "libcudart.so.13")
}

func TestGivenLibtorchVariant(t *testing.T) {
	tests := []struct {
		name      string
		asked     variant
		gpu, cuda bool
		toolkit   bool
		want      variant
		wantError string
		wantSaid  string
	}{
		{name: "no GPU", cuda: true, toolkit: true, want: variantCPU},
		{name: "GPU", gpu: true, cuda: true, toolkit: true, want: variantCUDA},
		{name: "GPU but CPU asked for", asked: variantCPU, gpu: true, cuda: true, toolkit: true, want: variantCPU},
		{name: "no GPU but CUDA asked for", asked: variantCUDA, cuda: true, toolkit: true, want: variantCUDA},
		{name: "GPU but libtorch without CUDA", gpu: true, toolkit: true, want: variantCPU, wantSaid: "there is a GPU, but no CUDA in"},
		{name: "GPU but no toolkit", gpu: true, cuda: true, want: variantCPU, wantSaid: "set CUDA_HOME to one; building for the CPU"},
		{name: "CUDA asked for of libtorch without", asked: variantCUDA, toolkit: true, wantError: "it has no libtorch_cuda.so"},
		{name: "CUDA asked for without toolkit", asked: variantCUDA, cuda: true, wantError: "set CUDA_HOME to one"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, dir, kit := newMachine(t), t.TempDir(), filepath.Join(t.TempDir(), "cuda")
			writeLibtorch(t, dir, test.cuda)
			if test.toolkit {
				writeToolkit(t, kit)
			}
			s, said := m.setup(newClone(t), t.TempDir())
			lo := s.locator
			lo.libtorch, lo.variant = dir, test.asked
			lo.gpu = func(context.Context) bool { return test.gpu }
			lo.getenv = environ(map[string]string{"CUDA_HOME": kit})
			l, _, err := lo.locate(t.Context())
			require.Contains(t, said.String(), test.wantSaid)
			if test.wantError != "" {
				require.ErrorIs(t, err, errNoCUDA)
				require.ErrorContains(t, err, test.wantError)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, l.Variant)
			if test.want == variantCUDA {
				require.Equal(t, []string{filepath.Join(kit, "include")}, l.CUDAInclude)
				require.Equal(t, filepath.Join(kit, "lib64"), l.CUDALib)
				require.Equal(t, "libcudart.so.13", l.Cudart)
			}
		})
	}
}

func TestInstalledPyTorch(t *testing.T) {
	site := t.TempDir()
	writeLibtorch(t, filepath.Join(site, "torch"), false)
	answer := func(ctx context.Context, c command) error {
		if c.name != "python3" {
			return runCommand(ctx, c)
		}
		_, err := c.stdout.Write([]byte("some warning\n\"" + filepath.Join(site, "torch") + "\"\n"))
		return err
	}
	m := newMachine(t)
	s, _ := m.setup(newClone(t), t.TempDir())
	s.locator.usePyTorch, s.locator.run = true, answer
	l, from, err := s.locator.locate(t.Context())
	require.NoError(t, err)
	require.Equal(t, originPyTorch, from)
	require.Equal(t, filepath.Join(site, "torch", "lib"), l.Lib)
}

func TestInstalledPyTorchMissing(t *testing.T) {
	tests := []struct {
		name string
		fail error
		want string
	}{
		{"no python3", exec.ErrNotFound, "LIBTORCH_USE_PYTORCH=1 needs python3, which is missing"},
		{"no torch", errors.New("python3: exit status 1: ModuleNotFoundError: No module named 'torch'"), "python3 cannot import torch"},
		{"an answer that is none", nil, "reading python3's answer"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newMachine(t)
			m.fail["python3"] = test.fail
			s, _ := m.setup(newClone(t), t.TempDir())
			s.locator.usePyTorch = true
			_, _, err := s.locator.locate(t.Context())
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "LIBTORCH_USE_PYTORCH=1")
		})
	}
}

// TestInstalledPyTorchWithoutToolkitHeaders uses a PyTorch like that of pip, whose CUDA runtime comes without the headers crt/.
func TestInstalledPyTorchWithoutToolkitHeaders(t *testing.T) {
	m, site, cache := newMachine(t), t.TempDir(), t.TempDir()
	writeLibtorch(t, filepath.Join(site, "torch"), true)
	kit := filepath.Join(site, "nvidia", "cu13")
	writeToolkit(t, kit)
	require.NoError(t, os.RemoveAll(filepath.Join(kit, "include", "crt")))
	m.addWheel("nvidia-cuda-crt-13.0.88", map[string]string{"nvidia/cu13/include/crt/host_defines.h": ""})
	s, _ := m.setup(newClone(t), cache)
	s.locator.sources.crt = m.requirement("nvidia-cuda-crt-13.0.88")
	l, err := inspectLibtorch("torch", filepath.Join(site, "torch"), filepath.Join(site, "torch", "include"), filepath.Join(site, "torch", "lib"))
	require.NoError(t, err)
	s.locator.variant = variantCUDA
	l, err = s.locator.chooseVariant(t.Context(), l)
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(kit, "include"), filepath.Join(cache, "cuda-crt-13.0.88", "include")}, l.CUDAInclude)
	require.FileExists(t, filepath.Join(cache, "cuda-crt-13.0.88", "include", "crt", "host_defines.h"))
}

func TestCachedCUDA(t *testing.T) {
	m, cache := newMachine(t), t.TempDir()
	libs := tinyLibraries(t)
	m.addWheel("torch-2.11.0", map[string]string{
		"torch/include/ATen/ATen.h":                          "",
		"torch/include/torch/csrc/api/include/torch/torch.h": "",
		"torch/include/torch/headeronly/version.h":           versionHeader("2", "11", "0"),
		"torch/lib/libtorch_cpu.so":                          libs["libc10.so"],
		"torch/lib/libc10.so":                                libs["libc10.so"],
		"torch/lib/libtorch_cuda.so":                         libs["libtorch_cuda.so"],
		"torch/lib/libc10_cuda.so":                           libs["libc10_cuda.so"],
		"torch/lib/libtorch_python.so":                       "not wanted",
	})
	m.addWheel("nvidia-cuda-runtime-13.0.96", map[string]string{
		"nvidia/cu13/lib/libcudart.so.13":        libs["libcudart.so.13"],
		"nvidia/cu13/include/cuda_runtime_api.h": "",
	})
	s, said := m.setup(newClone(t), cache)
	s.locator.sources.cuda = s.locator.sources.cpu
	s.locator.variant = variantCUDA
	l, _, err := s.locator.locate(t.Context())
	require.NoError(t, err, said)
	dir := filepath.Join(cache, "libtorch-2.11.0-cu130")
	require.Equal(t, libtorch{
		Dir: filepath.Join(dir, "torch"), Include: filepath.Join(dir, "torch", "include"), Lib: filepath.Join(dir, "torch", "lib"),
		Version: "2.11.0", Variant: variantCUDA,
		CUDAInclude: []string{filepath.Join(dir, "nvidia", "cu13", "include")},
		CUDALib:     filepath.Join(dir, "nvidia", "cu13", "lib"), Cudart: "libcudart.so.13",
	}, l)
	require.NoFileExists(t, filepath.Join(l.Lib, "libtorch_python.so"))
}

func TestPinnedSourcesAreWhole(t *testing.T) {
	require.Len(t, pinned.officialSum, 64)
	for _, list := range []string{pinned.cpu, pinned.cuda, pinned.crt} {
		require.Regexp(t, `^([a-z0-9-]+==[0-9.]+ --hash=sha256:[0-9a-f]{64}\n)+$`, list)
	}
	require.Contains(t, pinned.cpu, "torch=="+torchVersion+" ")
	require.Contains(t, pinned.cuda, "torch=="+torchVersion+" ")
	require.Contains(t, pinned.official, "torch-"+torchVersion+"%2B")
}

func TestOldABI(t *testing.T) {
	dir := t.TempDir()
	source, lib := filepath.Join(dir, "lib.cpp"), filepath.Join(dir, "libc10.so")
	writeFile(t, source, "#include <string>\nvoid say(const std::string &) {}\n", 0o644)
	for _, abi := range []string{"0", "1"} {
		require.NoError(t, exec.Command("g++", "-shared", "-fPIC", "-D_GLIBCXX_USE_CXX11_ABI="+abi, "-o", lib, source).Run())
		old, err := hasOldABI(lib)
		require.NoError(t, err)
		require.Equal(t, abi == "0", old)
	}
	writeFile(t, lib, "no library", 0o644)
	_, err := hasOldABI(lib)
	require.ErrorContains(t, err, "reading "+lib)
}
