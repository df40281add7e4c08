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
	gpu        func(ctx context.Context) bool // is there an NVIDIA GPU?
	getenv     func(string) string
	systemCUDA string // where a CUDA toolkit of the system would be
}

// locate returns the libtorch that the settings ask for, in this order: LIBTORCH, the installed PyTorch, the cache, PyTorch's archive, PyPI.
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
		return libtorch{}, fmt.Errorf("LIBTORCH_USE_PYTORCH=1, but python3 cannot import torch (%w); activate the environment that has it, or leave LIBTORCH_USE_PYTORCH out", err)
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

// chooseVariant decides whether a libtorch that was given is linked with CUDA: as asked for, else when there is a GPU and all it takes.
func (lo locator) chooseVariant(ctx context.Context, l libtorch) (libtorch, error) {
	if lo.variant == variantCPU || lo.variant == variantAuto && !lo.gpu(ctx) {
		return l, nil
	}
	var extra []string
	nvidia := filepath.Join(filepath.Dir(l.Dir), "nvidia", "cu13") // where PyTorch's wheels have it
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

// cudaCRT returns a directory with the headers crt/ of the CUDA compiler, which the runtime's headers include and its wheel lacks.
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

// cached returns the libtorch of the cache and fetches it first if it is not there.
func (lo locator) cached(ctx context.Context) (libtorch, error) {
	dir, describe, fetch, choose, space := lo.cacheFor(variantCPU), describeCPU, lo.fetchCPU, chooseCPU, int64(spaceCPU)
	if lo.variant == variantCUDA || lo.variant == variantAuto && lo.gpu(ctx) {
		dir, describe, fetch, choose, space = lo.cacheFor(variantCUDA), describeCUDA, lo.fetchCUDA, chooseCUDA, spaceCUDA
	}
	err := makeDir(dir, func(tmp string) error {
		if err := checkSpace(tmp, space); err != nil {
			return err
		}
		files, err := fetch(ctx)
		if err != nil {
			return err
		}
		if err := lo.unpackAll(files, tmp, choose); err != nil {
			return err
		}
		l, err := describe(tmp)
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
	return describe(dir)
}

// cacheFor returns the place of the pinned libtorch of a variant in the cache.
func (lo locator) cacheFor(v variant) string {
	name := "cpu"
	if v == variantCUDA {
		name = "cu130"
	}
	return filepath.Join(lo.cache, "libtorch-"+torchVersion+"-"+name)
}

// describeCPU inspects what chooseCPU laid out in dir.
func describeCPU(dir string) (libtorch, error) {
	return inspectLibtorch(dir, dir, filepath.Join(dir, "include"), filepath.Join(dir, "lib"))
}

// describeCUDA inspects what chooseCUDA laid out in dir.
func describeCUDA(dir string) (libtorch, error) {
	torch := filepath.Join(dir, "torch")
	l, err := inspectLibtorch(dir, torch, filepath.Join(torch, "include"), filepath.Join(torch, "lib"))
	if err != nil {
		return l, err
	}
	return l.withCUDA([]string{filepath.Join(dir, "nvidia", "cu13")})
}

// fetchCPU gets the wheels of the CPU variant, from PyTorch's own server or else from PyPI.
func (lo locator) fetchCPU(ctx context.Context) ([]string, error) {
	lo.console.say("fetching libtorch %s (CPU, 190 MB) from download.pytorch.org", torchVersion)
	files, err := lo.wheels.fetchOfficial(ctx, lo.sources.official, lo.sources.officialSum)
	if err == nil || ctx.Err() != nil {
		return files, err
	}
	lo.console.say("  that did not work: %v", err)
	lo.console.say("fetching libtorch %s from PyPI instead (545 MB)", torchVersion)
	return lo.wheels.fetchPyPI(ctx, lo.sources.cpu)
}

// fetchCUDA gets the wheels of the CUDA variant.
func (lo locator) fetchCUDA(ctx context.Context) ([]string, error) {
	lo.console.say("fetching libtorch %s for CUDA 13 from PyPI (about 2.5 GB)", torchVersion)
	return lo.wheels.fetchPyPI(ctx, lo.sources.cuda)
}

// unpackAll extracts the chosen parts of the wheels into dir.
func (lo locator) unpackAll(files []string, dir string, choose func(string) string) error {
	for _, file := range files {
		lo.console.say("  unpacking %s", filepath.Base(file))
		if err := unpack(file, dir, choose); err != nil {
			return err
		}
	}
	return nil
}

// findGPU tells whether this machine has an NVIDIA GPU.
func findGPU(run commander) func(context.Context) bool {
	return func(ctx context.Context) bool {
		if _, err := os.Stat("/dev/nvidia0"); err == nil {
			return true
		}
		list, err := run.output(ctx, command{name: "nvidia-smi", args: []string{"-L"}})
		return err == nil && strings.Contains(list, "GPU")
	}
}
