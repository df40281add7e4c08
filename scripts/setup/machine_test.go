package main

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/download"
)

// machine is a simulated machine. Its g++ is the real one, and its python3, pip and go behave as the test sets.
type machine struct {
	t     *testing.T
	index string            // directory with the wheels that pip finds
	gotch string            // directory that go mod download returns
	fail  map[string]error  // program or step -> its error
	calls []string          // the requested steps, in order
	after map[string]func() // step -> called when the step is requested
}

// newMachine returns a machine whose pip has a small libtorch.
func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, index: t.TempDir(), gotch: t.TempDir(), fail: map[string]error{}, after: map[string]func(){}}
	libs := tinyLibraries(t)
	m.addWheel("torch-2.11.0", map[string]string{
		"torch/include/ATen/ATen.h":                               "",
		"torch/include/torch/csrc/api/include/torch/torch.h":      "",
		"torch/include/torch/headeronly/version.h":                versionHeader("2", "11", "0"),
		"torch/lib/libtorch_cpu.so":                               libs["libtorch_cpu.so"],
		"torch/lib/libc10.so":                                     libs["libc10.so"],
		"torch/lib/libtorch_cuda.so":                              "not chosen for the CPU",
		"torch-2.11.0.dist-info/licenses/LICENSE":                 "BSD",
		"torch-2.11.0.dist-info/licenses/third_party/fmt/LICENSE": "MIT",
	})
	m.addWheel("nvidia-cuda-runtime-13.0.96", map[string]string{"nvidia/cu13/lib/libcudart.so.13": libs["libcudart.so.13"]})
	for name, text := range map[string]string{
		"LICENSE": "Apache", "libtch/lib.go": libGo, "libtch/" + generatedFile: generatedWith(knownStubs[torchVersion]...),
		"ts/tensor.go": "package ts",
	} {
		writeFile(t, filepath.Join(m.gotch, name), text, 0o444)
	}
	return m
}

// generatedWith returns generated C++ that has the given functions, too.
func generatedWith(names ...string) string {
	text := generated
	for _, n := range names {
		text += "\nvoid " + n + "(tensor *out__) {\n  PROTECT(\n    gone();\n  )\n}\n"
	}
	return text
}

// versionHeader returns the part of torch's version.h that set-up reads.
func versionHeader(major, minor, patch string) string {
	return "#define TORCH_VERSION_MAJOR " + major + "\n#define TORCH_VERSION_MINOR " + minor + "\n#define TORCH_VERSION_PATCH " + patch + "\n"
}

// writeFile writes a file and the directories above it.
func writeFile(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), mode))
}

// tinyLibraries returns shared libraries with the names and the dependencies of libtorch's. They are compiled once for all tests.
func tinyLibraries(t *testing.T) map[string]string {
	t.Helper()
	libs, err := compileLibraries()
	require.NoError(t, err)
	return libs
}

var compileLibraries = sync.OnceValues(func() (map[string]string, error) {
	dir, err := os.MkdirTemp("", "backfire-setup-test-")
	if err != nil {
		return nil, err
	}
	source := filepath.Join(dir, "lib.cpp")
	err = os.WriteFile(source, []byte("#include <string>\nvoid say(const std::string &) {}\n"), 0o644)
	libs := map[string]string{}
	for _, lib := range []struct{ name, needs string }{
		{"libcudart.so.13", ""}, {"libc10.so", ""}, {"libtorch_cpu.so", "libcudart.so.13"}, {"libc10_cuda.so", ""}, {"libtorch_cuda.so", ""},
	} {
		args := []string{"-shared", "-fPIC", "-Wl,-soname," + lib.name, "-Wl,-rpath,$ORIGIN", "-o", filepath.Join(dir, lib.name), source}
		if lib.needs != "" {
			args = append(args, "-Wl,--no-as-needed", "-L"+dir, "-l:"+lib.needs)
		}
		err = errors.Join(err, exec.Command("g++", args...).Run())
		text, errRead := os.ReadFile(filepath.Join(dir, lib.name))
		err = errors.Join(err, errRead)
		libs[lib.name] = string(text)
	}
	return libs, errors.Join(err, os.RemoveAll(dir))
})

