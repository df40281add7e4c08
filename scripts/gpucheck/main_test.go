package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/internal/hardware"
	"backfire/torchbridge"
)

// The trainings run on the CPU, too, where no step is recorded.
func TestTrainings(t *testing.T) {
	alone, err := trained(job{device: "cpu", precision: hardware.FP32, width: 1, steps: 2})
	require.NoError(t, err)
	require.Equal(t, 4, alone.state.Step)
	both, err := together(2, job{device: "cpu", precision: hardware.FP32, width: 1, steps: 2})
	require.NoError(t, err)
	for _, one := range both {
		require.Equal(t, alone.state, one.state)
		require.Positive(t, one.seconds)
	}
	mixed, err := trained(job{device: "cpu", precision: hardware.FP32, width: 1, steps: 2, defended: true})
	require.NoError(t, err)
	require.NotEqual(t, alone.state, mixed.state)
	_, err = together(2, job{device: "cpu", precision: hardware.FP32, width: 0, steps: 2})
	require.ErrorIs(t, err, torchbridge.ErrOptions)
}

func TestOptions(t *testing.T) {
	o, err := parseOptions([]string{"-steps", "8", "-widths", "8,64", "-models", "4,1", "-precisions", "fp32,bf16", "-norm", "fused,native,cudnn", "-limit", "1m", "-python", "mine", "-out", "x", "-no-pytorch"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, numbers{8, 64}, o.widths)
	require.Equal(t, numbers{1, 4}, o.models)
	require.Equal(t, []string{"fp32", "bf16"}, o.precisions.list)
	require.Equal(t, []string{fused, native, cudnn}, o.norms.list)
	require.Equal(t, []any{8, time.Minute, "mine", "x", true}, []any{o.steps, o.limit, o.python, o.out, o.noPyTorch})
	o, err = parseOptions(nil, io.Discard)
	require.NoError(t, err)
	require.Equal(t, "64,8,16 1,2,4,8,16 bf16,tf32,fp32 fused,native", strings.Join([]string{o.widths.String(), o.models.String(), o.precisions.String(), o.norms.String()}, " "))
	for _, args := range [][]string{{"-steps", "0"}, {"-models", "0"}, {"-models", "1,x"}, {"-widths", ""}, {"-precisions", "fp8"}, {"-norm", "mine"}, {"-limit", "0s"}, {"-nothing"}} {
		_, err := parseOptions(args, io.Discard)
		require.Error(t, err, args)
	}
	require.NoError(t, run(context.Background(), []string{"-help"}, io.Discard, io.Discard))
}

func TestPythonOf(t *testing.T) {
	environment := t.TempDir()
	libtorch := filepath.Join(environment, "lib", "python3.12", "site-packages", "torch")
	require.Equal(t, "python3", pythonOf("", ""))
	require.Equal(t, "python3", pythonOf("", libtorch), "an environment without Python")
	require.NoError(t, os.MkdirAll(filepath.Join(environment, "bin"), 0o750))
	own := filepath.Join(environment, "bin", "python3")
	require.NoError(t, os.WriteFile(own, nil, 0o600))
	require.Equal(t, own, pythonOf("", libtorch))
	require.Equal(t, "mine", pythonOf("mine", libtorch))
}

func TestWithoutGPU(t *testing.T) {
	var out, errOut bytes.Buffer
	require.NoError(t, run(context.Background(), []string{"-steps", "8", "-models", "1,2", "-widths", "8", "-limit", "1m"}, &out, &errOut))
	if _, _, err := gpu(); err != nil {
		require.Empty(t, out.String())
		require.Contains(t, errOut.String(), "gpu-check: skipped: ")
		return
	}
	var result outcome
	require.NoError(t, json.Unmarshal(out.Bytes(), &result))
	require.NotEmpty(t, result.Findings)
}

// newSession returns a session on the CPU with an hour of time.
func newSession() *session {
	o, _ := parseOptions([]string{"-steps", "2", "-models", "1,2", "-widths", "8,16,64"}, io.Discard)
	return &session{options: o, device: "cpu", precisions: []string{hardware.FP32}, until: time.Now().Add(time.Hour), errOut: io.Discard}
}

func TestChecks(t *testing.T) {
	s := newSession()
	s.precisions = precisions(hardware.Env{}, hardware.CPU, s.options.precisions.list)
	require.Equal(t, []string{hardware.BF16, hardware.FP32}, s.precisions)
	require.NoError(t, s.check(1, 2))
	require.Len(t, s.outcome.Checks, 2*6+1)
	require.NoError(t, s.verdict())
	s.holds("all is well", false, "it is not")
	require.EqualError(t, s.verdict(), "it does not hold that all is well")
}

func TestOwnSpeed(t *testing.T) {
	s := newSession()
	require.NoError(t, s.own(measurement{mode: graph, precision: hardware.FP32, width: 1, models: 2}))
	require.Len(t, s.outcome.Findings, 1)
	f := s.outcome.Findings[0]
	require.Equal(t, []any{backfire, graph, hardware.FP32, 1, 2}, []any{f.Program, f.Mode, f.Precision, f.Width, f.Models})
	require.InEpsilon(t, 4/f.Seconds, f.StepsPerSecond, 1e-12, "rounding only")
	require.InEpsilon(t, batch*f.StepsPerSecond, f.ImagesPerSecond, 1e-12, "rounding only")
	require.NoError(t, s.own(measurement{mode: graph, precision: hardware.FP32, width: 1, models: 1, defense: cutMixed}))
	require.Equal(t, cutMixed, s.outcome.Findings[1].Defense)
	s.until = time.Now()
	require.NoError(t, s.own(measurement{mode: eager, precision: hardware.FP32, width: 64, models: 16}))
	require.Len(t, s.outcome.Findings, 2)
	require.Equal(t, []string{"backfire, eager in fp32, width 64, 16 at a time: the time is over"}, s.outcome.LeftOut)
}

// What is measured is written after each part, the most important first, and what does not fit
// into the time is named.
func TestParts(t *testing.T) {
	s := newSession()
	s.widths, s.out, s.noPyTorch = numbers{1}, filepath.Join(t.TempDir(), "found.json"), true
	require.NoError(t, s.measure(context.Background()))
	var written outcome
	text, err := os.ReadFile(s.out)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &written))
	require.Equal(t, s.outcome.Findings, written.Findings)
	require.Len(t, written.Findings, 2*2+2, "one and two models by two kinds of kernels, with a defense, and eager")
	require.Equal(t, []int{1, 2}, []int{written.Findings[0].Models, written.Findings[1].Models})
	require.Equal(t, []string{"", native}, []string{written.Findings[0].Norm, written.Findings[2].Norm})
	s.until = time.Now()
	require.NoError(t, s.own(measurement{mode: graph, precision: hardware.FP32, width: 64, models: 16, norm: cudnn}))
	require.Equal(t, []string{"backfire, graph in fp32, width 64, 16 at a time, normalised by cudnn: the time is over"}, s.outcome.LeftOut)
}

