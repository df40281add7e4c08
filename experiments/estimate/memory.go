package estimate

import (
	"bufio"
	"os"
	"strconv"
	"strings"

	"backfire/experiments/cell"
)

// memoryShare is the share of the free memory that workers may fill, because other programs share
// the machine and the estimates are rough.
const memoryShare = 0.8

// fitting returns the largest number of workers, up to most and at least 1, that can train any of
// the cells at a time within memoryShare of the available memory (in bytes; 0: not known, which
// limits nothing). needs returns the memory of a worker, common, if not nil, the memory that all
// workers share.
func fitting(most int, cells []cell.Cell, available int64, needs, common func(cell.Cell) int64) int {
	var need, shared int64
	for _, cell := range cells {
		need = max(need, needs(cell))
		if common != nil {
			shared = max(shared, common(cell))
		}
	}
	if available <= 0 || need == 0 {
		return most
	}
	return max(1, min(most, int((memoryShare*float64(available)-float64(shared))/float64(need))))
}

// availableMemory returns the memory that new programs can take without swapping, in bytes; 0 where
// the kernel does not report it.
func availableMemory() int64 {
	file, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer file.Close()
	return parseAvailable(bufio.NewScanner(file))
}

// parseAvailable reads the line "MemAvailable:  12345 kB" of /proc/meminfo, in bytes.
func parseAvailable(lines *bufio.Scanner) int64 {
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) >= 2 && fields[0] == "MemAvailable:" {
			kilobytes, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return 0
			}
			return kilobytes * 1024
		}
	}
	return 0
}

// The constants of the memory of a worker on a CPU, fitted to the largest resident sets of workers
// with libtorch 2.11 at widths 2 to 64 and batches of 32 to 256, on 1x28x28 and 3x32x32 pixels.
const (
	processMemory = 170 << 20 // program and libtorch, bytes
	// savedMaps is the number of maps of the network's first stage that a step keeps per image: 15
	// in the stem and the first stage of the ResNet-18, and 12 in each of the others, whose maps
	// have half the size of the stage before.
	savedMaps = 15 + 12*(1./2+1./4+1./8)
	// workspace is the memory of a step as a multiple of the kept maps.
	workspace = 1.35
	// fullParameters is the number of parameters at width 64 with fullClasses classes. The number is
	// about quadratic in the width; each further class adds a row to the last layer.
	fullParameters = 11.2e6
	fullClasses    = 10
	// parameterCopies is the number of copies of the parameters: weights, gradients and optimiser
	// states, and the copies that a checkpoint is written from. Those of a checkpoint that waits while
	// another is written come on top, see stateCopies.
	parameterCopies = 8
	float32Bytes    = 4
)

// workerMemory estimates the largest resident set of a worker process that trains the cell on a
// CPU, in bytes: its resident memory on any device, and the working memory of a step.
func workerMemory(c cell.Cell) int64 {
	return int64(residentMemory(c) + workspace*keptMaps(c))
}

// residentMemory estimates the memory of a worker process without a step's, in bytes: program,
// dataset, training set and probes (as bytes in Go and in libtorch), and the parameters.
func residentMemory(c cell.Cell) float64 {
	return commonMemory(c) + ownMemory(c)
}

// commonMemory estimates the part that the models of one process share, in bytes: program and
// dataset.
func commonMemory(c cell.Cell) float64 {
	return processMemory + float64(c.Data.Shape.Size())*float64(c.Data.Images)
}

// ownMemory estimates the part that each model adds, in bytes.
func ownMemory(c cell.Cell) float64 {
	return preparedMemory(c) + rowsMemory(c) + (parameterCopies+stateCopies(c))*parameters(c)
}

// rowsMemory estimates the size of a model's training set and probes, in bytes.
func rowsMemory(c cell.Cell) float64 {
	return float64(c.Data.Shape.Size()) * float64(c.Game.PoolSize) * (1 + c.Game.HeldOut) // held-out images may be predicted twice
}

// preparedMemory estimates the memory of a model's training set and probes before libtorch has them,
// in bytes, with the training set before a defense, which other cells share.
func preparedMemory(c cell.Cell) float64 {
	if c.Defense != nil {
		return 2 * rowsMemory(c)
	}
	return rowsMemory(c)
}

// stateCopies returns the size of a training's state in copies of the parameters: the weights, and
// the optimiser's momentum or, with Adam, its two means.
func stateCopies(c cell.Cell) float64 {
	if c.Training.Optimizer == "sgd" {
		return 2
	}
	return 3
}

// keptMaps estimates the feature maps that a training step keeps for its backward pass, in bytes.
func keptMaps(c cell.Cell) float64 {
	if c.StepKind().Network != "" {
		size := c.Network().Size(c.Data.Shape.H, c.Data.Shape.W)
		return float64(size.Maps) * float64(c.DefenseStack().Rows(c.Training.Batch)) * float32Bytes
	}
	return savedMaps * float64(c.Model.Width) * float64(c.Data.Shape.Plane()) * float64(c.DefenseStack().Rows(c.Training.Batch)) * float32Bytes
}

// parameters estimates the size of one copy of the parameters, in bytes.
func parameters(c cell.Cell) float64 {
	width := float64(c.Model.Width)
	if c.StepKind().Network != "" {
		return float32Bytes * float64(c.Network().Size(c.Data.Shape.H, c.Data.Shape.W).Parameters)
	}
	further := max(0, len(c.Data.Classes)-fullClasses) * c.Network().Features
	return float32Bytes * (fullParameters*width*width/(64*64) + float64(further))
}
