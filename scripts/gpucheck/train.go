package main

import (
	"errors"
	"time"

	"backfire/torchbridge"
)

// batch is the number of images per step, the paper's.
const batch = 32

// job is one training on made-up images.
type job struct {
	device       string
	precision    string // of hardware
	width, steps int
	eager        bool
	defended     bool   // by CutMix
	norm         string // native or cudnn: libtorch normalises and updates; empty: fused kernels do
	notice       func(string)
	start        <-chan struct{} // closed when the timed epoch may begin; nil: at once
	ready        func()          // called before waiting for start
}

// training is the result of a job.
type training struct {
	state   torchbridge.State
	seconds float64 // of the second epoch; the first one warms up and records
	loss    float64 // mean over the second epoch
	nodes   int     // of the recorded step; 0: it was not recorded
}

// trained carries out a job. Its data and initial weights depend on width and steps alone.
func trained(j job) (training, error) {
	const classes, channels, size, epochs = 10, 3, 32, 2
	rows := j.steps * batch
	options := torchbridge.Options{
		Model: torchbridge.ModelSpec{Width: j.width, Channels: channels, Height: size, WidthPx: size, Classes: classes},
		Train: torchbridge.TrainSpec{
			Epochs: epochs, Batch: batch, Optimizer: torchbridge.OptimizerSGD, LR: 1e-2,
			Momentum: 0.9, WeightDecay: 5e-4, Schedule: torchbridge.ScheduleOneCycle,
		},
		Images: rows, Mean: []float32{0.5, 0.5, 0.5}, Std: []float32{0.25, 0.25, 0.25},
		Device: j.device, Precision: j.precision, Threads: 1, Seed: 1, Eager: j.eager, CuDNNNorm: j.norm == cudnn, NoFused: j.norm == native, Notice: j.notice,
	}
	if j.defended {
		options.Transform = cutMix
	}
	trainer, err := torchbridge.NewTrainer(options)
	if err != nil {
		return training{}, err
	}
	defer trainer.Close()
	images, labels, order := make([]uint8, rows*channels*size*size), make([]uint16, rows), make([]int32, rows)
	for i := range images {
		images[i] = uint8(i * 7919 >> 3)
	}
	for i := range labels {
		labels[i], order[i] = uint16(i%classes), int32(i)
	}
	if err := trainer.Upload(images, labels); err != nil {
		return training{}, err
	}
	if _, err := trainer.Epoch(order, nil); err != nil {
		return training{}, err
	}
	if j.ready != nil {
		j.ready()
	}
	if j.start != nil {
		<-j.start
	}
	begin := time.Now()
	stats, err := trainer.Epoch(order, nil)
	if err != nil {
		return training{}, err
	}
	seconds := time.Since(begin).Seconds()
	nodes, err := trainer.GraphNodes()
	if err != nil {
		return training{}, err
	}
	state, err := trainer.State()
	return training{state: state, seconds: seconds, loss: stats.Loss, nodes: nodes}, err
}

// cutMix puts another region of another partner into each row, step by step.
func cutMix(_, step, n int) torchbridge.BatchTransform {
	partner := make([]int32, n)
	for i := range partner {
		partner[i] = int32((i + 1 + step) % n)
	}
	x, y := step%16, step/16%16
	return torchbridge.BatchTransform{Mix: &torchbridge.Mix{
		Partner: partner, Lambda: 0.75, Box: &torchbridge.Box{X1: x, Y1: y, X2: x + 16, Y2: y + 16},
	}}
}

// together carries out the same job several times side by side. All of them begin their
// timed epoch at the same time.
func together(models int, j job) ([]training, error) {
	start, ready := make(chan struct{}), make(chan struct{}, models)
	j.start = start
	results, errs := make([]training, models), make(chan error, models)
	for i := range models {
		mine := j
		told := false
		mine.ready = func() { told = true; ready <- struct{}{} }
		go func() {
			var err error
			results[i], err = trained(mine)
			if !told {
				ready <- struct{}{} // it failed before, and the others must not wait for it
			}
			errs <- err
		}()
	}
	for range models {
		<-ready
	}
	close(start)
	var all error
	for range models {
		all = errors.Join(all, <-errs)
	}
	return results, all
}
