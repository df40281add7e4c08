package experiments

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/leases"
	"backfire/leases/leasetest"
	"backfire/streams"
)

// The simulation: a scheduler with a virtual clock starts workers on hosts of
// their own, and some die. Their leases are real, on a file system in memory, and
// so is the policy of what to try and when (spread, place, jittered); only the
// trainings are pauses, with a checkpoint after each epoch.
type simulation struct {
	cells   int
	workers int
	deaths  float64 // share of the workers that die, at a random time; the scheduler does not replace them
	epochs  int
	seed    uint64
}

// simulated is what came of a simulation.
type simulated struct {
	makespan time.Duration
	ideal    time.Duration // all work by all workers that live, without a pause
	useful   time.Duration // the work of the plan
	done     time.Duration // the work that was done
	died     time.Duration // of it, after the last checkpoint of those who died
	stored   []int         // by cell: how often it was stored
	waits    float64       // operations on the store per second and worker that had nothing to do, the most of all workers
}

const simDir = "/locks"

// simRun is a simulation under way.
type simRun struct {
	simulation
	server *leasetest.Server
	begin  time.Time

	mu         sync.Mutex
	open       []int // cells that are not stored, the dearest first
	stored     []int // by cell
	checkpoint []int // by cell: epochs done
	out        simulated
}

// dearest is what the longest cell takes.
const dearest = 15 * time.Minute

// cost of a cell: dear ones first, as workers see them, down to a fifth of the
// longest.
func (s *simRun) cost(cell int) time.Duration {
	return dearest - time.Duration(0.8*float64(dearest)*float64(cell)/float64(s.cells))
}

