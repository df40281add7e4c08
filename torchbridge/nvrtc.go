package torchbridge

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unsafe"

	"backfire/internal/disk"
)

// #include <stdlib.h>
// #include "shim.h"
import "C"

// nvrtc is NVIDIA's compiler, loaded from a file.
type nvrtc struct {
	handle  unsafe.Pointer
	version string
}

// builtinsOf returns the file that a libnvrtc.so needs and does not find by itself when it
// lies in a Python package; empty: there is none beside it.
func builtinsOf(file string) string {
	for _, name := range librariesIn(filepath.Dir(file)) {
		if strings.HasPrefix(name, "libnvrtc-builtins.so.") {
			return filepath.Join(filepath.Dir(file), name)
		}
	}
	return ""
}

// librariesIn lists the names of NVRTC's files in a directory, sorted; none if it cannot be read.
func librariesIn(dir string) []string {
	names, err := disk.In(dir).Names(".")
	if err != nil {
		return nil
	}
	slices.Sort(names)
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, "libnvrtc") })
}

// openNVRTC loads the first of some files that can be loaded. The error names what is wrong
// with each.
func openNVRTC(files []string) (*nvrtc, error) {
	var faults []string
	for _, file := range files {
		n, err := loadNVRTC(file)
		if err == nil {
			return n, nil
		}
		faults = append(faults, err.Error())
	}
	return nil, fmt.Errorf("torchbridge: fused kernels: no NVRTC: %s", strings.Join(faults, "; "))
}

func loadNVRTC(file string) (*nvrtc, error) {
	name, builtins := C.CString(file), C.CString(builtinsOf(file))
	defer C.free(unsafe.Pointer(name))
	defer C.free(unsafe.Pointer(builtins))
	n := &nvrtc{}
	var major, minor C.int
	if err := shimError(C.bf_nvrtc_open(name, builtins, &n.handle, &major, &minor)); err != nil {
		return nil, err
	}
	n.version = fmt.Sprintf("%d.%d", major, minor)
	return n, nil
}

func (n *nvrtc) close() { C.bf_nvrtc_close(n.handle) }

// compile makes an image of the kernels for a kind of GPU, and returns the compiler's log.
func (n *nvrtc) compile(source string, options []string) (image []byte, log string, err error) {
	text := C.CString(source)
	defer C.free(unsafe.Pointer(text))
	list := make([]*C.char, len(options))
	for i, option := range options {
		list[i] = C.CString(option)
		defer C.free(unsafe.Pointer(list[i]))
	}
	var made unsafe.Pointer
	var size C.int64_t
	var said *C.char
	if err := shimError(C.bf_nvrtc_compile(n.handle, text, &list[0], C.int(len(list)), &made, &size, &said)); err != nil {
		return nil, "", fmt.Errorf("torchbridge: fused kernels: %w", err)
	}
	defer C.free(made)
	defer C.free(unsafe.Pointer(said))
	return C.GoBytes(made, C.int(size)), C.GoString(said), nil
}

// nvrtcFiles lists where NVRTC may be: in the packages beside the libtorch in a directory,
// within that libtorch, and where the loader looks.
func nvrtcFiles(libtorch string) []string {
	packages := filepath.Join(filepath.Dir(libtorch), "nvidia")
	var files []string
	for _, dir := range []string{
		filepath.Join(packages, "cu13", "lib"), filepath.Join(packages, "cuda_nvrtc", "lib"), filepath.Join(libtorch, "lib"),
	} {
		for _, name := range librariesIn(dir) {
			if strings.HasPrefix(name, "libnvrtc.so.") {
				files = append(files, filepath.Join(dir, name))
			}
		}
	}
	return append(files, "libnvrtc.so.13", "libnvrtc.so.12")
}
