package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"backfire/experiments/cell"
	"backfire/experiments/store"
)

// sweepCell describes a cell to sweep.py, which trains a model of the same shape.
type sweepCell struct {
	Rows     int     `json:"rows"`
	Probes   int     `json:"probes"`
	Channels int     `json:"channels"`
	Height   int     `json:"height"`
	WidthPx  int     `json:"width_px"`
	Classes  int     `json:"classes"`
	Width    int     `json:"width"`
	Epochs   int     `json:"epochs"`
	Batch    int     `json:"batch"`
	LR       float64 `json:"lr"`
}

// cost is the time that a program and its child processes took.
type cost struct{ wall, processor time.Duration }

// benchSweep times "backfire quick" and PyTorch processes that together train models of the same
// shapes on the same cores, and prints the ratio of PyTorch's time to backfire's.
func benchSweep(ctx context.Context, o options, out, errOut io.Writer) error {
	var walls, processors []float64
	for round := range o.rounds {
		ours, cells, err := playQuick(ctx, o, errOut)
		if err != nil {
			return err
		}
		theirs, err := playPyTorch(ctx, o, cells, errOut)
		if err != nil {
			return fmt.Errorf("PyTorch's sweep: %w", err)
		}
		walls = append(walls, theirs.wall.Seconds()/ours.wall.Seconds())
		processors = append(processors, theirs.processor.Seconds()/ours.processor.Seconds())
		fmt.Fprintf(out, "round %d: %d models; backfire %.1f s, processor %.1f s; PyTorch %.1f s, processor %.1f s\n",
			round+1, len(cells), ours.wall.Seconds(), ours.processor.Seconds(), theirs.wall.Seconds(), theirs.processor.Seconds())
	}
	fmt.Fprintf(out, "PyTorch over backfire, medians of %d rounds [min, max]: time %s, processor time %s\n",
		o.rounds, spread(walls, "%.2f"), spread(processors, "%.2f"))
	return nil
}

// playQuick plays the quick preset into an empty store and returns the cost and the trained cells.
func playQuick(ctx context.Context, o options, errOut io.Writer) (cost, []sweepCell, error) {
	st, err := os.MkdirTemp("", "backfire-bench-")
	if err != nil {
		return cost{}, nil, err
	}
	defer func() { _ = os.RemoveAll(st) }() // a temporary directory may stay
	command := exec.CommandContext(ctx, o.program, "quick", "--device", "cpu", "--store", st)
	if o.epochs > 0 {
		command.Args = append(command.Args, "--epochs", strconv.Itoa(o.epochs))
	}
	command.Stderr = errOut
	took, err := timed(command)
	if err != nil {
		return cost{}, nil, fmt.Errorf("%s quick: %w", o.program, err)
	}
	dirs, err := filepath.Glob(filepath.Join(st, "*", store.ResultFile))
	if err != nil || len(dirs) == 0 {
		return cost{}, nil, errors.Join(errors.New("a quick run left no results"), err)
	}
	var cells []sweepCell
	for _, path := range dirs {
		cell, err := readSweepCell(filepath.Dir(path))
		if err != nil {
			return cost{}, nil, err
		}
		cells = append(cells, cell)
	}
	return took, cells, nil
}

// readSweepCell describes the cell of a stored result.
func readSweepCell(dir string) (sweepCell, error) {
	text, err := os.ReadFile(filepath.Join(dir, store.CellFile))
	if err != nil {
		return sweepCell{}, err
	}
	cell, err := cell.Parse(text)
	if err != nil {
		return sweepCell{}, err
	}
	var result store.Result
	if text, err = os.ReadFile(filepath.Join(dir, store.ResultFile)); err != nil {
		return sweepCell{}, err
	}
	if err := json.Unmarshal(text, &result); err != nil {
		return sweepCell{}, fmt.Errorf("%s: %w", dir, err)
	}
	predicted, err := os.Stat(filepath.Join(dir, store.PredictionsFile))
	if err != nil {
		return sweepCell{}, err
	}
	return sweepCell{
		Rows: result.TrainingImages, Probes: int(predicted.Size()),
		Channels: cell.Data.Shape.C, Height: cell.Data.Shape.H, WidthPx: cell.Data.Shape.W, Classes: len(cell.Data.Classes),
		Width: cell.Model.Width, Epochs: cell.Training.Epochs, Batch: cell.Training.Batch, LR: cell.Training.LearningRate,
	}, nil
}

// playPyTorch trains the models in as many processes as the cores have room for, with
// -sweep-threads threads each, and returns the cost. A process that is done takes the next model.
func playPyTorch(ctx context.Context, o options, cells []sweepCell, errOut io.Writer) (cost, error) {
	queue := make(chan sweepCell, len(cells))
	for _, c := range cells {
		queue <- c
	}
	close(queue)
	var processes errgroup.Group
	costs := make([]cost, min(len(cells), max(1, runtime.GOMAXPROCS(0)/o.sweepThreads)))
	begin := time.Now()
	for i := range costs {
		processes.Go(func() error {
			var err error
			costs[i], err = trainFrom(ctx, o, queue, errOut)
			return err
		})
	}
	err := processes.Wait()
	total := cost{wall: time.Since(begin)}
	for _, c := range costs {
		total.processor += c.processor
	}
	return total, err
}

// trainFrom has one process of sweep.py train models until a queue is empty, and returns its cost.
func trainFrom(ctx context.Context, o options, queue <-chan sweepCell, errOut io.Writer) (cost, error) {
	script := exec.CommandContext(ctx, o.python, filepath.Join(filepath.Dir(o.twin), "sweep.py"), strconv.Itoa(o.sweepThreads))
	script.Env, script.Stderr = o.pytorchEnv(), errOut
	stdin, err := script.StdinPipe()
	if err != nil {
		return cost{}, err
	}
	stdout, err := script.StdoutPipe()
	if err != nil {
		return cost{}, err
	}
	if err := script.Start(); err != nil {
		return cost{}, err
	}
	done, send := bufio.NewScanner(stdout), json.NewEncoder(stdin)
	for c := range queue {
		if err = send.Encode(c); err != nil || !done.Scan() {
			break
		}
	}
	if err := errors.Join(err, stdin.Close(), script.Wait()); err != nil {
		return cost{}, err
	}
	state := script.ProcessState
	return cost{processor: state.UserTime() + state.SystemTime()}, nil
}

// timed runs a command and returns its cost.
func timed(command *exec.Cmd) (cost, error) {
	begin := time.Now()
	if err := command.Run(); err != nil {
		return cost{}, err
	}
	state := command.ProcessState
	return cost{wall: time.Since(begin), processor: state.UserTime() + state.SystemTime()}, nil
}
