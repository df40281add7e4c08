// Bench times the training steps of backfire and of PyTorch in paired rounds of one run, and prints
// the ratios with their spread.
//
// scripts/bench.sh (make bench) calls it and provides the Python environment of the twin, the
// PyTorch process.
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
	"path/filepath"
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

// options are the arguments of the command line.
type options struct {
	preload string // allocator of PyTorch's side; empty: the C library's
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
	sweepThreads int // of each PyTorch process of a sweep
	epochs       int // of a sweep; 0: the preset's

	defenses bool
	kernels  bool
	scaling  bool
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
	flags.StringVar(&widths, "widths", "8,16,32,64", "model widths")
	flags.StringVar(&o.preload, "preload", "", "allocator that PyTorch's side runs with, such as libtcmalloc_minimal.so.4; empty: the C library's")
	flags.IntVar(&o.rounds, "rounds", 5, "paired rounds")
	flags.IntVar(&o.batch, "batch", 32, "images per step")
	flags.StringVar(&o.precision, "precision", hardware.FP32, "of both sides: fp32 or bf16")
	flags.IntVar(&o.threads, "threads", 1, "threads of one operation")
	flags.BoolVar(&o.defenses, "defenses", false, "time defenders that change batches beside one that does not, in place of PyTorch")
	flags.BoolVar(&o.kernels, "kernels", false, "time the step of our own kernels in fp32 beside libtorch's gradient graph (direct sums in fp32, or -precision bf16), in place of PyTorch")
	flags.BoolVar(&o.scaling, "scaling", false, "time the step of our own kernels on one thread and on -threads, in place of PyTorch")
	flags.StringVar(&o.write, "write", "", "file, such as docs/performance.md, to write the table into, between its markers")
	flags.BoolVar(&o.sweep, "sweep", false, "time a whole quick sweep beside PyTorch processes that train models of the same shapes")
	flags.IntVar(&o.sweepThreads, "sweep-threads", 1, "threads of each PyTorch process of a sweep, of which there are as many as the cores have room for")
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
	if o.rounds < 1 || o.batch < 2 || o.threads < 1 || o.sweepThreads < 1 {
		return o, fmt.Errorf("-rounds %d -batch %d -threads %d -sweep-threads %d: at least one round, two images per step and one thread are needed",
			o.rounds, o.batch, o.threads, o.sweepThreads)
	}
	return o, nil
}

// run carries out what the arguments ask for.
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
	case o.scaling:
		return benchThreads(ctx, o, out)
	case o.sweep:
		return benchSweep(ctx, o, out, errOut)
	}
	fmt.Fprintf(out, "Training step on 3x32x32 images, batch %d, %s, %d thread(s), processor time, medians of %d paired rounds [min, max].\n",
		o.batch, o.precision, o.threads, o.rounds)
	fmt.Fprintln(out, "speed-up: the time of the PyTorch variant with the least median, compiled or not, over backfire's of the same round; peak: share of a 2048^2 matrix product's speed.")
	if o.preload != "" {
		fmt.Fprintf(out, "PyTorch runs with %s.\n", filepath.Base(o.preload))
	}
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

// compiled is the name that twin.py has for torch.compile on the last of the variants.
const compiled = "compile"

// variants are the names that twin.py has for PyTorch's eager settings.
var variants = []string{"plain", "channels_last", "fused", "channels_last+fused"}

// header returns the headings of the variants.
func header() string {
	var b strings.Builder
	for _, v := range variants {
		fmt.Fprintf(&b, "%*s", len(v)+2, v)
	}
	return b.String()
}

// speedUps returns, for each round, the time of the variant with the least median over ours. The
// fastest variant of each round would be the luckiest one where times scatter more than the
// variants differ.
func speedUps(own []float64, theirs [][]float64) []float64 {
	best := slices.MinFunc(theirs, func(a, b []float64) int { return cmp.Compare(median(a), median(b)) })
	ratios := make([]float64, len(own))
	for i := range own {
		ratios[i] = best[i] / own[i]
	}
	return ratios
}

// widthTimes are the times of one width, by round.
type widthTimes struct {
	own      []float64   // of our step, ms
	peaks    []float64   // our share of the speed of a matrix product
	theirs   [][]float64 // of PyTorch's step by variant, ms
	compiled []float64   // of PyTorch's compiled step, ms
	lacking  error       // why PyTorch cannot compile; nil: it can
}

