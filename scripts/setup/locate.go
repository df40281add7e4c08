package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// locator finds or fetches the libtorch to use.
type locator struct {
	settings
	run        commander
	console    console
	wheels     wheelFetcher
	sources    sources
	gpu        func(ctx context.Context) bool // reports whether there is an NVIDIA GPU
	getenv     func(string) string
	systemCUDA string // directory of the system's CUDA toolkit, which need not exist
}

// locate returns the libtorch that the settings ask for and its origin: LIBTORCH, the installed PyTorch, or else the cache, which is filled
// from PyTorch's own server or from PyPI if it is empty.
func (lo locator) locate(ctx context.Context) (libtorch, origin, error) {
	var l libtorch
	var from origin
	var err error
	switch {
	case lo.libtorch != "":
		from = originGiven
		l, err = lo.given(ctx)
	case lo.usePyTorch:
		from = originPyTorch
		l, err = lo.installedPyTorch(ctx)
	default:
		l, err = lo.cached(ctx)
		return l, originCache, err
	}
	if err == nil {
		err = l.checkLoads(ctx, lo.run, lo.cache)
	}
	return l, from, err
}

// given returns the libtorch in the directory that LIBTORCH names.
func (lo locator) given(ctx context.Context) (libtorch, error) {
	l, err := inspectLibtorch("LIBTORCH="+lo.libtorch, lo.libtorch, filepath.Join(lo.libtorch, "include"), filepath.Join(lo.libtorch, "lib"))
	if errors.Is(err, errIncomplete) {
		err = fmt.Errorf("%w; give the directory that holds include/ and lib/", err)
	}
	if err != nil {
		return l, err
	}
	return lo.chooseVariant(ctx, l)
}

// installedPyTorch returns the libtorch inside the PyTorch of the user's python3.
func (lo locator) installedPyTorch(ctx context.Context) (libtorch, error) {
	text, err := lo.run.output(ctx, command{
		name: "python3",
		args: []string{"-c", "import json, os, torch; print(json.dumps(os.path.dirname(os.path.abspath(torch.__file__))))"},
	})
	if notFound(err) {
		return libtorch{}, errors.New("LIBTORCH_USE_PYTORCH=1 needs python3, which is missing")
	}
	if err != nil {
		return libtorch{}, fmt.Errorf("LIBTORCH_USE_PYTORCH=1, but python3 cannot import torch (%w); activate the environment that has it, or unset LIBTORCH_USE_PYTORCH", err)
	}
	var dir string
	if err := json.Unmarshal([]byte(lastLine(text)), &dir); err != nil {
		return libtorch{}, fmt.Errorf("LIBTORCH_USE_PYTORCH=1: reading python3's answer %q: %w", text, err)
	}
	l, err := inspectLibtorch("the PyTorch in "+dir, dir, filepath.Join(dir, "include"), filepath.Join(dir, "lib"))
	if err != nil {
		return l, err
	}
	return lo.chooseVariant(ctx, l)
}

// chooseVariant returns a libtorch that was given, with CUDA if that was asked for, or if it was left open and there is a GPU and all that
// CUDA takes.
func (lo locator) chooseVariant(ctx context.Context, l libtorch) (libtorch, error) {
	if lo.variant == variantCPU || lo.variant == variantAuto && !lo.gpu(ctx) {
		return l, nil
	}
	var extra []string
	nvidia := filepath.Join(filepath.Dir(l.Dir), "nvidia", "cu13") // the toolkit's place in PyTorch's wheels
	if isDir(nvidia) && !isDir(filepath.Join(nvidia, "include", "crt")) {
		crt, err := lo.cudaCRT(ctx)
		if err != nil {
			return l, err
		}
		extra = append(extra, crt)
	}
	toolkits := []string{nvidia}
	for _, kit := range []string{lo.getenv("CUDA_HOME"), lo.getenv("CUDA_PATH"), lo.systemCUDA} {
		if kit != "" {
			toolkits = append(toolkits, kit)
		}
	}
	withCUDA, err := l.withCUDA(toolkits, extra...)
	if errors.Is(err, errNoCUDA) && lo.variant == variantAuto {
		lo.console.say("there is a GPU, but %v; building for the CPU", err)
		return l, nil
	}
	return withCUDA, err
}

// cudaCRT returns a directory with the headers crt/ of the CUDA compiler. The headers of the CUDA runtime include them, but its wheel does
// not have them.
func (lo locator) cudaCRT(ctx context.Context) (string, error) {
	dir := filepath.Join(lo.cache, "cuda-crt-13.0.88")
	err := makeDir(dir, func(tmp string) error {
		files, err := lo.wheels.fetchPyPI(ctx, lo.sources.crt)
		if err != nil {
			return err
		}
		return lo.unpackAll(files, tmp, func(name string) string { return strings.TrimPrefix(chooseCUDA(name), "nvidia/cu13/") })
	})
	return filepath.Join(dir, "include"), err
}

