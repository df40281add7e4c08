package worker

import "sync"

// saver writes the checkpoints of a training on a goroutine of its own, while the training goes on.
// At most one is being written at a time, and at most one waits: a newer one takes its place. So a
// model has at most two copies of its state, of which at most one is on its device.
type saver struct {
	write func(checkpoint) error

	mu      sync.Mutex
	waiting *unwritten
	copied  chan struct{} // closed once the state that is being written is on the host; nil: none is written
	idle    chan struct{} // closed when the goroutine has ended; nil: there is none
	err     error         // of the first checkpoint that could not be written, until it is returned
}

// unwritten is a checkpoint whose state is in a snapshot.
type unwritten struct {
	checkpoint
	snapshot Snapshot
}

// save takes a snapshot of a model, which becomes the state of the checkpoint, and has it written in
// the background. It returns the error of an earlier checkpoint instead if there is one. One
// goroutine calls it.
func (s *saver) save(c checkpoint, take func() (Snapshot, error)) error {
	if err := s.makeRoom(); err != nil {
		return err
	}
	snapshot, err := take()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = &unwritten{c, snapshot}
	if s.idle == nil {
		s.idle = make(chan struct{})
		go s.work()
	}
	return nil
}

// makeRoom drops the checkpoint that waits, and returns once no snapshot is on the device.
func (s *saver) makeRoom() error {
	s.mu.Lock()
	s.drop()
	copied := s.copied
	s.mu.Unlock()
	if copied != nil {
		<-copied
	}
	return s.fault()
}

// drop frees the checkpoint that waits. The caller holds mu.
func (s *saver) drop() {
	if s.waiting != nil {
		s.waiting.snapshot.Free()
		s.waiting = nil
	}
}

// fault returns the error of a checkpoint that could not be written, once.
func (s *saver) fault() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.err
	s.err = nil
	return err
}

// work writes the checkpoints that wait until there are none, or one cannot be written.
func (s *saver) work() {
	for {
		s.mu.Lock()
		next := s.waiting
		if next == nil || s.err != nil {
			s.drop()
			close(s.idle)
			s.idle = nil
			s.mu.Unlock()
			return
		}
		s.waiting, s.copied = nil, make(chan struct{})
		s.mu.Unlock()
		err := s.writeOne(next)
		s.mu.Lock()
		s.copied = nil
		if s.err == nil {
			s.err = err
		}
		s.mu.Unlock()
	}
}

// writeOne copies the state of a checkpoint to the host, frees the snapshot and writes the
// checkpoint.
func (s *saver) writeOne(next *unwritten) error {
	state, err := next.snapshot.State()
	next.snapshot.Free()
	close(s.copied)
	if err != nil {
		return err
	}
	next.state = state
	return s.write(next.checkpoint)
}

// settle waits until no checkpoint waits or is being written. A nil saver has none.
func (s *saver) settle() {
	if s == nil {
		return
	}
	s.mu.Lock()
	idle := s.idle
	s.mu.Unlock()
	if idle != nil {
		<-idle
	}
}

// finish waits until all checkpoints are written, and returns the error of one that could not be.
func (s *saver) finish() error {
	if s == nil {
		return nil
	}
	s.settle()
	return s.fault()
}

// abandon drops the checkpoint that waits, and waits for the end of the one that is being written.
// The caller does without both, and without their errors.
func (s *saver) abandon() {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.drop()
	s.mu.Unlock()
	s.settle()
	_ = s.fault()
}

// savers are the savers of the trainings of a process. The zero value has none.
type savers struct {
	mu  sync.Mutex
	all map[*saver]bool
}

// add returns a new saver of the process, and the function that ends its part in it.
func (all *savers) add(write func(checkpoint) error) (s *saver, remove func()) {
	s = &saver{write: write}
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.all == nil {
		all.all = map[*saver]bool{}
	}
	all.all[s] = true
	return s, func() {
		all.mu.Lock()
		defer all.mu.Unlock()
		delete(all.all, s)
	}
}

// settle waits until none of the savers has a checkpoint to write.
func (all *savers) settle() {
	all.mu.Lock()
	list := make([]*saver, 0, len(all.all))
	for s := range all.all {
		list = append(list, s)
	}
	all.mu.Unlock()
	for _, s := range list {
		s.settle()
	}
}
