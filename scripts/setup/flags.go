package main

import (
	"fmt"
	"strings"
)

// cgoSafe are the characters that cgo accepts in a #cgo line (beside letters, digits and non-ASCII characters), without those that have
// a special meaning in such a line or in -Wl.
const cgoSafe = "+-./=_:@%~^ "

// checkCgoPath returns an error if a path cannot be written into a #cgo line.
func checkCgoPath(path string) error {
	for _, r := range path {
		plain := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r > 127
		if !plain && !strings.ContainsRune(cgoSafe, r) {
			return fmt.Errorf("the path %q has the character %q, which cgo does not accept; choose another directory (BACKFIRE_CACHE moves the cache)", path, r)
		}
	}
	return nil
}

// quote returns a flag in the notation of a #cgo line, in quotes if it has a space.
func quote(flag string) string {
	if strings.Contains(flag, " ") {
		return `"` + flag + `"`
	}
	return flag
}

// join returns flags in the notation of a #cgo line.
func join(flags []string) string {
	quoted := make([]string, len(flags))
	for i, f := range flags {
		quoted[i] = quote(f)
	}
	return strings.Join(quoted, " ")
}

// includeFlags returns the compiler flags for the headers. They are included as system headers, whose warnings the compiler omits.
func (l libtorch) includeFlags() []string {
	flags := []string{
		"-isystem", l.Include,
		"-isystem", l.Include + "/torch/csrc/api/include",
	}
	if l.Variant == variantCUDA {
		for _, dir := range l.CUDAInclude {
			flags = append(flags, "-isystem", dir)
		}
	}
	if l.OldABI {
		flags = append(flags, "-D_GLIBCXX_USE_CXX11_ABI=0")
	}
	return flags
}

// linkFlags returns the linker flags. At run time the libraries are found through the rpath, without an environment variable. Without
// --no-as-needed the linker would drop libtorch_cuda, since no symbol refers to it, and CUDA would not be available.
func (l libtorch) linkFlags() []string {
	flags := []string{"-L" + l.Lib, "-Wl,-rpath," + l.Lib}
	if l.Variant != variantCUDA {
		return append(flags, "-Wl,--no-as-needed", "-ltorch_cpu", "-lc10", "-Wl,--as-needed", "-lstdc++")
	}
	if l.CUDALib != l.Lib {
		flags = append(flags, "-L"+l.CUDALib, "-Wl,-rpath,"+l.CUDALib)
	}
	return append(flags, "-Wl,--no-as-needed", "-ltorch_cuda", "-lc10_cuda", "-ltorch_cpu", "-lc10", "-l:"+l.Cudart, "-Wl,--as-needed", "-lstdc++")
}
