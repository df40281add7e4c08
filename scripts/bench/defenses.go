package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"backfire/config"
	"backfire/datasets"
	"backfire/engine"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/worker"
)

// benchDefenses times the training step of defenders that change batches and of one that does not,
// in turn on the same cores, and prints the ratios. Agent augmentation and indexing are not timed,
// because they work before the first step.
func benchDefenses(ctx context.Context, o options, out io.Writer) error {
	fmt.Fprintf(out, "Training step on 1x28x28 images, batch %d, fp32, %d thread(s), processor time, medians of %d paired rounds [min, max],\n"+
		"rows: images through the step against none.\n\n%5s  %-22s  %22s  %20s  %5s\n",
		o.batch, o.threads, o.rounds, "width", "defender", "ms/step", "against none", "rows")
	for _, width := range o.widths {
		if err := benchDefended(ctx, o, width, out); err != nil {
			return fmt.Errorf("width %d: %w", width, err)
		}
	}
	return nil
}

// defended is a model in training by a defender.
type defended struct {
	name    string
	ours    *trained
	seconds []float64 // per round
	ratios  []float64
}

// benchDefended times the defenders at one width.
func benchDefended(ctx context.Context, o options, width int, out io.Writer) error {
	cells, err := defendedCells(ctx, o, width)
	if err != nil {
		return err
	}
	steps := max(4, 320/width)
	var all []*defended
	defer func() {
		for _, d := range all {
			d.ours.model.Close()
		}
	}()
	for _, cell := range cells {
		ours, err := startTrained(o, cell, steps)
		if err != nil {
			return err
		}
		all = append(all, &defended{name: cell.BatchStack().String(), ours: ours})
	}
	for round := -1; round < o.rounds; round++ { // the first one warms up
		var none float64
		for i, d := range all {
			if err := ctx.Err(); err != nil {
				return err
			}
			seconds, err := d.ours.epoch()
			if err != nil {
				return err
			}
			if i == 0 {
				none = seconds
			}
			if round >= 0 {
				d.seconds, d.ratios = append(d.seconds, seconds/float64(steps)*1e3), append(d.ratios, seconds/none)
			}
		}
	}
	for _, d := range all {
		fmt.Fprintf(out, "%5d  %-22s  %22s  %20s  %5.2f\n", width, d.name, spread(d.seconds, "%.1f"), spread(d.ratios, "%.3f"),
			float64(d.ours.trained)/float64(len(d.ours.order)))
	}
	return nil
}

// defendedCells returns the cell of a game without a defense and those of its defenders.
func defendedCells(ctx context.Context, o options, width int) ([]cell.Cell, error) {
	resolved, err := config.Load(config.Options{Preset: "quick", Sets: []string{
		"attackers.counts=1", "attackers.singles=0", "defenders=none,cutmix,mixup,adversarial_triggers,fgsm",
		fmt.Sprintf("model.width=%d", width), fmt.Sprintf("train.batch=%d", o.batch), fmt.Sprintf("train.epochs=%d", o.rounds+1),
	}})
	if err != nil {
		return nil, err
	}
	set, err := datasets.Load(ctx, datasets.Source{Name: datasets.Embedded})
	if err != nil {
		return nil, err
	}
	plan, err := plan.New(resolved.Config, set)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(plan.Cells, func(c cell.Cell) bool { return len(c.Game.Attackers) != 1 }), nil
}

// trained is a model in training as a worker trains it.
type trained struct {
	model   worker.TrainedModel
	order   []int32
	trained int // images through the last epoch's steps
}

// startTrained makes the model of a cell and a training set for so many steps per epoch.
func startTrained(o options, cell cell.Cell, steps int) (*trained, error) {
	rows := steps * o.batch
	model, err := engine.LibTorch{}.NewModel(worker.ModelOptions{
		Cell: cell, Images: rows, Mean: []float64{0.3}, Std: []float64{0.3}, Device: "cpu", Threads: o.threads,
	})
	if err != nil {
		return nil, err
	}
	images, labels, order := make([]uint8, rows*cell.Data.Shape.Size()), make([]uint16, rows), make([]int32, rows)
	for i := range images {
		images[i] = uint8(i * 7919 >> 3)
	}
	for i := range labels {
		labels[i], order[i] = uint16(i%len(cell.Data.Classes)), int32(i)
	}
	if err := model.Upload(images, labels); err != nil {
		model.Close()
		return nil, err
	}
	return &trained{model: model, order: order}, nil
}

// epoch trains once and returns the processor time in seconds.
func (u *trained) epoch() (float64, error) {
	start, err := processorTime()
	if err != nil {
		return 0, err
	}
	stats, err := u.model.Epoch(u.order, nil)
	if err != nil {
		return 0, err
	}
	end, err := processorTime()
	u.trained = stats.Images
	return (end - start).Seconds(), err
}