// benchWidth times both programs at one width and prints a line of the table.
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
	times := &widthTimes{theirs: make([][]float64, len(variants))}
	for round := -1; round < o.rounds; round++ { // the first one warms up
		if err := times.round(twin, ours, stepGFLOP(width, o.batch), steps, round >= 0); err != nil {
			return err
		}
	}
	times.print(out, width, o.batch)
	return nil
}

// round times each program once. The times of a round that does not count are dropped.
func (w *widthTimes) round(twin *twin, ours *ours, gflop float64, steps int, counts bool) error {
	perStep := func(seconds float64) float64 { return seconds / float64(steps) * 1e3 }
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
	if w.lacking == nil {
		if compile, err = twin.ask(compiled, steps); errors.Is(err, errUnavailable) {
			w.lacking = err
		} else if err != nil {
			return err
		}
	}
	if !counts {
		return nil
	}
	w.compiled = append(w.compiled, perStep(compile))
	w.own = append(w.own, perStep(seconds))
	w.peaks = append(w.peaks, gflop*float64(steps)/seconds/peak)
	for i := range variants {
		w.theirs[i] = append(w.theirs[i], perStep(times[i]))
	}
	return nil
}

// print writes the line of a width.
func (w *widthTimes) print(out io.Writer, width, batch int) {
	all := w.theirs
	if w.lacking == nil {
		all = append(slices.Clone(all), w.compiled)
	}
	ratios := speedUps(w.own, all)
	fmt.Fprintf(out, "%5d  %22s  %9.0f  ", width, spread(w.own, "%.1f"), float64(batch)/median(w.own)*1e3)
	for i, v := range variants {
		fmt.Fprintf(out, "%*.1f", len(v)+2, median(w.theirs[i]))
	}
	column := "-"
	if w.lacking == nil {
		column = fmt.Sprintf("%.1f", median(w.compiled))
	}
	fmt.Fprintf(out, "  %7s  %18s  %4.0f%%\n", column, spread(ratios, "%.2f"), 100*median(w.peaks))
	if w.lacking != nil {
		fmt.Fprintf(out, "       %v\n", w.lacking)
	}
}

// stepGFLOP returns the arithmetic of one training step on 3x32x32 images in GFLOP: 3.34 per image
// at width 64 (forward and backward), proportional to the square of the width.
func stepGFLOP(width, batch int) float64 {
	return 3.34 * float64(width*width) / (64 * 64) * float64(batch)
}

// median returns the median of values, of which there is at least one.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// spread returns the median of values with the least and the largest, each in a format.
func spread(values []float64, format string) string {
	return fmt.Sprintf(format+" ["+format+", "+format+"]", median(values), slices.Min(values), slices.Max(values))
}

// ours is a model in training by torchbridge.
type ours struct {
	trainer *torchbridge.Trainer
	order   []int32
}

// benchClasses is the number of classes of the models that are timed.
const benchClasses = 10

// startOurs makes a model and a training set for so many steps per epoch.
func startOurs(o options, spec torchbridge.ModelSpec, kernels string, steps int) (*ours, error) {
	rows := steps * o.batch
	trainer, err := torchbridge.NewTrainer(torchbridge.Options{
		Model: spec,
		Train: torchbridge.TrainSpec{
			Epochs: 2 * (o.rounds + 1), Batch: o.batch, Optimizer: torchbridge.OptimizerSGD, LR: 1e-3,
			Momentum: 0.9, WeightDecay: 5e-4, Schedule: torchbridge.ScheduleConstant,
		},
		Images: rows, Mean: slices.Repeat([]float32{0.5}, spec.Channels), Std: slices.Repeat([]float32{0.25}, spec.Channels),
		Device: "cpu", Precision: o.precision, Kernels: kernels, Threads: o.threads, Seed: 1,
	})
	if err != nil {
		return nil, err
	}
	images, labels, order := make([]uint8, rows*spec.Channels*spec.Height*spec.WidthPx), make([]uint16, rows), make([]int32, rows)
	for i := range images {
		images[i] = uint8(i * 7919 >> 3)
	}
	for i := range labels {
		labels[i], order[i] = uint16(i%benchClasses), int32(i)
	}
	if err := trainer.Upload(images, labels); err != nil {
		trainer.Close()
		return nil, err
	}
	return &ours{trainer, order}, nil
}

// epoch trains one round's steps and returns the processor time in seconds.
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

// processorTime returns the processor time that this process has used so far. Unlike the time of
// day, it does not depend on other programs on the machine.
func processorTime() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("processor time: %w", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}

// stop frees the model.
func (u *ours) stop() { u.trainer.Close() }