// addWheel puts a wheel into the index under the name of its first two parts.
func (m *machine) addWheel(name string, files map[string]string) {
	m.t.Helper()
	f, err := os.Create(filepath.Join(m.index, name+".whl"))
	require.NoError(m.t, err)
	w := zip.NewWriter(f)
	names := make([]string, 0, len(files))
	for n := range files {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		out, err := w.Create(n)
		require.NoError(m.t, err)
		_, err = out.Write([]byte(files[n]))
		require.NoError(m.t, err)
	}
	require.NoError(m.t, w.Close())
	require.NoError(m.t, f.Close())
}

// requirement returns the line that pins a wheel of the index.
func (m *machine) requirement(name string) string {
	m.t.Helper()
	text, err := os.ReadFile(filepath.Join(m.index, name+".whl"))
	require.NoError(m.t, err)
	cut := strings.LastIndex(name, "-")
	return fmt.Sprintf("%s==%s --hash=sha256:%x\n", name[:cut], name[cut+1:], sha256.Sum256(text))
}

// run runs a command of the machine.
func (m *machine) run(ctx context.Context, c command) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	step := c.name
	for _, word := range c.args {
		if word == "pip" || word == "download" || word == "mod" || word == "build" || word == "list" || word == "env" || word == "-c" {
			step += " " + word
		}
	}
	list := slices.Index(c.args, "-r")
	if list >= 0 {
		line, err := os.ReadFile(c.args[list+1])
		require.NoError(m.t, err)
		step += " " + strings.Split(string(line), " ")[0]
	}
	if c.name == "g++" || filepath.IsAbs(c.name) {
		if err := m.fail["g++"]; err != nil {
			return err
		}
		return runCommand(ctx, c)
	}
	m.calls = append(m.calls, step)
	if f := m.after[step]; f != nil {
		f()
	}
	if err := m.fail[c.name]; err != nil {
		return err
	}
	if err := m.fail[step]; err != nil {
		return err
	}
	switch {
	case list >= 0:
		return m.pipDownload(c, list)
	case step == "go env":
		_, err := fmt.Fprintln(c.stdout, "1")
		return err
	case step == "go mod download":
		_, err := fmt.Fprintf(c.stdout, `{"Dir": %q, "Sum": %q}`, m.gotch, gotchSum)
		return err
	}
	return nil
}

// pipDownload copies the wheel that the list names into the requested directory, without checking its sum.
func (m *machine) pipDownload(c command, list int) error {
	line, err := os.ReadFile(c.args[list+1])
	require.NoError(m.t, err)
	name := strings.ReplaceAll(strings.Split(string(line), " ")[0], "==", "-")
	text, err := os.ReadFile(filepath.Join(m.index, name+".whl"))
	if err != nil {
		return err
	}
	dest := c.args[slices.Index(c.args, "--dest")+1]
	return os.WriteFile(filepath.Join(dest, strings.ReplaceAll(name, "-", "_")+"-py3-none-any.whl"), text, 0o644)
}

// setup returns the set-up of the clone at root on this machine, which has no GPU and reaches only pip, and the output of the set-up.
func (m *machine) setup(root, cache string) (setup, *strings.Builder) {
	var said strings.Builder
	c := console{out: &said}
	s := settings{root: root, goVersion: "1.26.0", cache: cache}
	offline := &download.Client{Transport: noNetwork{}}
	return setup{
		settings: s,
		exec:     m.run,
		console:  c,
		locator: locator{
			settings: s,
			run:      m.run,
			console:  c,
			wheels:   wheelFetcher{run: m.run, console: c, client: offline, downloads: filepath.Join(cache, "downloads")},
			sources: sources{
				official: "https://torch.invalid/torch.whl", officialSum: strings.Repeat("0", 64),
				cpu: m.requirement("torch-2.11.0") + m.requirement("nvidia-cuda-runtime-13.0.96"),
			},
			gpu:    func(context.Context) bool { return false },
			getenv: func(string) string { return "" },
		},
	}, &said
}

// noNetwork is a transport that reaches no host.
type noNetwork struct{}

// RoundTrip returns an error.
func (noNetwork) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no such host")
}
