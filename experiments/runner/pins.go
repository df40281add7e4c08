package runner

import "backfire/internal/hardware"

// Pinning is the processor cores that each worker, counted from 0, is kept to. It is empty where
// workers are not pinned.
type Pinning [][]int

// NewPinning gives each of so many workers on a CPU, of so many threads each, cores of its own, if
// together they fill exactly the cores that this process may use. Otherwise workers are not pinned:
// the kernel knows better which cores are idle, and another run on the machine would choose the
// same ones.
func NewPinning(device string, workers, threads int) Pinning {
	if device != hardware.CPU.String() {
		return nil
	}
	return shares(allowedCores(), workers, threads)
}

// shares divides all cores among workers with as many threads; nil if they do not come out even.
func shares(cores []int, workers, threads int) Pinning {
	if threads < 1 || workers*threads != len(cores) {
		return nil
	}
	var shares Pinning
	for i := range workers {
		shares = append(shares, cores[i*threads:(i+1)*threads])
	}
	return shares
}

// Cores returns the cores of a worker, counted from 0; none if workers are not pinned.
func (p Pinning) Cores(worker int) []int {
	if worker >= len(p) {
		return nil
	}
	return p[worker]
}
