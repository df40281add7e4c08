package launcher

import (
	"debug/elf"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
)

// Libtorch is the release of libtorch that set-up installs and that the engine
// is tested with.
const Libtorch = "2.11"

// searchPath is the environment variable with the directories in which the
// dynamic loader looks for libraries before those of the program's own.
const searchPath = "LD_LIBRARY_PATH"

// What the dynamic loader (ld.so) writes when it cannot start a program or go
// on with it, and the exit code that it ends with in the first two cases.
const (
	noLibrary = "error while loading shared libraries: " // LIBRARY: REASON
	noSymbol  = "undefined symbol: "                     // NAME
	oldSystem = "version `"                              // NAME' not found (required by ...)

	notFound   = "cannot open shared object file: No such file or directory" // a REASON
	loaderCode = 127
)

// anew is what makes an engine that runs.
const anew = "run make setup, then make build"

// otherwise is the other way out: another libtorch.
const otherwise = ", or name the directory of a libtorch or PyTorch " + Libtorch + " with " + LibtorchVariable + "=DIR"

// Explain says why the engine never ran, given its command, what waiting for it
// returned and what it wrote to its standard error. The error wraps ErrEngine;
// nil: its end has another reason.
func Explain(command *exec.Cmd, ended error, words string) error {
	var exit *exec.ExitError
	if !errors.As(ended, &exit) {
		return nil
	}
	program := filepath.Base(command.Path)
	if said, ok := after(words, noLibrary); ok && exit.ExitCode() == loaderCode {
		library, reason, _ := strings.Cut(said, ": ")
		if reason == notFound {
			reason = "it is not in " + places(command)
		}
		return fault(anew+otherwise, "%s needs %s, and %s", program, library, reason)
	}
	if name, ok := after(words, noSymbol); ok && exit.ExitCode() == loaderCode {
		return fault(anew+otherwise, "%s and the libtorch in %s do not fit together (%s is missing)", program, places(command), name)
	}
	if said, ok := after(words, oldSystem); ok {
		if name, rest, _ := strings.Cut(said, "' "); strings.HasPrefix(rest, "not found") {
			return fault(anew+", on this machine", "%s needs a newer system library (%s) than this machine has", program, name)
		}
	}
	return nil
}

// after returns the rest of the line that mark stands in.
func after(words, mark string) (rest string, ok bool) {
	_, rest, ok = strings.Cut(words, mark)
	rest, _, _ = strings.Cut(rest, "\n")
	return strings.TrimSpace(rest), ok
}

// places are the directories in which the loader looks for a command's
// libraries first: that of the libtorch which the environment names, or those
// that the program was linked with.
func places(command *exec.Cmd) string {
	if dir := value(command.Env, LibtorchVariable); dir != "" {
		return filepath.Join(dir, "lib")
	}
	if linked := runpath(command.Path); linked != "" {
		return linked + ", for which it was built"
	}
	return "the system's directories"
}

// runpath is the list of directories that a program was linked to look in; empty
// if it has none.
func runpath(path string) string {
	file, err := elf.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	dirs, err := file.DynString(elf.DT_RUNPATH)
	if err != nil {
		return ""
	}
	return strings.Join(dirs, ":")
}
