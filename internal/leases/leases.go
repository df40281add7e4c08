// Package leases grants rights that at most one process holds at a time, over all
// hosts that share a directory. It uses no locks of the file system. It relies only
// on two operations that NFS and Lustre carry out atomically on the server: rename,
// and the removal of an empty directory.
//
// The lease called N is held while the directory N has an entry, the ticket of its
// holder: an empty file whose name identifies the holder and contains a random
// token. Every change of the holder is one rename:
//
//   - A process takes a free lease by renaming a directory with its ticket to N,
//     which succeeds only if N does not exist or is empty.
//   - A process takes over the lease of a dead holder by renaming the holder's
//     ticket to its own. The old ticket exists once, so only one process succeeds.
//   - A holder touches its ticket on every beat and renames it to the next of its
//     own series. That fails after a takeover. In turn, a process that decided to
//     take over the lease by an older ticket fails, too.
//   - A release removes the ticket, which fails if another process has taken over.
//
// A holder on this machine is dead if its process has ended. Any other holder is
// dead if its ticket has not been touched for the time to live, by the clock that
// stamps the files of the directory: the clocks of hosts are never compared. A
// holder that slept for so long may lose its lease without noticing it at once, so
// it must call [Lease.Check] before it makes a result final.
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
	// ErrTaken reports that another process holds the lease.
	ErrTaken = errors.New("taken by another process")
	// ErrLost reports that another process took the lease over because it found its
	// holder dead.
	ErrLost = errors.New("the lease was taken over by another process")
)

// DefaultTTL is the time after which the lease of a silent holder on another host can
// be taken over.
const DefaultTTL = 3 * time.Minute

// beatsPerTTL is the number of beats of a holder within the time to live.
const beatsPerTTL = 6

// clockFor is the time for which a reading of the directory's clock is extended by this
// process's clock, before the directory's clock is read once more.
const clockFor = time.Minute

// Entries of the directory that are not leases have names that begin with a dot, and
// end with the ticket of the process that made them.
const (
	draftPrefix = ".draft-" // a directory that is to be renamed to a lease
	clockPrefix = ".clock-" // a file that is made for its modification time
)

// Options are the settings of a [Registry]. All of them have defaults.
type Options struct {
	Files Files         // nil: the files of this machine, without links below the directory
	Owner Owner         // the process that takes leases; zero: this process
	TTL   time.Duration // time to live of the leases of silent holders; 0: DefaultTTL
	// Dead reports whether the process of an owner at this place is known to have
	// ended; nil: by the process table of this machine.
	Dead func(Owner) bool
}

// Registry is a directory of leases. It is safe for concurrent use.
type Registry struct {
	dir   string
	files Files
	owner Owner
	ttl   time.Duration
	dead  func(Owner) bool

	mu      sync.Mutex
	held    map[*Lease]bool
	beating chan struct{} // closed to end the beats; nil while nothing is held

	clockTurn chan struct{} // holds a token while the directory's clock is read
	clock     time.Time     // the last reading
	clockAt   time.Time     // the time of the reading by this process's clock
}

