package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"backfire/internal/hardware"
	"backfire/internal/safetensors"
)

// outcome is the output of the program.
type outcome struct {
	Device   string    `json:"device"`
	PyTorch  string    `json:"pytorch,omitempty"` // its version and device; absent: PyTorch was not measured
	Checks   []check   `json:"checks"`
	Notices  []string  `json:"notices"`
	Findings []finding `json:"findings"`
	Kernels  []kernel  `json:"kernels,omitempty"` // of PyTorch's step, the longest first
	LeftOut  []string  `json:"left_out"`          // measurements that were left out, with the reason
}

// kernel is the time of one kernel of PyTorch's eager step, by PyTorch's profiler.
type kernel struct {
	Width        int     `json:"width"`
	Precision    string  `json:"precision"`
	Name         string  `json:"name"`
	Calls        int     `json:"calls_per_step"`
	Microseconds float64 `json:"microseconds_per_step"`
}

// check is one property that must hold.
type check struct {
	Name   string `json:"name"`
	Holds  bool   `json:"holds"`
	Detail string `json:"detail,omitempty"`
}

// finding is one measurement.
type finding struct {
	Program         string  `json:"program"` // backfire or pytorch
	Width           int     `json:"width"`
	Precision       string  `json:"precision"` // fp32, tf32 or bf16
	Mode            string  `json:"mode"`      // eager, compile or graph
	Defense         string  `json:"defense,omitempty"`
	Norm            string  `json:"norm,omitempty"` // native or cudnn, both of libtorch; absent: fused kernels
	Models          int     `json:"models"`
	Seconds         float64 `json:"seconds"`
	StepsPerSecond  float64 `json:"model_steps_per_second"` // of all models together
	ImagesPerSecond float64 `json:"images_per_second"`
	GraphNodes      int     `json:"graph_nodes,omitempty"` // of the recorded step
	// The most memory per model: of tensors, and as libtorch had taken it from the device.
	Allocated int64 `json:"allocated_bytes_per_model,omitempty"`
	Reserved  int64 `json:"reserved_bytes_per_model,omitempty"`
}

// The programs, modes and defenses of the findings.
const (
	backfire = "backfire"
	twins    = "pytorch"
	eager    = "eager"
	graph    = "graph"
	compile  = "compile"
	// kernelTable asks for the times of the kernels of a step.
	kernelTable = "kernels"
	cutMixed    = "cutmix"
)

// session is one run of the check.
type session struct {
	options
	device string
	number int // of the CUDA device
	// precisions are those of the device that were asked for, the most important first.
	precisions []string

	until   time.Time
	errOut  io.Writer
	outcome outcome
}

// holds records a check.
func (s *session) holds(name string, holds bool, detail string) {
	s.outcome.Checks = append(s.outcome.Checks, check{name, holds, detail})
}

// verdict returns an error that names the checks which do not hold; nil if all hold.
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

// lossTolerance is the largest accepted difference between the loss in a precision and
// that in fp32, as a share of the latter. bfloat16 keeps 8 bits of each factor, which
// changes the loss by less. The loss of a model that did not learn, or diverged, differs
// by much more.
const lossTolerance = 0.1

// check trains the same model for a number of steps in every way and precision, and
// compares the results.
func (s *session) check(width, steps int) error {
	reference, err := trained(job{device: s.device, precision: hardware.FP32, width: width, steps: steps})
	if err != nil {
		return err
	}
	full := reference.loss
	for _, precision := range s.precisions {
		loss, err := s.checkPrecision(job{device: s.device, precision: precision, width: width, steps: steps})
		if err != nil {
			return err
		}
		s.holds(precision+": the loss is near that of fp32", math.Abs(loss-full) <= lossTolerance*full, fmt.Sprintf("%.4f and %.4f", loss, full))
	}
	s.holds("steps can be recorded", len(s.outcome.Notices) == 0, strings.Join(s.outcome.Notices, "; "))
	return s.part()
}

// weightTolerance is the largest accepted distance between the weights that fused kernels and
// libtorch's train, as a share of the length of the latter. The steps of the check move weights
// by more where an operation is missing.
const weightTolerance = 0.05

