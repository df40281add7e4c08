package main

import (
	"context"
	_ "embed" // the lists of wheels
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"backfire/internal/download"
)

// torchVersion is the libtorch that set-up fetches; its wheels are pinned in requirements-*.txt.
const torchVersion = "2.11.0"

// The wheels of torchVersion on PyPI, in pip's format with SHA-256 sums.
var (
	//go:embed requirements-cpu.txt
	wheelsCPU string // torch itself and the two small libraries that its CPU library names
	//go:embed requirements-cu130.txt
	wheelsCUDA string // torch and every NVIDIA library it needs; nothing of Python
	//go:embed requirements-crt.txt
	wheelsCRT string // headers that the CUDA runtime's own wheel leaves out
)

// sources are the places that libtorch is fetched from.
type sources struct {
	official, officialSum string // URL and SHA-256 of PyTorch's own CPU wheel, a third of the size of the one on PyPI
	cpu, cuda, crt        string // wheels on PyPI
}

// pinned are the sources of torchVersion.
var pinned = sources{
	official:    "https://download.pytorch.org/whl/cpu/torch-2.11.0%2Bcpu-cp311-cp311-manylinux_2_28_x86_64.whl",
	officialSum: "8a56a8c95531ef0e454510ba8bbd9d11dc7a9000337265210b10f6bfeacdd485",
	cpu:         wheelsCPU,
	cuda:        wheelsCUDA,
	crt:         wheelsCRT,
}

// Sizes of the downloads, in bytes, rounded.
const (
	bytesOfficial  = 190_000_000   // PyTorch's own CPU wheel
	bytesPyPICPU   = 545_000_000   // wheelsCPU
	bytesPyPICUDA  = 2_500_000_000 // wheelsCUDA
	limitOfficial  = 400_000_000   // more than this is not PyTorch's own CPU wheel
	bytesGoModules = 110_000_000   // all modules that Go fetches, more than half of it gotch
)

// wheelFetcher brings wheels into the cache.
type wheelFetcher struct {
	run       commander
	console   console
	client    *download.Client
	downloads string // directory
}

// fetchOfficial downloads PyTorch's own CPU wheel from url and returns its path.
func (w wheelFetcher) fetchOfficial(ctx context.Context, url, sum string) ([]string, error) {
	if err := os.MkdirAll(w.downloads, 0o755); err != nil {
		return nil, fmt.Errorf("making the directory for downloads: %w", err)
	}
	name := strings.ReplaceAll(path.Base(url), "%2B", "+")
	file := filepath.Join(w.downloads, name)
	progress, finish := w.console.bytesProgress(name)
	defer finish()
	w.client.Progress = progress
	w.client.Retrying = func(_ string, reason error) {
		w.console.say("  the connection broke (%v); resuming the download", reason)
	}
	err := w.client.Fetch(ctx, download.File{Path: file, Limit: limitOfficial, Check: download.SHA256(sum), Mirrors: []string{url}})
	if err != nil {
		return nil, err
	}
	return []string{file}, nil
}

