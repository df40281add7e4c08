package main

import (
	"fmt"
	"strings"
)

// cgoSafe are the characters that cgo lets through in a #cgo line (besides letters, digits and non-ASCII ones), without the ones
// that have a meaning of their own in such a line or in -Wl.
const cgoSafe = "+-./=_:@%~^ "

// checkCgoPath refuses a path that cannot be written into a #cgo line.
func checkCgoPath(path string) error {
	for _, r := range path {
		plain := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r > 127
		if !plain && !strings.ContainsRune(cgoSafe, r) {
			return fmt.Errorf("the path %q has the character %q, which cgo does not accept; choose another directory (BACKFIRE_CACHE moves the cache)", path, r)
		}
	}
	return nil
}

// quote writes a flag for a #cgo line, in quotes if it has a space.
func quote(flag string) string {
	if strings.Contains(flag, " ") {
		return `"` + flag + `"`
	}
	return flag
}

// join writes flags for a #cgo line.
func join(flags []string) string {
	quoted := make([]string, len(flags))
	for i, f := range flags {
		quoted[i] = quote(f)
	}
	return strings.Join(quoted, " ")
}

// includeFlags returns the compiler flags for the headers. They are system headers: their warnings are not ours.
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

// linkFlags returns the linker flags. The libraries are found at run time through the rpath, with no environment variable.
// Without --no-as-needed the linker drops libtorch_cuda, which nothing refers to by name, and CUDA would be "not available".
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