// checkFused compares the weights that fused kernels and libtorch's train in eager steps.
func (s *session) checkFused(small job, own training) error {
	small.eager, small.norm = true, native
	other, err := trained(small)
	if err != nil {
		return err
	}
	apart := distance(own.state.Model, other.state.Model)
	s.holds(small.precision+": fused kernels give the weights of libtorch's but for roundings", apart <= weightTolerance,
		fmt.Sprintf("%.2g of their length apart; losses %.4f and %.4f", apart, own.loss, other.loss))
	return nil
}

// distance returns the distance between two lists of tensors as a share of the length of the
// second.
func distance(a, b []safetensors.Tensor) float64 {
	var apart, length float64
	for i := range b {
		for j, v := range b[i].Values {
			d := float64(a[i].Values[j]) - float64(v)
			apart, length = apart+d*d, length+float64(v)*float64(v)
		}
	}
	return math.Sqrt(apart / length)
}

// checkPrecision compares the ways of training one job, and returns its loss.
func (s *session) checkPrecision(small job) (float64, error) {
	small.notice = func(message string) { s.outcome.Notices = append(s.outcome.Notices, message) }
	operations := small
	operations.eager = true
	one, err := trained(operations)
	if err != nil {
		return 0, err
	}
	if err := s.checkFused(small, one); err != nil {
		return 0, err
	}
	again, err := trained(operations)
	if err != nil {
		return 0, err
	}
	s.holds(small.precision+": the same training gives the same weights", reflect.DeepEqual(one.state, again.state), "")
	recorded, err := trained(small)
	if err != nil {
		return 0, err
	}
	s.holds(small.precision+": recorded steps give the weights of eager ones", reflect.DeepEqual(one.state, recorded.state), "")
	operations.defended, small.defended = true, true
	mixed, err := trained(operations)
	if err != nil {
		return 0, err
	}
	if recorded, err = trained(small); err != nil {
		return 0, err
	}
	s.holds(small.precision+": recorded steps with CutMix give the weights of eager ones", reflect.DeepEqual(mixed.state, recorded.state), "")
	small.defended = false
	small.notice = nil // it would repeat the notices, from several threads
	side, err := together(3, small)
	if err != nil {
		return 0, err
	}
	s.holds(small.precision+": models side by side have the weights of one alone", !slices.ContainsFunc(side, func(each training) bool {
		return !reflect.DeepEqual(each.state, one.state)
	}), "")
	return one.loss, nil
}

// late reports whether the time is over. If it is, the measurement is recorded as left out.
func (s *session) late(what string) bool {
	if time.Now().Before(s.until) {
		return false
	}
	s.leaveOut(what, errors.New("the time is over"))
	return true
}

// leaveOut records a measurement that is left out, and the reason.
func (s *session) leaveOut(what string, why error) {
	s.outcome.LeftOut = append(s.outcome.LeftOut, fmt.Sprintf("%s: %v", what, why))
}

// found records a measurement.
func (s *session) found(program string, m measurement, seconds float64) *finding {
	steps := float64(m.models*s.steps) / seconds
	s.outcome.Findings = append(s.outcome.Findings, finding{
		Program: program, Width: m.width, Precision: m.precision, Mode: m.mode, Defense: m.defense, Models: m.models,
		Seconds: seconds, StepsPerSecond: steps, ImagesPerSecond: steps * batch,
	})
	return &s.outcome.Findings[len(s.outcome.Findings)-1]
}

// measurement describes one measurement.
type measurement struct {
	mode, precision string
	width, models   int
	defense         string // cutMixed or empty
	norm            string // native, cudnn or empty: fused
}

// String returns the description in words.
func (m measurement) String() string {
	what := fmt.Sprintf("%s in %s, width %d, %d at a time", m.mode, m.precision, m.width, m.models)
	if m.defense != "" {
		what += ", " + m.defense
	}
	if m.norm != "" {
		what += ", normalised by " + m.norm
	}
	return what
}

// others measures PyTorch in the given modes.
func (s *session) others(python *pytorch, modes ...string) {
	for _, width := range s.widths {
		for _, precision := range s.precisions {
			for _, mode := range modes {
				m := measurement{mode: mode, precision: precision, width: width, models: 1}
				if s.late(twins + ", " + m.String()) {
					continue
				}
				seconds, err := python.time(request{Mode: mode, Width: width, Precision: precision, Batch: batch, Steps: s.steps})
				if err != nil {
					s.leaveOut(twins+", "+m.String(), err)
					continue
				}
				s.found(twins, m, seconds)
				if err := s.part(); err != nil {
					s.leaveOut("the file "+s.out, err)
				}
			}
		}
	}
}
