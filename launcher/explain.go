package launcher

import (
	"debug/elf"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
)

// Libtorch is the release of libtorch that set-up installs and with which the engine is
// tested.
const Libtorch = "2.11"

// searchPath is the environment variable with the directories in which the dynamic
// loader looks for libraries before it looks in those of the program.
const searchPath = "LD_LIBRARY_PATH"

// The messages of the dynamic loader (ld.so) when it cannot start or continue a
// program, and its exit code in the first two cases.
const (
	noLibrary = "error while loading shared libraries: " // LIBRARY: REASON
	noSymbol  = "undefined symbol: "                     // NAME
	oldSystem = "version `"                              // NAME' not found (required by ...)

	notFound   = "cannot open shared object file: No such file or directory" // a REASON
	loaderCode = 127
)

// rebuild is the advice that gives an engine for this machine.
const rebuild = "run make setup, then make build"

// orOther is the additional advice to use another libtorch.
const orOther = ", or name the directory of a libtorch or PyTorch " + Libtorch + " with " + LibtorchVariable + "=DIR"

// Explain returns the reason why the engine never ran, or nil if it ended for another
// reason. waited is the error of waiting for its command, and stderr is the text that
// it wrote to its standard error. The error wraps [ErrEngine].
func Explain(command *exec.Cmd, waited error, stderr string) error {
	var exit *exec.ExitError
	if !errors.As(waited, &exit) {
		return nil
	}
	program := filepath.Base(command.Path)
	if message, ok := after(stderr, noLibrary); ok && exit.ExitCode() == loaderCode {
		library, reason, _ := strings.Cut(message, ": ")
		if reason == notFound {
			reason = "it is not in " + places(command)
		}
		return fault(rebuild+orOther, "%s needs %s, and %s", program, library, reason)
	}
	if name, ok := after(stderr, noSymbol); ok && exit.ExitCode() == loaderCode {
		return fault(rebuild+orOther, "%s and the libtorch in %s do not fit together (%s is missing)", program, places(command), name)
	}
	if message, ok := after(stderr, oldSystem); ok {
		if name, rest, _ := strings.Cut(message, "' "); strings.HasPrefix(rest, "not found") {
			return fault(rebuild+", on this machine", "%s needs a newer system library (%s) than this machine has", program, name)
		}
	}
	return nil
}

// after returns the rest of the line in which mark is found.
func after(text, mark string) (rest string, ok bool) {
	_, rest, ok = strings.Cut(text, mark)
	rest, _, _ = strings.Cut(rest, "\n")
	return strings.TrimSpace(rest), ok
}

// places returns, in words, the directories in which the loader looks first for the
// libraries of a command: that of the libtorch which the environment names, or those
// with which the program was linked.
func places(command *exec.Cmd) string {
	if dir := value(command.Env, LibtorchVariable); dir != "" {
		return filepath.Join(dir, "lib")
	}
	if linked := runpath(command.Path); linked != "" {
		return linked + ", for which it was built"
	}
	return "the system's directories"
}

// runpath returns the list of directories in which a program was linked to look for
// libraries; empty if it has none.
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
