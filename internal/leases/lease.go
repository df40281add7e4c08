package leases

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"
)

// Lease is a right that is held until it is released, or lost.
type Lease struct {
	registry *Registry
	name     string
	lost     chan struct{} // closed when it is

	// turn holds a token while an operation is under way: a network may take long
	// over it.
	turn   chan struct{}
	ticket ticket
	gone   bool // released or lost
}

func (l *Lease) enter() { l.turn <- struct{}{} }
func (l *Lease) leave() { <-l.turn }

func (l *Lease) path() string {
	return filepath.Join(l.registry.dir, l.name, l.ticket.String())
}

// Lost is closed when a beat finds that the lease was taken over.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Check asks the directory whether the lease is still held. The error wraps
// ErrLost when it is not; any other says that it is not known.
func (l *Lease) Check() error {
	l.enter()
	defer l.leave()
	return l.advance()
}

// advance renames the ticket to the next in its series. A rename is decided by
// the server: unlike a look it cannot be answered from a cache.
func (l *Lease) advance() error {
	if l.gone {
		return fmt.Errorf("leases: check %s: %w", l.name, ErrLost)
	}
	from := l.path()
	l.ticket.beat++
	err := l.registry.files.Rename(from, l.path())
	if err == nil || l.registry.has(l) {
		return nil
	}
	l.ticket.beat--
	if errors.Is(err, fs.ErrNotExist) {
		l.gone = true
		close(l.lost)
		err = ErrLost
	}
	return fmt.Errorf("leases: check %s: %w", l.name, err)
}

// beat shows that the holder lives. What goes wrong on the way is tried again
// with the next beat.
func (l *Lease) beat() {
	l.enter()
	defer l.leave()
	if l.gone {
		return
	}
	// Touched first: nobody must find the next ticket as old as this one.
	_ = l.registry.files.Touch(l.path())
	_ = l.advance()
}

// Release gives the lease back. A lease that is lost is not ours to give: that
// is no error.
func (l *Lease) Release() error {
	l.registry.drop(l)
	l.enter()
	defer l.leave()
	if l.gone {
		return nil
	}
	l.gone = true
	files := l.registry.files
	err := files.Remove(l.path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("leases: release %s: %w", l.name, err)
	}
	// Free already. The empty directory is the next holder's if there is one.
	err = files.Remove(filepath.Join(l.registry.dir, l.name))
	if err := ignore(ignore(err, fs.ErrExist), fs.ErrNotExist); err != nil {
		return fmt.Errorf("leases: release %s: %w", l.name, err)
	}
	return nil
}

// keep has a lease beat from now on.
func (r *Registry) keep(lease *Lease) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held[lease] = true
	if r.beating == nil {
		r.beating = make(chan struct{})
		go r.beats(r.beating)
	}
}

// drop ends the beats of a lease.
func (r *Registry) drop(lease *Lease) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.held, lease)
	if len(r.held) == 0 && r.beating != nil {
		close(r.beating)
		r.beating = nil
	}
}

func (r *Registry) beats(end <-chan struct{}) {
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
