package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// setup is one run of the program, with everything that reaches outside in fields.
type setup struct {
	settings
	exec    commander
	console console
	locator locator
}

// newSetup returns the set-up for s on this machine, which talks on standard error.
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
			wheels:     wheelFetcher{run: runCommand, console: c, http: newDownloader(c), downloads: filepath.Join(s.cache, "downloads")},
			sources:    pinned,
			gpu:        findGPU(runCommand),
			getenv:     os.Getenv,
			systemCUDA: "/usr/local/cuda",
		},
	}
}

// run does the whole set-up.
func (s setup) run(ctx context.Context) (err error) {
	start := time.Now()
	if err := s.prerequisites(ctx); err != nil {
		return err
	}
	s.announce()
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

	l, from, err := s.locator.locate(ctx)
	if err != nil {
		return err
	}
	gotch := gotchDir(s.cache, l)
	if err := makeDir(gotch, func(tmp string) error {
		s.console.say("adapting gotch %s to libtorch %s", gotchVersion, l.Version)
		return adapter{run: s.exec, console: s.console, root: s.root}.adapt(ctx, tmp, l)
	}); err != nil {
		return err
	}
	st := stamp{Recipe: recipe, Go: s.goVersion, Cache: s.cache, Origin: from, Given: s.libtorch, Libtorch: l, Gotch: gotch}
	if err := st.writeFiles(s.root); err != nil {
		return err
	}
	if err := s.warm(ctx); err != nil {
		return err
	}
	if err := st.write(s.root); err != nil {
		return err
	}
	s.console.say("ready after %s: libtorch %s (%s) in %s, gotch %s in %s; next: make quick",
		time.Since(start).Round(time.Second), l.Version, l.Variant, l.Dir, gotchVersion, gotch)
	return nil
}

// prerequisites checks what set-up cannot bring itself.
func (s setup) prerequisites(ctx context.Context) error {
	if err := thisPlatform(); err != nil {
		return err
	}
	if err := checkGo(ctx, s.exec, s.root); err != nil {
		return err
	}
	return checkCompiler(ctx, s.exec, s.root)
}

// announce says what the set-up is going to do, and about how long it takes.
func (s setup) announce() {
	if _, err := os.Stat(filepath.Join(s.root, stampFile)); err == nil && isDir(s.cache) {
		s.console.say("setting up again: seconds for what is in %s already", s.cache)
		return
	}
	s.console.say("setting up backfire: libtorch and the gotch bindings adapted to it, in %s;", s.cache)
	s.console.say("the first time about 5 minutes and up to 3 GB (with CUDA 15 minutes and 9 GB), after that and in further clones seconds")
}

// warm compiles gotch once, so that it is in Go's build cache for every later build in every clone.
func (s setup) warm(ctx context.Context) error {
	s.console.say("compiling gotch's C++ (1 to 4 minutes the first time, seconds when Go has it in its build cache)")
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
