package runner

import (
	"slices"
	"sync"
	"time"

	"backfire/experiments/cell"
	"backfire/experiments/worker"
	"backfire/internal/hardware"
)

// restAfter is how long a slot waits for a cell before the other slots get its cores.
const restAfter = 2 * time.Second

// imagesPerThread is the least number of images of a batch that is worth a thread: fewer leave a thread with less
// work than it takes to divide it.
const imagesPerThread = 4

// coreShares divides the cores of a run among its slots on the CPU. The cores of slots for which no cell is left go to
// the others. Their trainings use them from the next epoch on where that changes no bit, see cell.Cell.Native. A
// nil *coreShares divides nothing.
type coreShares struct {
	cores []int // of the run, in ascending order
	pins  bool  // the run has all cores of the machine, so that processes can be kept to theirs
	least int   // threads that every training starts with

	mu    sync.Mutex
	slots []coreShare
}

// coreShare is what a slot has of the cores.
type coreShare struct {
	resting bool     // no cell is left for it
	process *Process // that trains its cell; nil: none
	native  bool     // the cell is, so that threads change no bit
	threads int      // that the training has
	most    int      // threads that are worth it
	kept    []int    // cores that the process was kept to here; nil: it is as it was started
}

// newCoreShares returns the shares of so many slots, in the order of their numbers; nil where there is nothing to
// divide: on a GPU, without Runner.Cores, and with more slots than cores.
func newCoreShares(r *Runner, slots int) *coreShares {
	if r.Device != hardware.CPU.String() || r.Cores < slots || slots == 0 {
		return nil
	}
	cores := allowedCores()
	pins := len(cores) == r.Cores
	if !pins { // which ones is left to the kernel
		cores = make([]int, r.Cores)
	}
	return &coreShares{cores: cores, pins: pins, least: max(1, r.Threads), slots: make([]coreShare, slots)}
}

// begin books that a slot, counted from 1, trains a cell in a process.
func (s *coreShares) begin(number int, process *Process, c cell.Cell) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slots[number-1] = coreShare{
		process: process, native: c.Native(), threads: s.least, most: max(s.least, c.Training.Batch/imagesPerThread),
	}
	s.divide()
}

// end books that a slot's training is over.
func (s *coreShares) end(number int) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slots[number-1] = coreShare{}
}

// rest books that a slot has nothing to train, now or any more. A slot that has got a cell meanwhile does not rest.
func (s *coreShares) rest(number int) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if own := &s.slots[number-1]; own.process == nil {
		own.resting = true
		s.divide()
	}
}

// waits books that a slot waits for a cell. It rests unless the function that is returned is called soon.
func (s *coreShares) waits(number int) (stop func()) {
	if s == nil {
		return func() {}
	}
	timer := time.AfterFunc(restAfter, func() { s.rest(number) })
	return func() { timer.Stop() }
}

// divide gives each slot that does not rest its part of the cores. The caller holds mu.
func (s *coreShares) divide() {
	active, at := 0, 0
	for _, own := range s.slots {
		if !own.resting {
			active++
		}
	}
	for i := range s.slots {
		own := &s.slots[i]
		if own.resting {
			continue
		}
		part := s.cores[at*len(s.cores)/active : (at+1)*len(s.cores)/active]
		at++
		if own.process != nil {
			s.give(own, i+1, part)
		}
	}
}

// give lets the training of a slot use some cores: a native one all of them, another one with the threads that it
// has. The caller holds mu.
func (s *coreShares) give(own *coreShare, number int, cores []int) {
	if s.pins && !slices.Equal(own.kept, cores) {
		keepTo(own.process.cmd.Process.Pid, cores)
		own.kept = cores
	}
	if threads := max(s.least, min(len(cores), own.most)); own.native && threads != own.threads {
		own.threads = threads
		own.process.tell(number, worker.Threads{Threads: threads})
	}
}
