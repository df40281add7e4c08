package runner

import (
	"sync"

	"backfire/experiments/cell"
	"backfire/internal/hardware"
)

// maxPerProcess is how many models one process trains on a GPU at a time, each on a CUDA stream of
// its own: libtorch has that many.
const maxPerProcess = 32

// PerProcess returns how many of so many workers share a process. On a CPU each has its own, so
// that a fault costs one cell only. On a GPU a process takes memory before its first model (the
// CUDA context), and the kernels of several processes take turns where those of one process run
// side by side.
func PerProcess(device string, workers int) int {
	if device == hardware.CPU.String() {
		return 1
	}
	processes := (workers + maxPerProcess - 1) / maxPerProcess
	return (workers + processes - 1) / max(1, processes)
}

// workerGroup is the workers of a run that share a process, each with a cell of its own. A process
// in which something went wrong takes no more cells, but those that it has continue. Cells of
// different kinds have different processes.
type workerGroup struct {
	start func() (*Process, error)
	size  int // members at first

	mu        sync.Mutex
	members   int                      // that have not closed the group
	processes map[processKind]*Process // that take requests; none: the next request starts a process
}

func newWorkerGroup(members int, start func() (*Process, error)) *workerGroup {
	return &workerGroup{start: start, size: members, members: members, processes: map[processKind]*Process{}}
}

// processKind tells cells apart that cannot be trained in one process: libtorch uses TF32, or does
// not, in all of a process.
type processKind bool

func kindOf(c cell.Cell) processKind { return processKind(c.Precision() == hardware.TF32) }

// acquire returns the process for a member's next request.
func (g *workerGroup) acquire(kind processKind) (*Process, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if present := g.processes[kind]; present != nil && present.reserve() {
		return present, nil
	}
	delete(g.processes, kind)
	if other := g.processes[!kind]; other != nil && other.idle() {
		other.Close() // otherwise it would keep its memory of the device
		delete(g.processes, !kind)
	}
	started, err := g.start()
	if err != nil {
		return nil, err
	}
	started.users = 1 // no other goroutine knows the process yet
	g.processes[kind] = started
	return started, nil
}

// has reports whether the members' next requests may go to a process. A nil group has none.
func (g *workerGroup) has(p *Process) bool {
	if g == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, present := range g.processes {
		if present == p {
			return true
		}
	}
	return false
}

// release ends a member's use of a process. A spent process takes no more requests, and ends with
// the last of those that it has.
func (g *workerGroup) release(p *Process, kind processKind, spent bool) {
	g.mu.Lock()
	if spent && g.processes[kind] == p {
		delete(g.processes, kind)
	}
	over := p.release() == 0 && g.processes[kind] != p
	g.mu.Unlock()
	if over {
		p.Close()
	}
}

// close takes a member out of the group. The processes end with the last member.
func (g *workerGroup) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.members--; g.members > 0 {
		return
	}
	for _, present := range g.processes {
		present.Close()
	}
}
