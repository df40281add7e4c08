package main

import (
	"context"
	"fmt"
	"io"

	"backfire/internal/hardware"
	"backfire/torchbridge"
)

// benchKernels times the step of our own kernels, in fp32, beside that of
// libtorch's gradient graph in o.precision (in fp32 with direct sums), both in
// this process on the same cores in turn, and prints the ratios.
func benchKernels(ctx context.Context, o options, out io.Writer) error {
	env, err := torchbridge.Environment()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Training step, batch %d, %s, %d thread(s), processor time, medians of %d paired rounds [min, max],\n"+
		"ratio: time with our own kernels in fp32 over that of libtorch's graph in %s.\n\n%5s  %-8s  %22s  %22s  %18s\n",
		o.batch, env.CPUCapability, o.threads, o.rounds, o.precision, "width", "images", "graph ms/step", "own ms/step", "ratio")
	return eachModel(o, func(spec torchbridge.ModelSpec) error { return benchKernelsOf(ctx, o, spec, out) })
}

// eachModel calls bench for a model of each width on each kind of images.
func eachModel(o options, bench func(torchbridge.ModelSpec) error) error {
	for _, width := range o.widths {
		for _, image := range [][2]int{{1, 28}, {3, 32}} {
			if err := bench(torchbridge.ModelSpec{
				Width: width, Channels: image[0], Height: image[1], WidthPx: image[1], Classes: benchClasses,
			}); err != nil {
				return fmt.Errorf("width %d: %w", width, err)
			}
		}
	}
	return nil
}

// benchKernelsOf is benchKernels for a model.
func benchKernelsOf(ctx context.Context, o options, spec torchbridge.ModelSpec, out io.Writer) error {
	steps := max(2, 320/spec.Width)
	graph, own := o, o
	own.precision = hardware.FP32
	arms := []struct {
		options options
		kernels string
	}{{graph, graphKernels(o.precision)}, {own, torchbridge.KernelsAuto}}
	var trainers []*ours
	defer func() {
		for _, t := range trainers {
			t.stop()
		}
	}()
	for _, arm := range arms {
		trainer, err := startOurs(arm.options, spec, arm.kernels, steps)
		if err != nil {
			return err
		}
		trainers = append(trainers, trainer)
	}
	milliseconds := make([][]float64, len(arms))
	var ratios []float64
	for round := -1; round < o.rounds; round++ { // the first one warms up
		if err := ctx.Err(); err != nil {
			return err
		}
		var seconds [2]float64
		for i, trainer := range trainers {
			var err error
			if seconds[i], err = trainer.epoch(); err != nil {
				return err
			}
			if round >= 0 {
				milliseconds[i] = append(milliseconds[i], seconds[i]/float64(steps)*1e3)
			}
		}
		if round >= 0 {
			ratios = append(ratios, seconds[1]/seconds[0])
		}
	}
	fmt.Fprintf(out, "%5d  %-8s  %22s  %22s  %18s\n", spec.Width, fmt.Sprintf("%dx%dx%d", spec.Channels, spec.Height, spec.WidthPx),
		spread(milliseconds[0], "%.1f"), spread(milliseconds[1], "%.1f"), spread(ratios, "%.2f"))
	return nil
}

// graphKernels returns the kernels with which a CPU computes the steps of a
// precision in libtorch's gradient graph.
func graphKernels(precision string) string {
	if precision == hardware.FP32 {
		return torchbridge.KernelsDirect
	}
	return torchbridge.KernelsAuto // bf16 has no kernels of our own
}
