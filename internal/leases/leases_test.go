package leases_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/internal/leases"
	"backfire/internal/leases/leasetest"
	"backfire/internal/streams"
)

// Several goroutines take and release a lease on a real file system. It never has two
// holders.
func TestLeaseHasOneHolderAtATime(t *testing.T) {
	registry := leases.New(t.TempDir(), leases.Options{})
	var holders, taken, twice atomic.Int32
	var all sync.WaitGroup
	failures := make(chan error, 1000)
	for range 8 {
		all.Go(func() {
			for range 200 {
				lease, err := registry.TryLock("cell")
				if errors.Is(err, leases.ErrTaken) {
					continue
				}
				if err != nil {
					failures <- err
					return
				}
				taken.Add(1)
				if holders.Add(1) > 1 {
					twice.Add(1)
				}
				holders.Add(-1)
				if err := errors.Join(lease.Check(), lease.Release()); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(failures)
	require.NoError(t, <-failures)
	require.Positive(t, taken.Load())
	require.Zero(t, twice.Load(), "of %d times", taken.Load())
	names, err := registry.Names()
	require.NoError(t, err)
	require.Empty(t, names)
}

// A lease whose holder is killed is free at once for processes of the same machine.
func TestLeaseOfAKilledProcessIsFree(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.Command(self)
	command.Env = append(os.Environ(), roleHolder+"="+dir)
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	said := make([]byte, 4)
	_, err = out.Read(said)
	require.NoError(t, err)
	require.Equal(t, "held", string(said))

	registry := leases.New(dir, leases.Options{})
	_, err = registry.TryLock("cell")
	require.ErrorIs(t, err, leases.ErrTaken)
	holder, err := registry.Holder("cell")
	require.NoError(t, err)
	require.Equal(t, command.Process.Pid, holder.PID)
	require.False(t, holder.Dead)

	require.NoError(t, command.Process.Signal(syscall.SIGKILL))
	// The test does not wait for the process: it counts as dead as soon as it has ended,
	// even if its parent has not read its exit status.
	require.Eventually(t, func() bool {
		holder, err := registry.Holder("cell")
		return err == nil && holder.Dead
	}, time.Minute, time.Millisecond)
	lease, err := registry.TryLock("cell")
	require.NoError(t, err)
	require.NoError(t, lease.Release())
	require.Error(t, command.Wait(), "killed")
}

// A process with the same PID that began later is another process.
func TestLeaseOfAReusedPIDIsFree(t *testing.T) {
	dir := t.TempDir()
	before := leases.Self()
	before.Start++
	_, err := leases.New(dir, leases.Options{Owner: before}).TryLock("cell")
	require.NoError(t, err)
	lease, err := leases.New(dir, leases.Options{}).TryLock("cell")
	require.NoError(t, err)
	require.NoError(t, lease.Release())
}

// The entries of a program that ended on the way are removed in time, and exclude no
// process until then.
func TestTidy(t *testing.T) {
	dir := t.TempDir()
	long := time.Now().Add(-time.Hour)
	for _, old := range []string{".draft-a/x~1~2~p~t~0", ".draft-b/", ".clock-c"} {
		path := dir + "/" + old
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		if filepath.Clean(path) == path {
			require.NoError(t, os.WriteFile(path, nil, 0o644))
		}
		for at := filepath.Clean(path); at != dir; at = filepath.Dir(at) {
			require.NoError(t, os.Chtimes(at, long, long))
		}
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, ".draft-new"), 0o755))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "cell"), 0o755), "of a release that was not finished")
	registry := leases.New(dir, leases.Options{})
	lease, err := registry.TryLock("cell")
	require.NoError(t, err)
	require.NoError(t, registry.Tidy())
	require.NoError(t, lease.Release())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Equal(t, ".draft-new", entries[0].Name())
}

// The entries of a process of this machine are removed as soon as it has ended, and not
// while it lives.
func TestTidyKnowsTheDead(t *testing.T) {
	dir, own := t.TempDir(), leases.Self()
	const gone = 12
	named := func(prefix string, pid int) string {
		return filepath.Join(dir, fmt.Sprintf("%s%s~%d~1~%s~token~0", prefix, own.Host, pid, own.Place))
	}
	for _, pid := range []int{gone, own.PID} {
		require.NoError(t, os.Mkdir(named(".draft-", pid), 0o755))
		require.NoError(t, os.WriteFile(named(".clock-", pid), nil, 0o644))
	}
	registry := leases.New(dir, leases.Options{Dead: func(o leases.Owner) bool { return o.PID == gone }})
	require.NoError(t, registry.Tidy())
	left, err := filepath.Glob(filepath.Join(dir, ".*~*"))
	require.NoError(t, err)
	require.ElementsMatch(t, []string{named(".draft-", own.PID), named(".clock-", own.PID)}, left)
}

const root = "/leases"

// host returns the registry of a process on another machine, and its access to the
// server.
func host(server *leasetest.Server, name string) (*leases.Registry, *leasetest.Client) {
	client := &leasetest.Client{Server: server}
	return leases.New(root, leases.Options{
		Files: client, Owner: leases.Owner{Host: name, PID: 7, Place: name}, Dead: func(leases.Owner) bool { return false },
	}), client
}

func TestSilentHostLosesItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := leasetest.NewServer(root)
		first, network := host(server, "a")
		second, _ := host(server, "b")
		cut := errors.New("network is unreachable")
		var down atomic.Bool
		network.Before = func(string) error {
			if down.Load() {
				return cut
			}
			return nil
		}
		held, err := first.TryLock("cell")
		require.NoError(t, err)
		time.Sleep(10 * leases.DefaultTTL)
		_, err = second.TryLock("cell")
		require.ErrorIs(t, err, leases.ErrTaken, "its beats keep it")
		require.NoError(t, held.Check())

		down.Store(true)
		time.Sleep(leases.DefaultTTL + time.Second)
		lease, err := second.TryLock("cell")
		require.NoError(t, err)
		require.ErrorIs(t, held.Check(), cut)
		require.NotErrorIs(t, held.Check(), leases.ErrLost, "not known while the network is cut")
		down.Store(false)
		time.Sleep(leases.DefaultTTL)
		<-held.Lost()
		require.ErrorIs(t, held.Check(), leases.ErrLost)
		require.NoError(t, held.Release())
		require.NoError(t, lease.Check(), "the release was not of this one")
		require.NoError(t, lease.Release())
		require.False(t, server.Has(root+"/cell"))
	})
}

// The age of a ticket does not depend on the clocks of hosts. Here the clock of the
// server is far ahead of this machine's, or far behind it.
func TestClocksOfHostsDoNotMatter(t *testing.T) {
	for _, ahead := range []time.Duration{-time.Hour, time.Hour} {
		dir := t.TempDir()
		other := leases.Owner{Host: "other", PID: 1, Place: "other"}
		lease, err := leases.New(dir, leases.Options{Owner: other, Files: shifted{leases.Disk{}, ahead}}).TryLock("cell")
		require.NoError(t, err)
		registry := leases.New(dir, leases.Options{Files: shifted{leases.Disk{}, ahead}})
		_, err = registry.TryLock("cell")
		require.ErrorIs(t, err, leases.ErrTaken)
		holder, err := registry.Holder("cell")
		require.NoError(t, err)
		require.Less(t, holder.Silent, time.Minute)
		require.NoError(t, lease.Release())
	}
}

// shifted is a file system whose clock is ahead of this machine's by a fixed time.
type shifted struct {
	leases.Files
	ahead time.Duration
}

// ModTime returns the modification time by the shifted clock.
func (s shifted) ModTime(path string) (time.Time, error) {
	at, err := s.Files.ModTime(path)
	return at.Add(s.ahead), err
}

// Several hosts take, check and release one lease on a network that is slow, loses
// operations and answers, and sometimes stalls for longer than a lease lasts. A take or
// check that succeeds proves that its lease was held at one moment during the call. In
// every case it holds that no lease is held, then another one, and then the first one.
// So no other holder sees an incomplete state of the work that a holder does between
// two successful checks.
func TestExclusionOnABadNetwork(t *testing.T) {
	var proofs, leasesSeen int
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		hosts := rapid.IntRange(2, 5).Draw(t, "hosts")
		loss := rapid.Float64Range(0, 0.3).Draw(t, "loss")
		stall := rapid.Float64Range(0, 0.05).Draw(t, "stall")
		model := &exclusion{}
		synctest.Test(new(testing.T), func(*testing.T) {
			server := leasetest.NewServer(root)
			var all sync.WaitGroup
			for i := range hosts {
				all.Go(func() { model.play(server, seed, uint64(i), loss, stall) })
			}
			all.Wait()
		})
		proofs, leasesSeen = proofs+len(model.proofs), leasesSeen+model.leases
		for _, a := range model.proofs {
			for _, b := range model.proofs {
				for _, c := range model.proofs {
					if a.lease == c.lease && a.lease != b.lease && a.end.Before(b.begin) && b.end.Before(c.begin) {
						t.Fatalf("lease %d was held within lease %d", b.lease, a.lease)
					}
				}
			}
		}
	})
	require.Greater(t, leasesSeen, 100, "the network lets some through")
	require.Greater(t, proofs, 2*leasesSeen, "and they are checked")
}

// proof is the fact that a lease was held at one moment between begin and end.
type proof struct {
	lease      int
	begin, end time.Time
}

// exclusion collects proofs.
type exclusion struct {
	mu     sync.Mutex
	leases int
	proofs []proof
}

// play lets one host take, check and release the lease.
func (m *exclusion) play(server *leasetest.Server, seed, index uint64, loss, stall float64) {
	registry, client := host(server, fmt.Sprint("host", index))
	rng := streams.New(seed, "network", index)
	var turn sync.Mutex // the beats use the same network
	bad := func(string) error {
		turn.Lock()
		wait, lost := time.Duration(1+rng.IntN(50))*time.Millisecond, rng.Float64() < loss
		if rng.Float64() < stall {
			wait += time.Duration(rng.Float64() * float64(2*leases.DefaultTTL))
		}
		turn.Unlock()
		time.Sleep(wait)
		if lost {
			return errors.New("lost on the way")
		}
		return nil
	}
	client.Before, client.After = bad, bad
	act := streams.New(seed, "host", index)
	for range 12 {
		time.Sleep(time.Duration(act.IntN(20_000)) * time.Millisecond)
		begin := time.Now()
		lease, err := registry.TryLock("cell")
		if err != nil {
			continue
		}
		id := m.number()
		m.prove(id, begin)
		for range act.IntN(5) {
			time.Sleep(time.Duration(act.IntN(60_000)) * time.Millisecond)
			begin := time.Now()
			if lease.Check() == nil {
				m.prove(id, begin)
			}
		}
		_ = lease.Release() // the ticket remains if the network loses the operation
	}
}

// number returns a number for a lease that was taken.
func (m *exclusion) number() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leases++
	return m.leases
}

// prove records that a lease was held at one moment since begin.
func (m *exclusion) prove(lease int, begin time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.proofs = append(m.proofs, proof{lease, begin, time.Now()})
}