// New returns the registry of a directory, which must exist when it is used.
func New(dir string, opt Options) *Registry {
	r := &Registry{dir: dir, files: opt.Files, owner: opt.Owner, ttl: opt.TTL, dead: opt.Dead, held: map[*Lease]bool{}, clockTurn: make(chan struct{}, 1)}
	if r.files == nil {
		r.files = Disk{Base: dir}
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

// TryLock takes the lease called name without waiting. The name must be a file name
// that does not begin with a dot. The error wraps [ErrTaken] if another process holds
// the lease.
func (r *Registry) TryLock(name string) (*Lease, error) {
	lease := &Lease{registry: r, name: name, ticket: ticket{Owner: r.owner, token: rand.Text()}, lost: make(chan struct{}), turn: make(chan struct{}, 1)}
	old, err := r.deadTicket(name)
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
	r.startBeats(lease)
	return lease, nil
}

// take takes a lease that has no holder.
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
	if err == nil || r.holds(lease) {
		return nil
	}
	if errors.Is(err, fs.ErrExist) {
		err = ErrTaken
	}
	// Tidy removes what cannot be removed now. The lease may have been taken all the
	// same, if both the answer and that of the check were lost.
	for _, path := range []string{lease.path(), entry, draft} {
		_ = r.files.Remove(path)
	}
	return err
}

// takeOver takes the lease of a dead holder, by its ticket old.
func (r *Registry) takeOver(lease *Lease, old string) error {
	from, to := filepath.Join(r.dir, lease.name, old), lease.path()
	// Touch the ticket before renaming it, so that no other process finds the new ticket
	// stale in between.
	err := r.files.Touch(from)
	if err == nil {
		err = r.files.Rename(from, to)
	}
	if err == nil || r.holds(lease) {
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return ErrTaken // another process took it over, or its holder lives
	}
	_ = r.files.Remove(to) // for the same reason as in take
	return err
}

// holds reports whether the lease's ticket is there. It is called after a failed
// operation, since a network may lose the answer to one that succeeded.
func (r *Registry) holds(lease *Lease) bool {
	_, err := r.files.ModTime(lease.path())
	return err == nil
}

// deadTicket returns the name of the ticket of a dead holder of a lease, "" if the
// lease has no holder, and ErrTaken if its holder lives.
func (r *Registry) deadTicket(name string) (string, error) {
	at, err := r.ticketIn(name)
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
		silent, err := r.silence(name, at)
		if errors.Is(err, fs.ErrNotExist) || err == nil && silent <= r.ttl {
			return "", ErrTaken // its ticket was renamed meanwhile, or touched recently
		}
		return at, err
	}
}

// ticketIn returns the name of the ticket in a lease; "" if it has none.
func (r *Registry) ticketIn(name string) (string, error) {
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

// silence returns the time since a ticket was touched.
func (r *Registry) silence(name, at string) (time.Duration, error) {
	touched, err := r.files.ModTime(filepath.Join(r.dir, name, at))
	if err != nil {
		return 0, err
	}
	now, err := r.now()
	return now.Sub(touched), err
}

// now returns the time of the clock that stamps the directory's files.
func (r *Registry) now() (time.Time, error) {
	r.clockTurn <- struct{}{}
	defer func() { <-r.clockTurn }()
	if passed := time.Since(r.clockAt); !r.clockAt.IsZero() && passed < clockFor {
		return r.clock.Add(passed), nil // time.Since does not depend on changes of this machine's clock
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

// Names returns the names of the leases that are held, or were held by processes that
// ended without a release. It lists the directory once.
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

// Holder describes the holder of a lease.
type Holder struct {
	Owner
	Silent time.Duration // since its last beat
	Dead   bool          // its lease can be taken over
}

// Holder returns the holder of the lease called name; nil if it has none.
func (r *Registry) Holder(name string) (*Holder, error) {
	at, err := r.ticketIn(name)
	if at == "" || err != nil {
		return nil, err
	}
	t, _ := parseTicket(at)
	h := &Holder{Owner: t.Owner}
	if h.Silent, err = r.silence(name, at); errors.Is(err, fs.ErrNotExist) {
		return r.Holder(name) // the ticket changed between the two operations
	} else if err != nil {
		return nil, fmt.Errorf("leases: look at %s: %w", filepath.Join(r.dir, name), err)
	}
	h.Dead = h.Silent > r.ttl
	if t.Place == r.owner.Place {
		h.Dead = r.dead(t.Owner)
	}
	return h, nil
}

// Tidy removes the entries of processes that ended while they took a lease or read the
// directory's clock.
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

// tidy removes a draft or clock if the process that its ticket names has ended.
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

// ignore returns err, or nil if it wraps ignored.
func ignore(err, ignored error) error {
	if errors.Is(err, ignored) {
		return nil
	}
	return err
}
