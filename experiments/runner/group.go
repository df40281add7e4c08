package runner

import (
	"sync"

	"backfire/experiments/cell"
	"backfire/internal/hardware"
)

// crew is the workers of a run that have their process in common, each with a
// cell of its own. A process in which something went wrong takes no more cells,
// but those that it has go on. Cells of different companies have different
// processes.
type workerGroup struct {
	start func() (*Process, error)

	mu        sync.Mutex
	members   int                      // that have not quit
	processes map[processKind]*Process // take jobs; none: the next one starts a process
}

func newWorkerGroup(members int, start func() (*Process, error)) *workerGroup {
	return &workerGroup{start: start, members: members, processes: map[processKind]*Process{}}
}

// company says which cells can be trained in one process: libtorch uses TF32, or
// does not, in all of a process.
type processKind bool

func kindOf(c cell.Cell) processKind { return processKind(c.Precision() == hardware.TF32) }

// join returns the process for a member's next job.
func (c *workerGroup) acquire(of processKind) (*Process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if present := c.processes[of]; present != nil && present.reserve() {
		return present, nil
	}
	delete(c.processes, of)
	if other := c.processes[!of]; other != nil && other.idle() {
		other.Close() // it would keep its memory of the device
		delete(c.processes, !of)
	}
	started, err := c.start()
	if err != nil {
		return nil, err
	}
	started.users = 1 // nobody else knows it yet
	c.processes[of] = started
	return started, nil
}

// leave says that a member's job in a process is over; spent, that the process is
// to take no more. It ends with the last of its jobs then.
func (c *workerGroup) release(p *Process, of processKind, spent bool) {
	c.mu.Lock()
	if spent && c.processes[of] == p {
		delete(c.processes, of)
	}
	over := p.release() == 0 && c.processes[of] != p
	c.mu.Unlock()
	if over {
		p.Close()
	}
}

// quit says that a member needs no process any more.
func (c *workerGroup) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.members--; c.members > 0 {
		return
	}
	for _, present := range c.processes {
		present.Close()
	}
}
