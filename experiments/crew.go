package experiments

import (
	"sync"

	"backfire/internal/hardware"
)

// crew is the workers of a run that have their process in common, each with a
// cell of its own. A process in which something went wrong takes no more cells,
// but those that it has go on. Cells of different companies have different
// processes.
type crew struct {
	start func() (*process, error)

	mu      sync.Mutex
	members int                  // that have not quit
	present map[company]*process // take jobs; none: the next one starts a process
}

func newCrew(members int, start func() (*process, error)) *crew {
	return &crew{start: start, members: members, present: map[company]*process{}}
}

// company says which cells can be trained in one process: libtorch uses TF32, or
// does not, in all of a process.
type company bool

func (c Cell) company() company { return company(c.Precision() == hardware.TF32) }

// join returns the process for a member's next job.
func (c *crew) join(of company) (*process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if present := c.present[of]; present != nil && present.promise() {
		return present, nil
	}
	delete(c.present, of)
	if other := c.present[!of]; other != nil && other.idle() {
		other.close() // it would keep its memory of the device
		delete(c.present, !of)
	}
	started, err := c.start()
	if err != nil {
		return nil, err
	}
	started.users = 1 // nobody else knows it yet
	c.present[of] = started
	return started, nil
}

// leave says that a member's job in a process is over; spent, that the process is
// to take no more. It ends with the last of its jobs then.
func (c *crew) leave(p *process, of company, spent bool) {
	c.mu.Lock()
	if spent && c.present[of] == p {
		delete(c.present, of)
	}
	over := p.release() == 0 && c.present[of] != p
	c.mu.Unlock()
	if over {
		p.close()
	}
}

// quit says that a member needs no process any more.
func (c *crew) quit() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.members--; c.members > 0 {
		return
	}
	for _, present := range c.present {
		present.close()
	}
}
