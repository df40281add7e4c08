package main

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// libtorch describes one libtorch on this machine. Its fields are written to the stamp. All paths are absolute.
type libtorch struct {
	Dir         string   // the directory in which it was found, for messages
	Include     string   // the directory of torch/, ATen/, c10/
	Lib         string   // the directory of libtorch_cpu.so
	Version     string   // from torch/version.h, such as 2.11.0
	Variant     variant  // the linked variant: cpu or cuda
	OldABI      bool     // built with the C++ ABI before C++11
	CUDAInclude []string // directories of CUDA's headers
	CUDALib     string   // the directory of Cudart
	Cudart      string   // file name of the CUDA runtime: libcudart.so.13
}

// errIncomplete reports a directory that does not have all files of a libtorch.
var errIncomplete = errors.New("no complete libtorch")

// errNoCUDA reports a libtorch, or its surroundings, without CUDA.
var errNoCUDA = errors.New("no CUDA")

// inspectLibtorch returns the description of the libtorch with the given include and library directories, in the CPU variant. It refuses
// an incomplete one. Errors call it name.
func inspectLibtorch(name, dir, include, lib string) (libtorch, error) {
	l := libtorch{Dir: dir, Include: include, Lib: lib, Variant: variantCPU}
	for _, need := range []string{
		filepath.Join(include, "ATen", "ATen.h"),
		filepath.Join(include, "torch", "csrc", "api", "include", "torch", "torch.h"),
		filepath.Join(lib, "libtorch_cpu.so"),
		filepath.Join(lib, "libc10.so"),
	} {
		if _, err := os.Stat(need); err != nil {
			return l, fmt.Errorf("%s is %w: %s is missing", name, errIncomplete, need)
		}
	}
	for _, p := range []string{include, lib} {
		if err := checkCgoPath(p); err != nil {
			return l, err
		}
	}
	var err error
	if l.Version, err = headerVersion(include); err != nil {
		return l, fmt.Errorf("%s: %w", name, err)
	}
	if l.OldABI, err = hasOldABI(filepath.Join(lib, "libc10.so")); err != nil {
		return l, fmt.Errorf("%s: %w", name, err)
	}
	return l, nil
}

// headerVersion returns libtorch's version, such as 2.11.0, from its headers. The macros are in one of two files, depending on the version.
func headerVersion(include string) (string, error) {
	for _, name := range []string{"torch/headeronly/version.h", "torch/csrc/api/include/torch/version.h"} {
		text, err := os.ReadFile(filepath.Join(include, name))
		if err != nil {
			continue
		}
		macro := map[string]string{}
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) == 3 && f[0] == "#define" {
				macro[f[1]] = f[2]
			}
		}
		major, minor, patch := macro["TORCH_VERSION_MAJOR"], macro["TORCH_VERSION_MINOR"], macro["TORCH_VERSION_PATCH"]
		if major != "" && minor != "" && patch != "" {
			return major + "." + minor + "." + patch, nil
		}
	}
	return "", errors.New("no TORCH_VERSION_MAJOR, _MINOR and _PATCH in its headers (torch/version.h)")
}

// hasOldABI reports whether a C++ library was built without the C++11 ABI: no symbol name has the mark of that ABI.
func hasOldABI(library string) (bool, error) {
	f, err := elf.Open(library)
	if err != nil {
		return false, fmt.Errorf("reading %s: %w", library, err)
	}
	defer f.Close()
	symbols, err := f.DynamicSymbols()
	if err != nil {
		return false, fmt.Errorf("reading the symbols of %s: %w", library, err)
	}
	for _, s := range symbols {
		if strings.Contains(s.Name, "__cxx11") {
			return false, nil
		}
	}
	return true, nil
}

// withCUDA returns l linked with CUDA. toolkits are directories with include/ and lib/ (or lib64/) of a CUDA toolkit; the first that has
// the headers and the runtime is used. extra are include directories that come last. If that is not possible, the error wraps errNoCUDA
// and has the reason.
func (l libtorch) withCUDA(toolkits []string, extra ...string) (libtorch, error) {
	for _, name := range []string{"libtorch_cuda.so", "libc10_cuda.so"} {
		if _, err := os.Stat(filepath.Join(l.Lib, name)); err != nil {
			return l, fmt.Errorf("%w in %s: it has no %s", errNoCUDA, l.Dir, name)
		}
	}
	for _, kit := range toolkits {
		include := filepath.Join(kit, "include")
		if _, err := os.Stat(filepath.Join(include, "cuda_runtime_api.h")); err != nil {
			continue
		}
		for _, lib := range []string{"lib64", "lib"} {
			found, err := filepath.Glob(filepath.Join(kit, lib, "libcudart.so.[0-9]*"))
			if err != nil || len(found) == 0 {
				continue
			}
			l.Variant = variantCUDA
			l.CUDAInclude = append([]string{include}, extra...)
			l.CUDALib = filepath.Join(kit, lib)
			l.Cudart = filepath.Base(found[0])
			return l, checkCgoPath(kit)
		}
	}
	return l, fmt.Errorf("%w toolkit for %s: none of %s has include/cuda_runtime_api.h and a libcudart.so; set CUDA_HOME to one",
		errNoCUDA, l.Dir, strings.Join(toolkits, ", "))
}

// checkLoads returns an error unless a C++ program can be linked with l and started, which fails if a library on which l depends is
// missing. It uses a temporary directory in dir.
func (l libtorch) checkLoads(ctx context.Context, run commander, dir string) (err error) {
	tmp, err := os.MkdirTemp(dir, "probe"+partMark)
	if err != nil {
		return fmt.Errorf("making a directory for a test program: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	source, program := filepath.Join(tmp, "probe.cpp"), filepath.Join(tmp, "probe")
	if err := os.WriteFile(source, []byte("int main() { return 0; }\n"), 0o644); err != nil {
		return fmt.Errorf("writing a test program: %w", err)
	}
	if err := run(ctx, command{name: "g++", args: append([]string{"-o", program, source}, l.linkFlags()...)}); err != nil {
		return fmt.Errorf("the libtorch in %s cannot be linked: %w", l.Dir, err)
	}
	if err := run(ctx, command{name: program}); err != nil {
		return fmt.Errorf("the libtorch in %s cannot be loaded: %w", l.Dir, err)
	}
	return nil
}

// findIn returns the path of the first file called name in dirs, or "" if there is none.
func findIn(dirs []string, name string) string {
	for _, dir := range dirs {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}
