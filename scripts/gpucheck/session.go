package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"
)

// outcome is the whole of what the check writes.
type outcome struct {
	Device   string    `json:"device"`
	PyTorch  string    `json:"pytorch,omitempty"` // its version and device; absent: it is left out
	Checks   []check   `json:"checks"`
	Notices  []string  `json:"notices"`
	Findings []finding `json:"findings"`
	LeftOut  []string  `json:"left_out"` // what was not measured, and why
}

// check is one thing that must hold.
type check struct {
	Name   string `json:"name"`
	Holds  bool   `json:"holds"`
	Detail string `json:"detail,omitempty"`
}

// finding is what was measured of one way to train.
type finding struct {
	Program         string  `json:"program"` // backfire or pytorch
	Width           int     `json:"width"`
	Mode            string  `json:"mode"` // eager, compile or graph
	Models          int     `json:"models"`
	Seconds         float64 `json:"seconds"`
	StepsPerSecond  float64 `json:"model_steps_per_second"` // of all models together
	ImagesPerSecond float64 `json:"images_per_second"`
}

// Programs and modes.
const (
	backfire = "backfire"
	twins    = "pytorch"
	eager    = "eager"
	graph    = "graph"
	compile  = "compile"
)

// widths are the networks that are measured.
var widths = []int{8, 16, 64}

// session is one run of the check.
type session struct {
	options
	device  string
	until   time.Time
	errOut  io.Writer
	outcome outcome
}

// holds notes a check.
func (s *session) holds(name string, holds bool, detail string) {
	s.outcome.Checks = append(s.outcome.Checks, check{name, holds, detail})
}

// verdict is an error if something does not hold.
func (s *session) verdict() error {
	var failed []string
	for _, c := range s.outcome.Checks {
		if !c.Holds {
			failed = append(failed, c.Name)
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("it does not hold that %s", strings.Join(failed, "; "))
	}
	return nil
}

// check trains the same model, for so many steps, in every way.
func (s *session) check(width, steps int) error {
	note := func(message string) { s.outcome.Notices = append(s.outcome.Notices, message) }
	small := job{device: s.device, width: width, steps: steps, notice: note}
	operations := small
	operations.eager = true
	one, err := trained(operations)
	if err != nil {
		return err
	}
	again, err := trained(operations)
	if err != nil {
		return err
	}
	s.holds("the same training gives the same weights", reflect.DeepEqual(one.state, again.state), "")
	recorded, err := trained(small)
	if err != nil {
		return err
	}
	s.holds("recorded steps give the weights of eager ones", reflect.DeepEqual(one.state, recorded.state), "")
	small.notice = nil // it would tell the same, from several threads
	side, err := together(3, small)
	if err != nil {
		return err
	}
	s.holds("models side by side have the weights of one alone", !slices.ContainsFunc(side, func(each training) bool {
		return !reflect.DeepEqual(each.state, one.state)
	}), "")
	s.holds("steps can be recorded", len(s.outcome.Notices) == 0, strings.Join(s.outcome.Notices, "; "))
	return nil
}

// late notes what is left out for lack of time, and says whether it is.
func (s *session) late(what string) bool {
	if time.Now().Before(s.until) {
		return false
	}
	s.leaveOut(what, errors.New("the time is over"))
	return true
}

func (s *session) leaveOut(what string, why error) {
	s.outcome.LeftOut = append(s.outcome.LeftOut, fmt.Sprintf("%s: %v", what, why))
}

// found notes a measurement.
func (s *session) found(program, mode string, width, models int, seconds float64) {
	steps := float64(models*s.steps) / seconds
	s.outcome.Findings = append(s.outcome.Findings, finding{
		Program: program, Width: width, Mode: mode, Models: models, Seconds: seconds, StepsPerSecond: steps, ImagesPerSecond: steps * batch,
	})
}

// measure times what matters most first: both programs with a model alone, then
// more and more models, and last what takes long to compile.
func (s *session) measure(ctx context.Context) error {
	for _, width := range widths {
		for _, mode := range []string{eager, graph} {
			if err := s.own(mode, width, 1); err != nil {
				return err
			}
		}
	}
	ctx, end := context.WithDeadline(ctx, s.until)
	defer end()
	python, err := startPyTorch(ctx, s.python, "cuda", s.errOut)
	if err != nil {
		s.leaveOut("PyTorch's side", err)
	} else {
		defer python.stop()
		s.outcome.PyTorch = python.about
		s.others(python, eager, graph)
	}
	for _, width := range widths {
		for models := 2; models <= s.most; models *= 2 {
			if err := s.own(graph, width, models); err != nil {
				if models == 2 {
					return err
				}
				s.leaveOut(fmt.Sprintf("%s, %d models of width %d", backfire, models, width), err) // there is no room for them
				break
			}
		}
	}
	if python != nil {
		s.others(python, compile)
	}
	return nil
}

// own times backfire.
func (s *session) own(mode string, width, models int) error {
	if s.late(fmt.Sprintf("%s, %s, %d models of width %d", backfire, mode, models, width)) {
		return nil
	}
	runs, err := together(models, job{device: s.device, width: width, steps: s.steps, eager: mode == eager})
	if err != nil {
		return err
	}
	longest := 0.0
	for _, r := range runs {
		longest = max(longest, r.seconds)
	}
	s.found(backfire, mode, width, models, longest)
	return nil
}

// others times PyTorch.
func (s *session) others(python *pytorch, modes ...string) {
	for _, width := range widths {
		for _, mode := range modes {
			what := fmt.Sprintf("%s, %s, width %d", twins, mode, width)
			if s.late(what) {
				continue
			}
			seconds, err := python.time(request{Mode: mode, Width: width, Precision: "fp32", Batch: batch, Steps: s.steps})
			if err != nil {
				s.leaveOut(what, err)
				continue
			}
			s.found(twins, mode, width, 1, seconds)
		}
	}
}
