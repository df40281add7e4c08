package runner

import (
	"backfire/internal/hardware"
)

// pins are the cores that each of so many workers on a CPU, of so many threads
// each, is kept to: cores of its own, where they fill those that this process may
// use. Elsewhere there are none: the kernel knows better which cores are idle, and
// another run on the machine would choose the same ones.
func Pins(device string, workers, threads int) [][]int {
	if device != hardware.CPU.String() {
		return nil
	}
	return shares(allowedCores(), workers, threads)
}

// shares deals all cores out to workers with as many threads; nil if they do not
// come out even.
func shares(cores []int, workers, threads int) [][]int {
	if threads < 1 || workers*threads != len(cores) {
		return nil
	}
	var shares [][]int
	for i := range workers {
		shares = append(shares, cores[i*threads:(i+1)*threads])
	}
	return shares
}

// pin is the cores of worker i, from 0; none if workers are not pinned.
func Pin(pins [][]int, i int) []int {
	if i >= len(pins) {
		return nil
	}
	return pins[i]
}
