package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"backfire/torchbridge"
)

// benchThreads times the step of our own kernels on one thread and on several, both in this process
// in turn, and prints the ratios. It measures the time of day and needs cores that nothing else
// uses.
func benchThreads(ctx context.Context, o options, out io.Writer) error {
	fmt.Fprintf(out, "Training step, batch %d, %s, elapsed time, medians of %d paired rounds [min, max],\n"+
		"ratio: time on one thread over that on %d.\n\n%5s  %-8s  %22s  %22s  %18s\n",
		o.batch, o.precision, o.rounds, o.threads, "width", "images", "one thread ms/step", "threads ms/step", "ratio")
	return eachModel(o, func(spec torchbridge.ModelSpec) error { return benchThreadsOf(ctx, o, spec, out) })
}

// benchThreadsOf is benchThreads for a model.
func benchThreadsOf(ctx context.Context, o options, spec torchbridge.ModelSpec, out io.Writer) error {
	steps := max(2, 640/spec.Width)
	own, err := startOurs(o, spec, torchbridge.KernelsAuto, steps)
	if err != nil {
		return err
	}
	defer own.stop()
	var milliseconds [2][]float64
	var ratios []float64
	for round := -1; round < o.rounds; round++ { // the first one warms up
		if err := ctx.Err(); err != nil {
			return err
		}
		var elapsed [2]float64
		for i, threads := range []int{1, o.threads} {
			if err := own.trainer.SetThreads(threads); err != nil {
				return err
			}
			begin := time.Now()
			if _, err := own.trainer.Epoch(own.order, nil); err != nil {
				return err
			}
			elapsed[i] = time.Since(begin).Seconds() / float64(steps) * 1e3
			if round >= 0 {
				milliseconds[i] = append(milliseconds[i], elapsed[i])
			}
		}
		if round >= 0 {
			ratios = append(ratios, elapsed[0]/elapsed[1])
		}
	}
	fmt.Fprintf(out, "%5d  %-8s  %22s  %22s  %18s\n", spec.Width, fmt.Sprintf("%dx%dx%d", spec.Channels, spec.Height, spec.WidthPx),
		spread(milliseconds[0], "%.1f"), spread(milliseconds[1], "%.1f"), spread(ratios, "%.2f"))
	return nil
}
