// Bench times backfire's training step beside PyTorch's, in paired rounds of one
// run, and prints the ratios with their spread.
//
// It is called by scripts/bench.sh (make bench), which provides the Python
// environment of the twin.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"backfire/internal/hardware"
	"backfire/torchbridge"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	python  string
	twin    string
	program string
	widths  []int
	rounds  int
	batch   int
	threads int

	precision string
	write     string // file whose table is to be written; empty: none

	sweep        bool
	sweepThreads int // of PyTorch in a sweep; 0: one per core
	epochs       int // of a sweep; 0: the preset's

	defenses bool
	kernels  bool
}

// parseOptions reads the command line.
func parseOptions(args []string, errOut io.Writer) (options, error) {
	var o options
	var widths string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.StringVar(&o.python, "python", "python3", "Python with PyTorch")
	flags.StringVar(&o.twin, "twin", "scripts/bench/twin.py", "PyTorch's side")
	flags.StringVar(&o.program, "program", "bin/backfire", "the program, whose phases are timed")
	flags.StringVar(&widths, "widths", "8,16,64", "model widths")
	flags.IntVar(&o.rounds, "rounds", 5, "paired rounds")
	flags.IntVar(&o.batch, "batch", 32, "images per step")
	flags.StringVar(&o.precision, "precision", hardware.FP32, "of both sides: fp32 or bf16")
	flags.IntVar(&o.threads, "threads", 1, "threads of one operation")
	flags.BoolVar(&o.defenses, "defenses", false, "time defenders that change batches beside one that does not, in place of PyTorch")
	flags.BoolVar(&o.kernels, "kernels", false, "time the kernels chosen by shape beside direct sums, in place of PyTorch")
	flags.StringVar(&o.write, "write", "", "file, such as docs/performance.md, to write the table into, between its markers")
	flags.BoolVar(&o.sweep, "sweep", false, "time a whole quick sweep beside a PyTorch script that trains the same models one after the other")
	flags.IntVar(&o.sweepThreads, "sweep-threads", 0, "threads of PyTorch in a sweep; 0: one per core")
	flags.IntVar(&o.epochs, "epochs", 0, "epochs of the models of a sweep; 0: the preset's")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	for _, field := range strings.Split(widths, ",") {
		width, err := strconv.Atoi(field)
		if err != nil || width < 1 {
			return o, fmt.Errorf("-widths %s: %q is no width: whole numbers above 0, with commas between", widths, field)
		}
		o.widths = append(o.widths, width)
	}
	if o.rounds < 1 || o.batch < 2 || o.threads < 1 {
		return o, fmt.Errorf("-rounds %d -batch %d -threads %d: at least one round, two images per step and one thread are needed",
			o.rounds, o.batch, o.threads)
	}
	return o, nil
}

func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	o, err := parseOptions(args, errOut)
	if err != nil {
		return err
	}
	switch {
	case o.defenses:
		return benchDefenses(ctx, o, out)
	case o.kernels:
		return benchKernels(ctx, o, out)
	case o.sweep:
		return benchSweep(ctx, o, out, errOut)
	}
	fmt.Fprintf(out, "Training step on 3x32x32 images, batch %d, %s, %d thread(s), processor time, medians of %d paired rounds [min, max].\n",
		o.batch, o.precision, o.threads, o.rounds)
	fmt.Fprintln(out, "speed-up: the time of the eager PyTorch variant with the least median over backfire's of the same round; peak: share of a 2048^2 matrix product's speed.")
	fmt.Fprintln(out)
	var table bytes.Buffer
	both := io.MultiWriter(out, &table)
	fmt.Fprintf(both, "%5s  %22s  %9s  %s  %7s  %18s  %5s\n", "width", "backfire ms/step", "images/s", header(), compiled, "speed-up", "peak")
	for _, width := range o.widths {
		if err := benchWidth(ctx, o, width, both); err != nil {
			return fmt.Errorf("width %d: %w", width, err)
		}
	}
	if o.write != "" {
		if err := writeTable(o.write, table.String()); err != nil {
			return err
		}
	}
	return benchPhases(ctx, o, out, errOut)
}

// compiled is torch.compile on the last of the variants, as twin.py names it.
const compiled = "compile"

// variants are PyTorch's eager settings, as twin.py names them.
var variants = []string{"plain", "channels_last", "fused", "channels_last+fused"}

func header() string {
	var b strings.Builder
	for _, v := range variants {
		fmt.Fprintf(&b, "%*s", len(v)+2, v)
	}
	return b.String()
}

// speedUps is, per round, the time of the variant that is fastest in the median
// over ours. Each round's own fastest would be the luckiest one where times
// scatter more than the variants differ.
func speedUps(own []float64, theirs [][]float64) []float64 {
	best := slices.MinFunc(theirs, func(a, b []float64) int { return cmp.Compare(median(a), median(b)) })
	ratios := make([]float64, len(own))
	for i := range own {
		ratios[i] = best[i] / own[i]
	}
	return ratios
}

