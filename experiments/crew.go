package experiments

import "sync"

// crew is the workers of a run that have their process in common, each with a
// cell of its own. A process in which something went wrong takes no more cells,
// but those that it has go on.
type crew struct {
	start func() (*process, error)

	mu      sync.Mutex
	members int      // that have not quit
	present *process // takes jobs; nil: the next one starts a process
}

func newCrew(members int, start func() (*process, error)) *crew {
	return &crew{start: start, members: members}
}

// join returns the process for a member's next job.
func (c *crew) join() (*process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.present != nil && c.present.promise() {
		return c.present, nil
	}
	started, err := c.start()
	if err != nil {
		c.present = nil
		return nil, err
	}
	started.users = 1 // nobody else knows it yet
	c.present = started
	return started, nil
}

// leave says that a member's job in a process is over; spent, that the process is
// to take no more. It ends with the last of its jobs then.
func (c *crew) leave(p *process, spent bool) {
	c.mu.Lock()
	if spent && c.present == p {
		c.present = nil
	}
	over := p.release() == 0 && c.present != p
	c.mu.Unlock()
	if over {
		p.close()
	}
}

// quit says that a member needs no process any more.
func (c *crew) quit() {
	c.mu.Lock()
	c.members--
	idle := c.present
	if c.members > 0 {
		idle = nil
	}
	c.mu.Unlock()
	if idle != nil {
		idle.close()
	}
}