func TestKernelTable(t *testing.T) {
	python, err := startPyTorch(context.Background(), fakePython(t, ready,
		`echo '{"kernels": [{"name": "gemm", "calls_per_step": 3, "microseconds_per_step": 7.5}]}'`), "cuda", io.Discard)
	require.NoError(t, err)
	defer python.stop()
	s := newSession()
	s.profile(python)
	require.Equal(t, []kernel{{Width: 8, Precision: hardware.FP32, Name: "gemm", Calls: 3, Microseconds: 7.5}}, s.outcome.Kernels)
}

// fakePython returns the path of a program that answers like twin: with a first line, and
// with one answer to each request.
func fakePython(t *testing.T, first, answers string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "python")
	script := "#!/bin/sh\necho '" + first + "'\nwhile read request; do\n" + answers + "\ndone\n"
	require.NoError(t, os.WriteFile(path, []byte(script), 0o700)) //nolint:gosec // it is a program
	return path
}

const ready = `{"torch": "2.11.0", "device": "a GPU"}`

func TestPyTorchAnswers(t *testing.T) {
	python, err := startPyTorch(context.Background(), fakePython(t, ready,
		`case $request in *compile*) echo '{"error": "no compiler"}';; *) echo '{"seconds": 0.5}';; esac`), "cuda", io.Discard)
	require.NoError(t, err)
	defer python.stop()
	require.Equal(t, "PyTorch 2.11.0 on a GPU", python.about)
	s := newSession()
	s.others(python, eager, compile)
	require.Len(t, s.outcome.Findings, len(s.widths))
	require.Equal(t, finding{
		Program: twins, Width: 8, Precision: hardware.FP32, Mode: eager, Models: 1, Seconds: 0.5, StepsPerSecond: 4, ImagesPerSecond: 4 * batch,
	}, s.outcome.Findings[0])
	require.Len(t, s.outcome.LeftOut, len(s.widths))
	require.Equal(t, "pytorch, compile in fp32, width 8, 1 at a time: no compiler", s.outcome.LeftOut[0])
}

