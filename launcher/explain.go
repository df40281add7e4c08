package launcher

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
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
	var finding error
	remedy := rebuild + orOther
	if message, ok := after(stderr, noLibrary); ok && exit.ExitCode() == loaderCode {
		library, reason, _ := strings.Cut(message, ": ")
		switch {
		case reason == notFound:
			reason = "it is not in " + places(command)
		case saysScarce(reason):
			remedy = memoryRemedy + ", and see that its file system is not mounted with noexec"
		}
		finding = fmt.Errorf("%s needs %s, and %s", program, library, reason)
	} else if name, ok := after(stderr, noSymbol); ok && exit.ExitCode() == loaderCode {
		finding = fmt.Errorf("%s and the libtorch in %s do not fit together (%s is missing)", program, places(command), name)
	} else if message, ok := after(stderr, oldSystem); ok {
		name, rest, _ := strings.Cut(message, "' ")
		if !strings.HasPrefix(rest, "not found") {
			return nil
		}
		finding, remedy = fmt.Errorf("%s needs a newer system library (%s) than this machine has", program, name), rebuild+", on this machine"
	}
	if finding == nil {
		return nil
	}
	if files := foreignLibraries(context.Background(), command); files != "" {
		if name, ok := after(stderr, noSymbol); ok {
			finding = fmt.Errorf("%s does not fit the libraries that it loads (%s is missing)", program, name)
		}
		return fault(foreignRemedy+", or "+remedy, "%w: %s", finding, files)
	}
	return &Fault{Finding: finding, Remedy: remedy}
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
