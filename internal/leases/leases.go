// Package leases hands out rights that at most one process has at a time, over
// all hosts that share a directory. It relies on no lock of the file system, only
// on what NFS and Lustre do atomically on the server: rename, and the removal of
// an empty directory.
//
// The lease called N is held while the directory N has an entry, the ticket of
// its holder: an empty file whose name says who that is and holds a random
// token. Every change of hands is one rename:
//
//   - A free lease is taken by renaming a directory with a ticket in it to N,
//     which succeeds only where N does not exist or is empty.
//   - The lease of a dead holder is taken over by renaming its ticket to one's
//     own. The old ticket exists once, so one of several takers succeeds.
//   - A holder touches its ticket every beat and renames it to the next in its
//     own series. Whoever took the lease over made that fail, and who decided to
//     take it over by an older ticket fails as well.
//   - A release removes the ticket, which fails if it is somebody else's now.
//
// A holder on this machine is dead when its process is. Any other is dead when
// its ticket has not been touched for the time to live, by the clock that stamps
// the files of the directory: clocks of hosts are never compared. A holder that
// slept that long may lose its lease without noticing at once, so it asks for
// [Lease.Check] before it makes anything final.
package leases

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

var (
	// ErrTaken says that somebody else has the lease.
	ErrTaken = errors.New("taken by another process")
	// ErrLost says that a lease was taken over by somebody who believed its holder
	// dead.
	ErrLost = errors.New("the lease was taken over by another process")
)

// DefaultTTL is how long the lease of a silent holder on another host lasts.
const DefaultTTL = 3 * time.Minute

// beatsPerTTL is how often a holder shows that it lives within the time to live.
const beatsPerTTL = 6

// clockFor is how long the directory's clock is taken to run as fast as this
// process's, before its time is asked for again.
const clockFor = time.Minute

// The names of what is no lease begin with a dot, and end with a ticket, which
// says whose it is.
const (
	draftPrefix = ".draft-" // a directory that is to be renamed to a lease
	clockPrefix = ".clock-" // a file whose modification time is asked for
)

// Options are what a Registry stands on.
type Options struct {
	Files Files         // nil: the files of this machine
	Owner Owner         // who takes leases; zero: this process
	TTL   time.Duration // of the leases of silent holders; 0: DefaultTTL
	// Dead says whether the process of an owner is known to have ended; nil:
	// as this machine knows.
	Dead func(Owner) bool
}

// Registry is a directory of leases. Any number of goroutines may use it.
type Registry struct {
	dir   string
	files Files
	owner Owner
	ttl   time.Duration
	dead  func(Owner) bool

	mu      sync.Mutex
	held    map[*Lease]bool
	beating chan struct{} // closed to end the beats; nil while nothing is held

	asking  chan struct{} // holds a token while the directory is asked for its time
	clock   time.Time     // that time
	clockAt time.Time     // when it was asked for, by this process's clock
}

// New returns the registry of a directory, which must exist when it is used.
func New(dir string, opt Options) *Registry {
	r := &Registry{dir: dir, files: opt.Files, owner: opt.Owner, ttl: opt.TTL, dead: opt.Dead, held: map[*Lease]bool{}, asking: make(chan struct{}, 1)}
	if r.files == nil {
		r.files = Disk{}
	}
	if r.owner == (Owner{}) {
		r.owner = Self()
	}
	if r.ttl == 0 {
		r.ttl = DefaultTTL
	}
	if r.dead == nil {
		r.dead = hasEnded
	}
	return r
}

// TryLock takes the lease called name, which must be a file name that does not
// begin with a dot, without waiting. The error wraps ErrTaken when somebody else
// has it.
func (r *Registry) TryLock(name string) (*Lease, error) {
	lease := &Lease{registry: r, name: name, ticket: ticket{Owner: r.owner, token: rand.Text()}, lost: make(chan struct{}), turn: make(chan struct{}, 1)}
	old, err := r.holder(name)
	switch {
	case err != nil:
	case old == "":
		err = r.take(lease)
	default:
		err = r.takeOver(lease, old)
	}
	if err != nil {
		return nil, fmt.Errorf("leases: take %s: %w", filepath.Join(r.dir, name), err)
	}
	r.keep(lease)
	return lease, nil
}

// take takes a lease that nobody has.
func (r *Registry) take(lease *Lease) error {
	draft := filepath.Join(r.dir, draftPrefix+lease.ticket.String())
	if err := r.files.Mkdir(draft); err != nil {
		return err
	}
	entry := filepath.Join(draft, lease.ticket.String())
	err := r.files.Create(entry)
	if err == nil {
		err = r.files.Rename(draft, filepath.Join(r.dir, lease.name))
	}
	if err == nil || r.has(lease) {
		return nil
	}
	if errors.Is(err, fs.ErrExist) {
		err = ErrTaken
	}
	// What cannot be removed now is Tidy's. The lease may be ours all the same, if
	// neither the answer nor the second look came through.
	for _, path := range []string{lease.path(), entry, draft} {
		_ = r.files.Remove(path)
	}
	return err
}

// takeOver takes a lease whose holder is dead from the holder's ticket.
func (r *Registry) takeOver(lease *Lease, old string) error {
	from, to := filepath.Join(r.dir, lease.name, old), lease.path()
	// Fresh before it is ours: nobody must find our ticket as old as this one.
	err := r.files.Touch(from)
	if err == nil {
		err = r.files.Rename(from, to)
	}
	if err == nil || r.has(lease) {
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return ErrTaken // by another taker, or its holder lives
	}
	_ = r.files.Remove(to) // as in take
	return err
}