func benchWidth(ctx context.Context, o options, width int, out io.Writer) error {
	steps := max(2, 160/width)
	twin, err := startTwin(ctx, o, width, steps)
	if err != nil {
		return err
	}
	defer twin.stop()
	ours, err := startOurs(o, torchbridge.ModelSpec{Width: width, Channels: 3, Height: 32, WidthPx: 32, Classes: benchClasses}, torchbridge.KernelsAuto, steps)
	if err != nil {
		return err
	}
	defer ours.stop()

	var own, peaks []float64
	theirs := make([][]float64, len(variants))
	var compiles []float64
	var lacking error
	for round := -1; round < o.rounds; round++ { // the first one warms up
		peak, err := twin.ask("matmul", 2048)
		if err != nil {
			return err
		}
		seconds, err := ours.epoch()
		if err != nil {
			return err
		}
		times := make([]float64, len(variants))
		for i, v := range variants {
			if times[i], err = twin.ask(v, steps); err != nil {
				return err
			}
		}
		var compile float64
		if lacking == nil {
			if compile, err = twin.ask(compiled, steps); errors.Is(err, errUnavailable) {
				lacking = err
			} else if err != nil {
				return err
			}
		}
		if round < 0 {
			continue
		}
		compiles = append(compiles, compile/float64(steps)*1e3)
		own = append(own, seconds/float64(steps)*1e3)
		peaks = append(peaks, stepGFLOP(width, o.batch)*float64(steps)/seconds/peak)
		for i := range variants {
			theirs[i] = append(theirs[i], times[i]/float64(steps)*1e3)
		}
	}
	ratios := speedUps(own, theirs)
	fmt.Fprintf(out, "%5d  %22s  %9.0f  ", width, spread(own, "%.1f"), float64(o.batch)/median(own)*1e3)
	for i, v := range variants {
		fmt.Fprintf(out, "%*.1f", len(v)+2, median(theirs[i]))
	}
	column := "-"
	if lacking == nil {
		column = fmt.Sprintf("%.1f", median(compiles))
	}
	fmt.Fprintf(out, "  %7s  %18s  %4.0f%%\n", column, spread(ratios, "%.2f"), 100*median(peaks))
	if lacking != nil {
		fmt.Fprintf(out, "       %v\n", lacking)
	}
	return nil
}

// stepGFLOP is the arithmetic of one training step on 3x32x32 images: 3.34 GFLOP
// per image at width 64 (forward and backward), falling with the square of the width.
func stepGFLOP(width, batch int) float64 {
	return 3.34 * float64(width*width) / (64 * 64) * float64(batch)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func spread(values []float64, format string) string {
	return fmt.Sprintf(format+" ["+format+", "+format+"]", median(values), slices.Min(values), slices.Max(values))
}

// ours trains with torchbridge.
type ours struct {
	trainer *torchbridge.Trainer
	order   []int32
}

// benchClasses is the number of classes of the models that are timed.
const benchClasses = 10

// startOurs makes a model and uploads the images of a round's steps.
func startOurs(o options, spec torchbridge.ModelSpec, kernels string, steps int) (*ours, error) {
	rows := steps * o.batch
	trainer, err := torchbridge.NewTrainer(torchbridge.Options{
		Model: spec,
		Train: torchbridge.TrainSpec{
			Epochs: o.rounds + 1, Batch: o.batch, Optimizer: torchbridge.OptimizerSGD, LR: 1e-3,
			Momentum: 0.9, WeightDecay: 5e-4, Schedule: torchbridge.ScheduleConstant,
		},
		Images: rows, Mean: slices.Repeat([]float32{0.5}, spec.Channels), Std: slices.Repeat([]float32{0.25}, spec.Channels),
		Device: "cpu", Precision: o.precision, Kernels: kernels, Threads: o.threads, Seed: 1,
	})
	if err != nil {
		return nil, err
	}
	images, labels, order := make([]uint8, rows*spec.Channels*spec.Height*spec.WidthPx), make([]uint8, rows), make([]int32, rows)
	for i := range images {
		images[i] = uint8(i * 7919 >> 3)
	}
	for i := range labels {
		labels[i], order[i] = uint8(i%benchClasses), int32(i)
	}
	if err := trainer.Upload(images, labels); err != nil {
		trainer.Close()
		return nil, err
	}
	return &ours{trainer, order}, nil
}

// epoch is the seconds of processor time of one pass of the round's steps.
func (u *ours) epoch() (float64, error) {
	start, err := processorTime()
	if err != nil {
		return 0, err
	}
	if _, err := u.trainer.Epoch(u.order, nil); err != nil {
		return 0, err
	}
	end, err := processorTime()
	return (end - start).Seconds(), err
}

// processorTime is what this process has used so far. Unlike the time of day, it
// does not count what other programs on the machine do.
func processorTime() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("processor time: %w", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}

func (u *ours) stop() { u.trainer.Close() }
