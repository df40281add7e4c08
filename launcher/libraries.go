package launcher

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// preload is the variable with libraries that the dynamic loader loads before all others.
const preload = "LD_PRELOAD"

// foreignRemedy is the remedy where these variables bring in what does not fit.
const foreignRemedy = "leave " + searchPath + " and " + preload + " out of the environment"

// traceLimit is the time that the loader may take to list libraries.
const traceLimit = 20 * time.Second

// foreignLibraries returns in words which files a command loads because of LD_LIBRARY_PATH
// or LD_PRELOAD, those of LIBTORCH excepted; empty if there are none, or if they cannot be
// found out. It asks the dynamic loader, which lists the libraries in place of starting
// the program.
func foreignLibraries(ctx context.Context, command *exec.Cmd) string {
	dirs, files := foreignPlaces(command)
	if len(dirs)+len(files) == 0 || !isDynamic(command.Path) {
		return ""
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), traceLimit)
	defer cancel()
	trace := exec.CommandContext(bounded, command.Path)
	trace.Env = append(slices.Clone(command.Env), "LD_TRACE_LOADED_OBJECTS=1")
	trace.WaitDelay = time.Second
	var out bytes.Buffer
	trace.Stdout = &out
	_ = trace.Run() // what it listed counts
	var found []string
	for _, path := range loaded(out.String()) {
		variable := ""
		switch {
		case slices.Contains(files, path) || slices.Contains(files, filepath.Base(path)):
			variable = preload
		case slices.Contains(dirs, filepath.Dir(path)):
			variable = searchPath
		default:
			continue
		}
		found = append(found, fmt.Sprintf("%s makes it load %s", variable, path))
	}
	const most = 4
	if more := len(found) - most; more > 0 {
		found = append(found[:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(found, ", ")
}

// foreignPlaces returns the directories of LD_LIBRARY_PATH without that of LIBTORCH, and
// the files of LD_PRELOAD.
func foreignPlaces(command *exec.Cmd) (dirs, files []string) {
	own := ""
	if dir := value(command.Env, LibtorchVariable); dir != "" {
		own = filepath.Join(dir, "lib")
	}
	for dir := range strings.FieldsFuncSeq(value(command.Env, searchPath), func(r rune) bool { return r == ':' || r == ';' }) {
		if dir = filepath.Clean(dir); dir != own {
			dirs = append(dirs, dir)
		}
	}
	return dirs, strings.FieldsFunc(value(command.Env, preload), func(r rune) bool { return r == ':' || r == ' ' })
}

// isDynamic reports whether the dynamic loader starts a program. Any other would run.
func isDynamic(path string) bool {
	file, err := elf.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	libraries, err := file.ImportedLibraries()
	return err == nil && len(libraries) > 0
}

// loaded returns the paths in the loader's list of libraries: lines "NAME => PATH (ADDRESS)"
// or "PATH (ADDRESS)".
func loaded(list string) []string {
	var paths []string
	for line := range strings.Lines(list) {
		line, _, ok := strings.Cut(strings.TrimSpace(line), " (0x")
		if _, path, named := strings.Cut(line, " => "); named {
			line = path
		}
		if ok && filepath.IsAbs(line) {
			paths = append(paths, filepath.Clean(line))
		}
	}
	return paths
}
