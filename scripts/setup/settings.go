package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"backfire/internal/cachedir"
)

// variant is the variant of libtorch that is linked.
type variant string

// The variants of libtorch. The empty one stands for that of the machine: CUDA if it has an NVIDIA GPU, otherwise CPU.
const (
	variantAuto variant = ""
	variantCPU  variant = "cpu"
	variantCUDA variant = "cuda"
)

// settings are the user's choices, from flags and environment.
type settings struct {
	root          string  // the clone
	goVersion     string  // the Go that its go.mod asks for
	cache         string  // directory that all clones share
	cacheExplicit bool    // BACKFIRE_CACHE was set
	libtorch      string  // LIBTORCH: the directory of a libtorch to use, absolute; empty: none
	usePyTorch    bool    // LIBTORCH_USE_PYTORCH: use the libtorch of the installed Python package torch
	variant       variant // empty: the machine's
	check         bool    // only check whether set-up is needed
}

// parseSettings returns the settings of the flags in args and of the environment for the clone at root. It writes the flags' usage to
// usage.
func parseSettings(args []string, getenv func(string) string, root string, usage io.Writer) (settings, error) {
	s := settings{root: root}
	fs := flag.NewFlagSet("setup", flag.ContinueOnError)
	fs.SetOutput(usage)
	v := fs.String("variant", getenv("BACKFIRE_VARIANT"), "libtorch variant: cpu or cuda (default: cuda if there is a GPU; also BACKFIRE_VARIANT)")
	fs.BoolVar(&s.check, "check", false, "exit with 0 if everything is in place and with 1 if set-up is needed, without changing anything")
	if err := fs.Parse(args); err != nil {
		return s, fmt.Errorf("reading the flags: %w", err)
	}
	if fs.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q; see --help", fs.Arg(0))
	}
	switch s.variant = variant(*v); s.variant {
	case variantAuto, variantCPU, variantCUDA:
	default:
		return s, fmt.Errorf("unknown variant %q: it must be cpu or cuda", *v)
	}

	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil || !strings.HasPrefix(string(mod), "module backfire\n") {
		return s, fmt.Errorf("%s is not a clone of backfire; run this in the directory that has its go.mod", root)
	}
	if s.goVersion = goDirective(string(mod)); s.goVersion == "" {
		return s, fmt.Errorf("%s has no go line", filepath.Join(root, "go.mod"))
	}
	s.cacheExplicit = getenv(cachedir.Variable) != ""
	if s.cache, err = cachedir.Dir(getenv); err != nil {
		return s, err
	}
	if err := checkCgoPath(s.cache); err != nil {
		return s, err
	}
	if dir := getenv("LIBTORCH"); dir != "" {
		if s.libtorch, err = filepath.Abs(dir); err != nil {
			return s, fmt.Errorf("reading LIBTORCH: %w", err)
		}
	}
	switch use := getenv("LIBTORCH_USE_PYTORCH"); use {
	case "", "0":
	case "1":
		s.usePyTorch = true
	default:
		return s, fmt.Errorf("LIBTORCH_USE_PYTORCH is %q: set it to 1 or leave it unset", use)
	}
	if s.libtorch != "" && s.usePyTorch {
		return s, errors.New("both LIBTORCH and LIBTORCH_USE_PYTORCH are set: unset one of them")
	}
	return s, nil
}

// goDirective returns the version in the go line of a go.mod, or "" without that line.
func goDirective(mod string) string {
	for line := range strings.Lines(mod) {
		if version, ok := strings.CutPrefix(line, "go "); ok {
			return strings.TrimSpace(version)
		}
	}
	return ""
}