// fetchPyPI downloads the listed wheels with the user's pip, which knows the user's mirrors, proxies and certificates, and returns
// their paths. Wheels that an earlier run downloaded are kept.
func (w wheelFetcher) fetchPyPI(ctx context.Context, requirements string) ([]string, error) {
	if err := os.MkdirAll(w.downloads, 0o755); err != nil {
		return nil, fmt.Errorf("making the directory for downloads: %w", err)
	}
	switch err := w.run(ctx, command{name: "python3", args: []string{"-m", "pip", "--version"}}); {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case notFound(err):
		return nil, errors.New("python3 is missing: install Python 3 with pip, or give a libtorch that you have as LIBTORCH=/its/directory")
	case err != nil:
		return nil, errors.New("python3 has no pip: install it (Debian and Ubuntu: apt install python3-pip), or give a libtorch that you have as LIBTORCH=/its/directory")
	}
	var files []string
	for line := range strings.Lines(requirements) {
		file, err := w.fetchWheel(ctx, strings.TrimSpace(line))
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// fetchWheel downloads one line of a list of wheels.
func (w wheelFetcher) fetchWheel(ctx context.Context, line string) (file string, err error) {
	name, sum, ok := strings.Cut(line, " --hash=sha256:")
	if !ok {
		return "", fmt.Errorf("wheel %q has no SHA-256 sum", line)
	}
	file = filepath.Join(w.downloads, strings.ReplaceAll(name, "==", "-")+".whl")
	check := download.SHA256(sum)
	if check(ctx, file) == nil {
		return file, nil
	}
	tmp, err := os.MkdirTemp(w.downloads, "pip"+partMark)
	if err != nil {
		return "", fmt.Errorf("making a directory for pip: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	list := filepath.Join(tmp, "requirements.txt")
	if err := os.WriteFile(list, []byte(line+"\n"), 0o644); err != nil {
		return "", fmt.Errorf("writing pip's list: %w", err)
	}
	w.console.say("  pip downloads %s", name)
	err = w.run(ctx, command{
		name: "python3",
		args: []string{
			"-m", "pip", "download", "--require-hashes", "--no-deps", "--only-binary=:all:",
			// The wheel's Python is not the user's: only the C++ inside is wanted.
			"--python-version", "3.11", "--implementation", "cp", "--abi", "cp311",
			"--platform", "manylinux_2_28_x86_64", "--platform", "manylinux_2_27_x86_64", "--platform", "manylinux_2_25_x86_64",
			"--platform", "manylinux_2_18_x86_64", "--platform", "manylinux_2_17_x86_64", "--platform", "manylinux2014_x86_64",
			"--disable-pip-version-check", "--dest", tmp, "-r", list,
		},
		stdout: w.console.out,
		stderr: w.console.out,
	})
	if err != nil {
		return "", fmt.Errorf("pip could not download %s (its reason is above): %w; a libtorch that you have can be given as LIBTORCH=/its/directory", name, err)
	}
	got, err := filepath.Glob(filepath.Join(tmp, "*.whl"))
	if err != nil || len(got) != 1 {
		return "", fmt.Errorf("pip downloaded %d wheels for %s instead of one", len(got), name)
	}
	if err := check(ctx, got[0]); err != nil {
		return "", fmt.Errorf("pip downloaded %s: %w", name, err)
	}
	if err := os.Rename(got[0], file); err != nil {
		return "", fmt.Errorf("keeping %s: %w", name, err)
	}
	return file, nil
}

// chooseCPU maps a file of torch's and NVIDIA's wheels that a CPU build needs to its place, as in PyTorch's libtorch archives: include/,
// lib/. It returns "" for any other file.
func chooseCPU(name string) string {
	dir, base := path.Split(name)
	switch {
	case strings.HasPrefix(name, "torch/include/"):
		return strings.TrimPrefix(name, "torch/")
	case dir == "torch/lib/" && (base == "libtorch_cpu.so" || base == "libc10.so" || strings.HasPrefix(base, "libgomp")):
		return "lib/" + base
	case dir == "nvidia/cu13/lib/" && (base == "libcudart.so.13" || base == "libcupti.so.13"):
		return "lib/" + base
	}
	return chooseLicence(name)
}

// chooseCUDA returns the name of a file of torch's and NVIDIA's wheels that a CUDA build needs, and "" for any other file. The layout is
// that of the wheels, to which the libraries' RPATHs fit.
func chooseCUDA(name string) string {
	switch {
	case strings.HasPrefix(name, "torch/include/"),
		strings.HasPrefix(name, "torch/lib/") && !strings.HasPrefix(path.Base(name), "libtorch_python"),
		strings.HasPrefix(name, "nvidia/") && !strings.HasSuffix(name, ".py"):
		return name
	}
	return chooseLicence(name)
}

// chooseLicence maps a licence text in a wheel's metadata to licences/<wheel>/..., and any other file to "".
func chooseLicence(name string) string {
	info, rest, ok := strings.Cut(name, ".dist-info/")
	if !ok {
		return ""
	}
	upper := strings.ToUpper(rest)
	if strings.HasPrefix(upper, "LICENSE") || strings.HasPrefix(upper, "NOTICE") || strings.HasPrefix(upper, "THIRD") {
		return path.Join("licences", info, strings.TrimPrefix(rest, "licenses/"))
	}
	return ""
}
