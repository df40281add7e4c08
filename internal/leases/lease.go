package leases

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"
)

// Lease is a right that is held until it is released or lost.
type Lease struct {
	registry *Registry
	name     string
	lost     chan struct{} // closed when the lease is lost

	// turn holds a token during an operation. It is a channel because an operation
	// may wait for the network for long.
	turn   chan struct{}
	ticket ticket
	ended  bool // released or lost
}

// lock begins an operation, after the one under way has ended.
func (l *Lease) lock() { l.turn <- struct{}{} }

// unlock ends an operation.
func (l *Lease) unlock() { <-l.turn }

// path returns the path of the lease's ticket.
func (l *Lease) path() string {
	return filepath.Join(l.registry.dir, l.name, l.ticket.String())
}

// Lost returns a channel that is closed when a beat finds that the lease was taken
// over.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Check returns nil if the lease was held at one moment during the call. The error
// wraps [ErrLost] if it is not held any more. With any other error this is not known.
func (l *Lease) Check() error {
	l.lock()
	defer l.unlock()
	return l.advance()
}

// advance renames the ticket to the next of its series. The server decides a rename,
// whereas a read may be answered from a cache.
func (l *Lease) advance() error {
	if l.ended {
		return fmt.Errorf("leases: check %s: %w", l.name, ErrLost)
	}
	from := l.path()
	l.ticket.beat++
	err := l.registry.files.Rename(from, l.path())
	if err == nil || l.registry.holds(l) {
		return nil
	}
	l.ticket.beat--
	if errors.Is(err, fs.ErrNotExist) {
		l.ended = true
		close(l.lost)
		err = ErrLost
	}
	return fmt.Errorf("leases: check %s: %w", l.name, err)
}

// beat shows that the holder lives. The next beat retries what failed.
func (l *Lease) beat() {
	l.lock()
	defer l.unlock()
	if l.ended {
		return
	}
	// Touch the ticket before renaming it, so that no other process finds the new ticket
	// stale in between.
	_ = l.registry.files.Touch(l.path())
	_ = l.advance()
}

// Release gives the lease up. It has no effect on a lease that is lost, and returns no
// error for it.
func (l *Lease) Release() error {
	l.registry.stopBeats(l)
	l.lock()
	defer l.unlock()
	if l.ended {
		return nil
	}
	l.ended = true
	files := l.registry.files
	err := files.Remove(l.path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("leases: release %s: %w", l.name, err)
	}
	// The lease is free already. The directory is removed unless it has a new holder.
	err = files.Remove(filepath.Join(l.registry.dir, l.name))
	if err := ignore(ignore(err, fs.ErrExist), fs.ErrNotExist); err != nil {
		return fmt.Errorf("leases: release %s: %w", l.name, err)
	}
	return nil
}

// startBeats lets a lease beat until stopBeats.
func (r *Registry) startBeats(lease *Lease) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held[lease] = true
	if r.beating == nil {
		r.beating = make(chan struct{})
		go r.beatAll(r.beating)
	}
}

// stopBeats ends the beats of a lease.
func (r *Registry) stopBeats(lease *Lease) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.held, lease)
	if len(r.held) == 0 && r.beating != nil {
		close(r.beating)
		r.beating = nil
	}
}

// beatAll lets all held leases beat, until end is closed.
func (r *Registry) beatAll(end <-chan struct{}) {
	ticker := time.NewTicker(r.ttl / beatsPerTTL)
	defer ticker.Stop()
	for {
		select {
		case <-end:
			return
		case <-ticker.C:
		}
		r.mu.Lock()
		var held []*Lease
		for lease := range r.held {
			held = append(held, lease)
		}
		r.mu.Unlock()
		for _, lease := range held {
			lease.beat()
		}
	}
}
