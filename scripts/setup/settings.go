package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// variant is the kind of libtorch that is linked.
type variant string

// The variants of libtorch; the empty one leaves the choice to the machine (CUDA when it has an NVIDIA GPU).
const (
	variantAuto variant = ""
	variantCPU  variant = "cpu"
	variantCUDA variant = "cuda"
)

// settings is what the user asked for, by flags and environment.
type settings struct {
	root          string  // the clone
	goVersion     string  // the Go that its go.mod asks for
	cache         string  // directory of everything that clones share
	cacheExplicit bool    // BACKFIRE_CACHE was set
	libtorch      string  // LIBTORCH: a libtorch to use as it is, absolute; empty without
	usePyTorch    bool    // LIBTORCH_USE_PYTORCH: take the libtorch inside the installed Python torch
	variant       variant // as asked for; empty for the machine's choice
	check         bool    // only look whether everything is in place
}

// parseSettings reads the flags in args and the environment behind getenv for the clone at root.
// Usage text goes to usage.
func parseSettings(args []string, getenv func(string) string, root string, usage io.Writer) (settings, error) {
	s := settings{root: root}
	fs := flag.NewFlagSet("setup", flag.ContinueOnError)
	fs.SetOutput(usage)
	v := fs.String("variant", getenv("BACKFIRE_VARIANT"), "libtorch variant: cpu or cuda (default: cuda when there is a GPU; also BACKFIRE_VARIANT)")
	fs.BoolVar(&s.check, "check", false, "exit 0 when everything is in place and 1 when set-up is needed; change nothing")
	if err := fs.Parse(args); err != nil {
		return s, fmt.Errorf("reading the flags: %w", err)
	}
	if fs.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q; see --help", fs.Arg(0))
	}
	switch s.variant = variant(*v); s.variant {
	case variantAuto, variantCPU, variantCUDA:
	default:
		return s, fmt.Errorf("unknown variant %q: it is cpu or cuda", *v)
	}

	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil || !strings.HasPrefix(string(mod), "module backfire\n") {
		return s, fmt.Errorf("%s is not a clone of backfire; run this in the directory that holds its go.mod", root)
	}
	if s.goVersion = goDirective(string(mod)); s.goVersion == "" {
		return s, fmt.Errorf("%s has no go line", filepath.Join(root, "go.mod"))
	}
	if s.cache, s.cacheExplicit, err = cacheDir(getenv); err != nil {
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
		return s, fmt.Errorf("LIBTORCH_USE_PYTORCH is %q: set it to 1 or leave it out", use)
	}
	if s.libtorch != "" && s.usePyTorch {
		return s, errors.New("both LIBTORCH and LIBTORCH_USE_PYTORCH are set: keep one")
	}
	return s, nil
}

// goDirective returns the version on the go line of a go.mod, or "".
func goDirective(mod string) string {
	for line := range strings.Lines(mod) {
		if version, ok := strings.CutPrefix(line, "go "); ok {
			return strings.TrimSpace(version)
		}
	}
	return ""
}

// cacheDir returns the directory shared by all clones, absolute: BACKFIRE_CACHE, else backfire/ in the user's cache directory
// ($XDG_CACHE_HOME or ~/.cache). The flag says whether BACKFIRE_CACHE named it.
func cacheDir(getenv func(string) string) (dir string, explicit bool, err error) {
	dir = getenv("BACKFIRE_CACHE")
	explicit = dir != ""
	if !explicit {
		base := getenv("XDG_CACHE_HOME")
		if base == "" && getenv("HOME") != "" {
			base = filepath.Join(getenv("HOME"), ".cache")
		}
		if base == "" {
			return "", false, errors.New("no cache directory: set HOME, XDG_CACHE_HOME or BACKFIRE_CACHE")
		}
		dir = filepath.Join(base, "backfire")
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", explicit, fmt.Errorf("finding the cache directory: %w", err)
	}
	return dir, explicit, checkCgoPath(dir)
}