func (s *simRun) worker(index int) {
	rng := streams.New(s.seed, "worker", uint64(index))
	client := &leasetest.Client{Server: s.server}
	dead := make(chan struct{})
	client.Before = func(op string) error {
		if op == "rename" { // what decides
			time.Sleep(2 * time.Millisecond)
		}
		select {
		case <-dead:
			return errors.New("this host is dead")
		default:
			return nil
		}
	}
	name := fmt.Sprint("host", index)
	registry := leases.New(simDir, leases.Options{
		Files: client, Owner: leases.Owner{Host: name, PID: 1, Place: name}, Dead: func(leases.Owner) bool { return false },
	})
	dies := time.Duration(1<<62 - 1)
	if rng.Float64() < s.deaths {
		dies = time.Duration(rng.Float64() * float64(s.out.ideal))
	}
	share := Share{Index: index, Of: s.workers}
	looked := map[int]time.Time{}
	var idle, waited time.Duration
	waitOps := 0
	for {
		before := client.Ops()
		names, err := registry.Names()
		if err != nil {
			panic(err)
		}
		held := make(map[int]bool, len(names))
		for _, name := range names {
			cell, err := strconv.Atoi(name)
			if err != nil {
				panic(err)
			}
			held[cell] = true
		}
		s.mu.Lock()
		if len(s.open) == 0 {
			s.mu.Unlock()
			break
		}
		var free, taken []int
		for _, cell := range s.open {
			switch {
			case !held[cell]:
				free = append(free, cell)
			case looked[cell].IsZero():
				looked[cell] = time.Now()
			case time.Since(looked[cell]) >= examineEvery:
				taken = append(taken, cell)
			}
		}
		s.mu.Unlock()
		slices.SortStableFunc(taken, func(a, b int) int { return looked[a].Compare(looked[b]) })
		tries := append(spread(free, share.place(len(free), len(held), rng.Float64())), taken[:min(len(taken), maxExaminations)]...)
		var lease *leases.Lease
		cell := 0
		for _, cell = range tries {
			lease, err = registry.TryLock(strconv.Itoa(cell))
			if err == nil {
				break
			}
			looked[cell] = time.Now()
		}
		if lease != nil && s.isStored(cell) { // since the look, as the queue finds out
			_ = lease.Release() // nobody else wants it
			continue
		}
		if lease == nil {
			idle = min(max(2*idle, time.Second), maxPauses*time.Second)
			pause := jittered(idle, rng.Float64())
			waitOps += client.Ops() - before + 1 // and the listing of results
			waited += pause
			time.Sleep(pause)
			continue
		}
		idle = 0
		if !s.train(cell, lease, dies) {
			close(dead)
			_ = lease.Release() // ends the beats; the dead release nothing
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if waited > time.Minute {
		s.out.waits = max(s.out.waits, float64(waitOps)/waited.Seconds())
	}
}

func (s *simRun) isStored(cell int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stored[cell] > 0
}

// train spends the time of a cell from its checkpoint on. False says that the
// worker died over it.
func (s *simRun) train(cell int, lease *leases.Lease, dies time.Duration) bool {
	epoch := s.cost(cell) / time.Duration(s.epochs)
	for {
		s.mu.Lock()
		done := s.checkpoint[cell]
		s.mu.Unlock()
		if done == s.epochs {
			break
		}
		life := dies - time.Since(s.begin)
		time.Sleep(max(0, min(epoch, life)))
		s.mu.Lock()
		s.out.done += max(0, min(epoch, life))
		if life < epoch {
			s.out.died += max(0, life)
			s.mu.Unlock()
			return false
		}
		s.checkpoint[cell] = done + 1
		s.mu.Unlock()
	}
	if err := lease.Check(); err != nil {
		return true // another one has it, and stores it
	}
	s.mu.Lock()
	s.stored[cell]++
	if s.stored[cell] == 1 {
		s.open = slices.DeleteFunc(s.open, func(other int) bool { return other == cell })
		s.out.makespan = time.Since(s.begin)
	}
	s.mu.Unlock()
	_ = lease.Release() // it is stored either way
	return true
}

func (s simulation) run(t *testing.T) simulated {
	t.Helper()
	var out simulated
	synctest.Test(t, func(*testing.T) {
		r := &simRun{
			simulation: s, server: leasetest.NewServer(simDir), begin: time.Now(),
			stored: make([]int, s.cells), checkpoint: make([]int, s.cells),
		}
		for cell := range s.cells {
			r.open = append(r.open, cell)
			r.out.useful += r.cost(cell)
		}
		r.out.ideal = r.out.useful / time.Duration(s.workers)
		var all sync.WaitGroup
		for i := range s.workers {
			all.Go(func() { r.worker(i) })
		}
		all.Wait()
		out = r.out
		out.stored = r.stored
	})
	return out
}

// 10,000 cells on 1,000 workers, of which 5 % die: every cell is done once in
// effect, and nothing is lost but what the dead had not yet put into a checkpoint.
func TestThousandWorkers(t *testing.T) {
	s := simulation{cells: 10_000, workers: 1000, deaths: 0.05, epochs: 50, seed: 1}
	if testing.Short() {
		s.cells, s.workers = 1000, 100
	}
	out := s.run(t)
	for cell, times := range out.stored {
		require.Equal(t, 1, times, "cell %d", cell)
	}
	require.Positive(t, out.died, "some died in the middle of an epoch")
	wasted := float64(out.done-out.useful-out.died) / float64(out.useful)
	require.Less(t, wasted, 0.03)
	require.GreaterOrEqual(t, wasted, 0.0)
	require.Less(t, out.waits, 3.0, "operations per second of a worker that waits")
	t.Logf("makespan %v, ideal %v, lost by deaths %.3f %%, wasted beyond that %.3f %%, at most %.2f operations per second while waiting",
		out.makespan.Round(time.Minute), out.ideal.Round(time.Minute), 100*float64(out.died)/float64(out.useful), 100*wasted, out.waits)
}

// The figures of docs/scaling.md: how the makespan falls with the workers.
func TestMakespanFallsWithWorkers(t *testing.T) {
	before := time.Duration(0)
	for _, workers := range []int{1, 4, 16, 64} {
		out := simulation{cells: 300, workers: workers, epochs: 50, seed: 2}.run(t)
		t.Logf("%d workers: %v, ideal %v", workers, out.makespan.Round(time.Minute), out.ideal.Round(time.Minute))
		require.LessOrEqual(t, out.makespan, out.ideal+dearest, "not longer than the ideal and the longest cell")
		if before > 0 {
			require.Less(t, out.makespan, before/2)
		}
		before = out.makespan
	}
}