func TestPyTorchFails(t *testing.T) {
	for first, says := range map[string]string{
		`{"error": "PyTorch sees no GPU"}`: "PyTorch sees no GPU",
		"Traceback":                        "Traceback",
	} {
		_, err := startPyTorch(context.Background(), fakePython(t, first, ":"), "cuda", io.Discard)
		require.ErrorContains(t, err, says)
	}
	_, err := startPyTorch(context.Background(), filepath.Join(t.TempDir(), "nothing"), "cuda", io.Discard)
	require.ErrorIs(t, err, os.ErrNotExist)
	for answers, says := range map[string]string{
		"exit":                     "without an answer",
		"echo nonsense":            "nonsense",
		`echo '{"seconds": 0}'`:    "a duration of 0 s",
		`echo '{"error": "full"}'`: "full",
	} {
		python, err := startPyTorch(context.Background(), fakePython(t, ready, answers), "cuda", io.Discard)
		require.NoError(t, err)
		_, err = python.time(request{})
		require.ErrorContains(t, err, says)
		python.stop()
		require.NoDirExists(t, python.dir)
	}
}

// A process that takes too long is killed.
func TestPyTorchIsKilledInTheEnd(t *testing.T) {
	ctx, end := context.WithCancel(context.Background())
	python, err := startPyTorch(ctx, fakePython(t, ready, "exec sleep 3600"), "cuda", io.Discard)
	require.NoError(t, err)
	defer python.stop()
	time.AfterFunc(10*time.Millisecond, end)
	_, err = python.time(request{})
	require.ErrorContains(t, err, "without an answer")
}

// The program twin runs on the CPU, if BACKFIRE_PYTHON names a Python with PyTorch.
func TestTwin(t *testing.T) {
	named := os.Getenv("BACKFIRE_PYTHON")
	if named == "" {
		t.Skip("needs BACKFIRE_PYTHON, a Python with PyTorch")
	}
	python, err := startPyTorch(context.Background(), named, "cpu", os.Stderr)
	require.NoError(t, err)
	defer python.stop()
	require.True(t, strings.HasPrefix(python.about, "PyTorch 2."), python.about)
	for _, precision := range []string{"fp32", "bf16"} {
		seconds, err := python.time(request{Mode: eager, Width: 1, Precision: precision, Batch: 4, Steps: 2})
		require.NoError(t, err)
		require.Positive(t, seconds)
	}
	said, err := python.ask(request{Mode: kernelTable, Width: 1, Precision: "fp32", Batch: 4, Steps: 2})
	require.NoError(t, err)
	require.NotEmpty(t, said.Kernels)
	require.Positive(t, said.Kernels[0].Microseconds)
	_, err = python.time(request{Mode: graph, Width: 1, Precision: "fp32", Batch: 4, Steps: 2})
	require.Error(t, err, "a CPU cannot record a graph")
}
