package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"backfire/internal/download"
)

// setup is one run of the program. Its fields hold everything through which it reaches outside, so that tests can replace them.
type setup struct {
	settings
	exec    commander
	console console
	locator locator
}

// newSetup returns the set-up for s on this machine. Its messages go to standard error.
func newSetup(s settings) setup {
	c := newConsole(os.Stderr)
	return setup{
		settings: s,
		exec:     runCommand,
		console:  c,
		locator: locator{
			settings:   s,
			run:        runCommand,
			console:    c,
			wheels:     wheelFetcher{run: runCommand, console: c, client: download.New(), downloads: filepath.Join(s.cache, "downloads")},
			sources:    pinned,
			gpu:        findGPU(runCommand),
			getenv:     os.Getenv,
			systemCUDA: "/usr/local/cuda",
		},
	}
}

// run carries out the whole set-up.
func (s setup) run(ctx context.Context) (err error) {
	start := time.Now()
	if err := s.prerequisites(ctx); err != nil {
		return err
	}
	unlock, err := lockCache(ctx, s.cache, s.console.say)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	for _, dir := range []string{s.cache, filepath.Join(s.cache, "downloads")} {
		if isDir(dir) {
			if err := removeParts(dir); err != nil {
				return err
			}
		}
	}
	if err := s.announce(ctx); err != nil {
		return err
	}
	st, err := s.install(ctx)
	if err != nil {
		return err
	}
	if err := s.compileGotch(ctx); err != nil {
		return err
	}
	if err := st.write(s.root); err != nil {
		return err
	}
	s.console.say("ready after %s: libtorch %s (%s) in %s, gotch %s in %s; next: make quick",
		time.Since(start).Round(time.Second), st.Libtorch.Version, st.Libtorch.Variant, st.Libtorch.Dir, gotchVersion, st.Gotch)
	return nil
}

// install puts libtorch and gotch into the cache and writes the files of the clone, apart from the stamp, which it returns.
func (s setup) install(ctx context.Context) (stamp, error) {
	l, from, err := s.locator.locate(ctx)
	if err != nil {
		return stamp{}, err
	}
	gotch := gotchDir(s.cache, l)
	if err := makeDir(gotch, func(tmp string) error {
		s.console.say("adapting gotch %s to libtorch %s", gotchVersion, l.Version)
		return adapter{run: s.exec, console: s.console, root: s.root}.adapt(ctx, tmp, l)
	}); err != nil {
		return stamp{}, err
	}
	st := stamp{Recipe: recipe, Go: s.goVersion, Cache: s.cache, Origin: from, Given: s.libtorch, Libtorch: l, Gotch: gotch}
	return st, st.writeFiles(s.root)
}

// prerequisites checks for what set-up cannot install: the platform, Go and a C++ compiler.
func (s setup) prerequisites(ctx context.Context) error {
	if err := thisPlatform(); err != nil {
		return err
	}
	if err := checkGo(ctx, s.exec, s.root); err != nil {
		return err
	}
	return checkCompiler(ctx, s.exec, s.root)
}

// announce prints what the set-up is going to fetch, the disk space that it needs, and about how long it takes. It refuses if the disk has
// less free space than that.
func (s setup) announce(ctx context.Context) error {
	r, fetches := s.locator.missing(ctx)
	if !fetches {
		s.console.say("setting up backfire in %s: libtorch is there already, so this takes seconds; minutes if gotch is to be compiled", s.cache)
		return nil
	}
	size := megabytes(r.bytes)
	if r.most > r.bytes {
		size += fmt.Sprintf(" (%s if only PyPI can be reached)", megabytes(r.most))
	}
	s.console.say("setting up backfire in %s: libtorch %s %s, and the gotch bindings adapted to it", s.cache, torchVersion, r.name)
	s.console.say("  fetches:  libtorch, %s, and the Go modules that are missing, at most %s", size, megabytes(bytesGoModules))
	s.console.say("  disk:     needs %s while it runs", megabytes(r.space))
	s.console.say("  duration: about %d minutes the first time, seconds after that and in further clones", r.minutes)
	return checkSpace(s.cache, r.space)
}

// compileGotch compiles gotch, so that every later build, in every clone, finds it in Go's build cache.
func (s setup) compileGotch(ctx context.Context) error {
	s.console.say("compiling gotch's C++ (1 to 4 minutes the first time, seconds if Go has it in its build cache)")
	stop := s.console.elapsed("compiling")
	err := s.exec(ctx, command{
		// An environment that switches go.work off for set-up itself must not do so here.
		dir: s.root, env: []string{"GOWORK="},
		name: "go", args: []string{"build", gotchModule + "/libtch"},
		stderr: s.console.out,
	})
	stop()
	if err != nil {
		return fmt.Errorf("compiling gotch: %w", err)
	}
	return nil
}