// has says whether the lease's ticket is there: a network may lose the answer to
// what was done.
func (r *Registry) has(lease *Lease) bool {
	_, err := r.files.ModTime(lease.path())
	return err == nil
}

// holder looks at a lease: it returns "" if nobody has it, the ticket of its
// holder if that is dead, and ErrTaken if it is not.
func (r *Registry) holder(name string) (string, error) {
	at, err := r.entry(name)
	if at == "" || err != nil {
		return "", err
	}
	t, known := parseTicket(at)
	switch {
	case known && t.Place == r.owner.Place:
		if !r.dead(t.Owner) {
			return "", ErrTaken
		}
		return at, nil
	default:
		silent, err := r.silent(name, at)
		if errors.Is(err, fs.ErrNotExist) || err == nil && silent <= r.ttl {
			return "", ErrTaken // its ticket changed just now, or was touched
		}
		return at, err
	}
}

// entry is the name of the ticket in a lease; "" if there is none.
func (r *Registry) entry(name string) (string, error) {
	entries, err := r.files.ReadDir(filepath.Join(r.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry, ".") {
			return entry, nil
		}
	}
	return "", nil
}

// silent is for how long a ticket has not been touched.
func (r *Registry) silent(name, at string) (time.Duration, error) {
	touched, err := r.files.ModTime(filepath.Join(r.dir, name, at))
	if err != nil {
		return 0, err
	}
	now, err := r.now()
	return now.Sub(touched), err
}

// now is the time by the clock that stamps the directory's files.
func (r *Registry) now() (time.Time, error) {
	r.asking <- struct{}{}
	defer func() { <-r.asking }()
	if passed := time.Since(r.clockAt); !r.clockAt.IsZero() && passed < clockFor {
		return r.clock.Add(passed), nil // whoever sets this machine's clock meanwhile
	}
	path := filepath.Join(r.dir, clockPrefix+ticket{Owner: r.owner, token: rand.Text()}.String())
	if err := r.files.Create(path); err != nil {
		return time.Time{}, err
	}
	stamped, err := r.files.ModTime(path)
	if err := errors.Join(err, ignore(r.files.Remove(path), fs.ErrNotExist)); err != nil {
		return time.Time{}, err
	}
	r.clock, r.clockAt = stamped, time.Now()
	return stamped, nil
}

// Names lists the leases that are held or were left behind, in one look at the
// directory.
func (r *Registry) Names() ([]string, error) {
	entries, err := r.files.ReadDir(r.dir)
	if err != nil {
		return nil, fmt.Errorf("leases: list: %w", err)
	}
	var names []string
	for _, name := range entries {
		if !strings.HasPrefix(name, ".") {
			names = append(names, name)
		}
	}
	return names, nil
}

// Holder is who has a lease.
type Holder struct {
	Owner
	Silent time.Duration // since its last beat
	Dead   bool          // its lease is there to be taken over
}

// Holder looks who has the lease called name; nil if nobody has.
func (r *Registry) Holder(name string) (*Holder, error) {
	at, err := r.entry(name)
	if at == "" || err != nil {
		return nil, err
	}
	t, _ := parseTicket(at)
	h := &Holder{Owner: t.Owner}
	if h.Silent, err = r.silent(name, at); errors.Is(err, fs.ErrNotExist) {
		return r.Holder(name) // it changed between the two looks
	} else if err != nil {
		return nil, fmt.Errorf("leases: look at %s: %w", filepath.Join(r.dir, name), err)
	}
	h.Dead = h.Silent > r.ttl
	if t.Place == r.owner.Place {
		h.Dead = r.dead(t.Owner)
	}
	return h, nil
}

// Tidy removes what processes left that died while they took a lease or asked
// for the time.
func (r *Registry) Tidy() error {
	entries, err := r.files.ReadDir(r.dir)
	if err != nil {
		return fmt.Errorf("leases: tidy: %w", err)
	}
	for _, name := range entries {
		rest, isDraft := strings.CutPrefix(name, draftPrefix)
		rest, isClock := strings.CutPrefix(rest, clockPrefix)
		if !isDraft && !isClock {
			continue
		}
		if err := r.tidy(filepath.Join(r.dir, name), rest, isDraft); ignore(err, fs.ErrNotExist) != nil {
			return fmt.Errorf("leases: tidy: %w", err)
		}
	}
	return nil
}

// tidy removes a draft or clock if the process that its ticket names is gone.
func (r *Registry) tidy(path, name string, isDraft bool) error {
	t, known := parseTicket(name)
	here := known && t.Place == r.owner.Place
	abandoned := here && r.dead(t.Owner)
	if !here {
		made, err := r.files.ModTime(path)
		if err != nil {
			return err
		}
		now, err := r.now()
		if err != nil {
			return err
		}
		abandoned = now.Sub(made) > r.ttl
	}
	if !abandoned {
		return nil
	}
	if isDraft {
		entries, err := r.files.ReadDir(path)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if err := r.files.Remove(filepath.Join(path, entry)); err != nil {
				return err
			}
		}
	}
	return r.files.Remove(path)
}

// ignore drops an error that wraps what.
func ignore(err, what error) error {
	if errors.Is(err, what) {
		return nil
	}
	return err
}
