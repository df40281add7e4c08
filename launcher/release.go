package launcher

import (
	"os"
	"path/filepath"
	"strings"
)

// cudaSuffix is the end of the name of an engine for CUDA beside one for CPUs, as a Python package has both.
const cudaSuffix = "-cuda"

// beside returns the path of the engine beside a program. Where there are two of them, it is the one for CUDA
// if the libtorch that it loads has CUDA.
func (l Launcher) beside(program string) string {
	path := filepath.Join(filepath.Dir(program), Name)
	dir := value(l.environ, LibtorchVariable)
	if dir == "" {
		dir = filepath.Join(filepath.Dir(program), "..", "..", "torch") // of the same Python environment
	}
	for _, file := range []string{path + cudaSuffix, filepath.Join(dir, "lib", "libtorch_cuda.so")} {
		if _, err := os.Stat(file); err != nil {
			return path
		}
	}
	return path + cudaSuffix
}

// versionLine is the beginning of the line with the version in the file version.py of an installed PyTorch.
const versionLine = "\n__version__ = '"

// checkRelease refuses the libtorch of an installed PyTorch of another release than the engine's. A libtorch
// that does not say what it is passes.
func checkRelease(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "version.py"))
	if err != nil {
		return nil
	}
	_, after, _ := strings.Cut("\n"+string(text), versionLine)
	version, _, _ := strings.Cut(after, "'")
	return checkVersion(version, dir)
}

// checkVersion refuses a libtorch of another release than the engine's.
func checkVersion(version, dir string) error {
	if version == "" || version == Libtorch || strings.HasPrefix(version, Libtorch+".") {
		return nil
	}
	return fault("install torch=="+Libtorch+".*, or name another directory with "+LibtorchVariable,
		"the PyTorch in %s is of version %s, and this engine needs %s", dir, version, Libtorch)
}
