package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"backfire/torchbridge"
)

// part writes what is known so far to the file of -out, whole or not at all.
func (s *session) part() error {
	if s.out == "" {
		return nil
	}
	text, err := json.MarshalIndent(s.outcome, "", "  ")
	if err != nil {
		return err
	}
	draft := filepath.Join(filepath.Dir(s.out), "."+filepath.Base(s.out)+".part")
	if err := os.WriteFile(draft, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(draft, s.out)
}

// measure carries out the measurements, the most important ones first: models side by side
// at each width and precision, then PyTorch's step, eager and as a graph, the same with a
// defense and one operation after the other, and at the end PyTorch's compiled step, whose
// compilation takes long.
func (s *session) measure(ctx context.Context) error {
	for _, width := range s.widths {
		for _, precision := range s.precisions {
			for _, norm := range s.norms.list {
				if norm == fused {
					norm = ""
				}
				if err := s.crowd(measurement{mode: graph, precision: precision, width: width, norm: norm}); err != nil {
					return err
				}
			}
		}
	}
	ctx, end := context.WithDeadline(ctx, s.until)
	defer end()
	python := s.startPyTorch(ctx)
	if python != nil {
		defer python.stop()
		s.profile(python)
		s.others(python, graph, eager)
	}
	for _, width := range s.widths {
		for _, precision := range s.precisions {
			for _, m := range []measurement{{mode: graph, defense: cutMixed}, {mode: eager}} {
				m.precision, m.width, m.models = precision, width, 1
				if err := s.own(m); err != nil {
					return err
				}
			}
		}
	}
	if python != nil {
		s.others(python, compile)
	}
	return nil
}

// startPyTorch starts PyTorch's side; nil, with the reason, if it is left out.
func (s *session) startPyTorch(ctx context.Context) *pytorch {
	if s.noPyTorch {
		return nil
	}
	python, err := startPyTorch(ctx, s.python, "cuda", s.errOut)
	if err != nil {
		s.leaveOut("PyTorch's side", err)
		return nil
	}
	s.outcome.PyTorch = python.about
	return python
}

// crowd measures the numbers of models side by side, as far as they fit into the memory.
func (s *session) crowd(m measurement) error {
	for i, models := range s.models {
		m.models = models
		err := s.own(m)
		if err != nil && i == 0 {
			return err
		}
		if err != nil {
			s.leaveOut(backfire+", "+m.String(), err)
			break
		}
	}
	return nil
}

// own measures backfire.
func (s *session) own(m measurement) error {
	if s.late(backfire + ", " + m.String()) {
		return nil
	}
	onGPU := s.device != "cpu"
	if onGPU {
		if _, _, err := torchbridge.PeakMemory(s.number); err != nil { // forgets earlier measurements
			return err
		}
	}
	runs, err := together(m.models, job{
		device: s.device, precision: m.precision, width: m.width, steps: s.steps, eager: m.mode == eager, defended: m.defense == cutMixed,
		norm: m.norm,
	})
	if err != nil {
		return err
	}
	longest := 0.0
	for _, r := range runs {
		longest = max(longest, r.seconds)
	}
	f := s.found(backfire, m, longest)
	f.Norm, f.GraphNodes = m.norm, runs[0].nodes
	if onGPU {
		allocated, reserved, err := torchbridge.PeakMemory(s.number)
		if err != nil {
			return err
		}
		f.Allocated, f.Reserved = allocated/int64(m.models), reserved/int64(m.models)
	}
	return s.part()
}

// profiledSteps is the number of steps whose kernels PyTorch's profiler times.
const profiledSteps = 10

// profile has PyTorch time the kernels of its eager step.
func (s *session) profile(python *pytorch) {
	for _, precision := range s.precisions {
		width := s.widths[0]
		what := twins + "'s kernels in " + precision
		if s.late(what) {
			continue
		}
		said, err := python.ask(request{Mode: kernelTable, Width: width, Precision: precision, Batch: batch, Steps: profiledSteps})
		if err != nil {
			s.leaveOut(what, err)
			continue
		}
		for _, k := range said.Kernels {
			k.Width, k.Precision = width, precision
			s.outcome.Kernels = append(s.outcome.Kernels, k)
		}
	}
}
