package estimate

import (
	"bufio"
	"os"
	"strconv"
	"strings"

	"backfire/experiments/cell"
)

// memoryShare is the share of the free memory that workers may fill: others
// share the machine, and estimates are estimates.
const memoryShare = 0.8

// fitting is the largest number of workers, up to most and at least 1, that
// train any of the cells at a time within memoryShare of the available memory
// (bytes; 0: not known, which limits nothing), of which a worker needs as much as
// needs says, and all together what common says; nil: nothing.
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

// availableMemory is what the kernel says new programs may take without
// swapping, in bytes; 0 where it does not say.
func availableMemory() int64 {
	file, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer file.Close()
	return parseAvailable(bufio.NewScanner(file))
}

// parseAvailable finds the line "MemAvailable:  12345 kB".
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

// What the memory of a worker on a CPU depends on, fitted to the largest resident
// sets of workers with libtorch 2.11 at widths 2 to 64, batches of 32 to 256,
// on 1x28x28 and 3x32x32 pixels.
const (
	processMemory = 170 << 20 // program and libtorch, bytes
	// savedMaps is how many maps of the first stage's size a step keeps per
	// image: 15 in the stem and the first stage of the ResNet-18, and 12 in each of
	// the others, whose maps have half the size of the stage before.
	savedMaps = 15 + 12*(1./2+1./4+1./8)
	// workspace is what a step needs over what it keeps.
	workspace = 1.35
	// fullParameters is the number of parameters at width 64, to which the
	// number at other widths is about quadratic.
	fullParameters = 11.2e6
	// parameterCopies are the weights, gradients and optimiser states, and the
	// copies that a checkpoint is written from.
	parameterCopies = 8
	float32Bytes    = 4
)

// workerMemory is about the largest resident set of a worker process that
// trains the cell on a CPU, in bytes: what it has on any device, and what a step
// keeps.
func workerMemory(c cell.Cell) int64 {
	return int64(residentMemory(c) + workspace*keptMaps(c))
}

// residentMemory is what a worker process has in memory besides a step: program,
// dataset, training set and probes (as bytes here and in libtorch), and the
// parameters.
func residentMemory(c cell.Cell) float64 {
	return commonMemory(c) + ownMemory(c)
}

// commonMemory is the part that models in one process have in common: program and
// dataset.
func commonMemory(c cell.Cell) float64 {
	return processMemory + float64(c.Data.Shape.Size())*float64(c.Data.Images)
}

// ownMemory is the part that each model has.
func ownMemory(c cell.Cell) float64 {
	rows := float64(c.Data.Shape.Size()) * float64(c.Game.PoolSize) * (1 + c.Game.HeldOut) // what is held out may be predicted twice
	copies := 2.                                                                           // here and in libtorch
	if c.Defense != nil {
		copies++ // the training set before a defense, which other cells share
	}
	return copies*rows + parameterCopies*parameters(c)
}

// keptMaps is about what a training step keeps for its backward pass, in bytes.
func keptMaps(c cell.Cell) float64 {
	return savedMaps * float64(c.Model.Width) * float64(c.Data.Shape.Plane()) * float64(c.DefenseStack().Rows(c.Training.Batch)) * float32Bytes
}

// parameters is about the size of one copy of the parameters, in bytes.
func parameters(c cell.Cell) float64 {
	width := float64(c.Model.Width)
	return float32Bytes * fullParameters * width * width / (64 * 64)
}