// release is the pinned libtorch of one variant.
type release struct {
	name     string // for messages
	dir      string // in the cache
	bytes    int64  // of its downloads, from the source that is tried first
	most     int64  // of its downloads, from the source that is tried last
	space    int64  // free disk space that set-up needs for its downloads, its files and what Go compiles
	minutes  int    // that a first set-up takes, about
	describe func(dir string) (libtorch, error)
	fetch    func(ctx context.Context) (wheels []string, err error)
	choose   func(name string) string // maps a file of a wheel to its place in dir; "" for files that are not needed
}

// release returns the libtorch to fetch for the variant asked for, or else for this machine.
func (lo locator) release(ctx context.Context) release {
	if lo.variant == variantCUDA || lo.variant == variantAuto && lo.gpu(ctx) {
		return release{
			name: "for CUDA 13", dir: lo.cacheFor(variantCUDA), bytes: bytesPyPICUDA, most: bytesPyPICUDA, space: spaceCUDA, minutes: 15,
			describe: describeCUDA, fetch: lo.fetchCUDA, choose: chooseCUDA,
		}
	}
	return release{
		name: "for the CPU", dir: lo.cacheFor(variantCPU), bytes: bytesOfficial, most: bytesPyPICPU, space: spaceCPU, minutes: 5,
		describe: describeCPU, fetch: lo.fetchCPU, choose: chooseCPU,
	}
}

// missing returns the libtorch that is to be fetched. ok is false if none is: the user gave one, or the cache has it.
func (lo locator) missing(ctx context.Context) (r release, ok bool) {
	if lo.libtorch != "" || lo.usePyTorch {
		return release{}, false
	}
	r = lo.release(ctx)
	return r, !isDir(r.dir)
}

// cached returns the libtorch of the cache, after it fetched it if it was not there.
func (lo locator) cached(ctx context.Context) (libtorch, error) {
	r := lo.release(ctx)
	err := makeDir(r.dir, func(tmp string) error {
		files, err := r.fetch(ctx)
		if err != nil {
			return err
		}
		if err := lo.unpackAll(files, tmp, r.choose); err != nil {
			return err
		}
		l, err := r.describe(tmp)
		if err != nil {
			return err
		}
		return l.checkLoads(ctx, lo.run, lo.cache)
	})
	if err != nil {
		return libtorch{}, err
	}
	if err := os.RemoveAll(lo.wheels.downloads); err != nil {
		return libtorch{}, fmt.Errorf("removing the unpacked downloads: %w", err)
	}
	return r.describe(r.dir)
}

// cacheFor returns the place of the pinned libtorch of a variant in the cache.
func (lo locator) cacheFor(v variant) string {
	name := "cpu"
	if v == variantCUDA {
		name = "cu130"
	}
	return filepath.Join(lo.cache, "libtorch-"+torchVersion+"-"+name)
}

// describeCPU returns the description of the files that chooseCPU placed in dir.
func describeCPU(dir string) (libtorch, error) {
	return inspectLibtorch(dir, dir, filepath.Join(dir, "include"), filepath.Join(dir, "lib"))
}

// describeCUDA returns the description of the files that chooseCUDA placed in dir.
func describeCUDA(dir string) (libtorch, error) {
	torch := filepath.Join(dir, "torch")
	l, err := inspectLibtorch(dir, torch, filepath.Join(torch, "include"), filepath.Join(torch, "lib"))
	if err != nil {
		return l, err
	}
	return l.withCUDA([]string{filepath.Join(dir, "nvidia", "cu13")})
}

// fetchCPU fetches the wheels of the CPU variant, from PyTorch's own server or else from PyPI, and returns their paths.
func (lo locator) fetchCPU(ctx context.Context) ([]string, error) {
	lo.console.say("fetching libtorch %s for the CPU from download.pytorch.org (%s)", torchVersion, megabytes(bytesOfficial))
	files, err := lo.wheels.fetchOfficial(ctx, lo.sources.official, lo.sources.officialSum)
	if err == nil || ctx.Err() != nil {
		return files, err
	}
	lo.console.say("  %v", err)
	lo.console.say("fetching libtorch %s from PyPI instead (%s)", torchVersion, megabytes(bytesPyPICPU))
	return lo.wheels.fetchPyPI(ctx, lo.sources.cpu)
}

// fetchCUDA fetches the wheels of the CUDA variant and returns their paths.
func (lo locator) fetchCUDA(ctx context.Context) ([]string, error) {
	lo.console.say("fetching libtorch %s for CUDA 13 from PyPI (%s)", torchVersion, megabytes(bytesPyPICUDA))
	return lo.wheels.fetchPyPI(ctx, lo.sources.cuda)
}

// unpackAll extracts the chosen files of the wheels into dir.
func (lo locator) unpackAll(files []string, dir string, choose func(string) string) error {
	for _, file := range files {
		lo.console.say("  unpacking %s", filepath.Base(file))
		if err := unpack(file, dir, choose); err != nil {
			return err
		}
	}
	return nil
}

// findGPU returns a function that reports whether this machine has an NVIDIA GPU.
func findGPU(run commander) func(context.Context) bool {
	return func(ctx context.Context) bool {
		if _, err := os.Stat("/dev/nvidia0"); err == nil {
			return true
		}
		list, err := run.output(ctx, command{name: "nvidia-smi", args: []string{"-L"}})
		return err == nil && strings.Contains(list, "GPU")
	}
}
