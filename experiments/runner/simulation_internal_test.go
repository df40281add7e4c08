package runner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/leases"
	"backfire/internal/leases/leasetest"
	"backfire/internal/streams"
)

// simulation is a run of many runners on a virtual clock, each on a host of its own. Some hosts
// die. The queues, claims and leases are those of a real run, on a file system in memory; the
// trainings are pauses, with a checkpoint after each epoch.
type simulation struct {
	cells   int
	workers int
	deaths  float64 // share of the workers that die, at a random time, and are not replaced
	epochs  int
	seed    uint64
}

// simulated is the outcome of a simulation.
type simulated struct {
	makespan time.Duration
	ideal    time.Duration  // all work, divided among all workers, without a pause
	useful   time.Duration  // the work of the plan
	done     time.Duration  // the work that was done
	died     time.Duration  // of that, the work after the last checkpoint of workers that died
	stored   map[string]int // by cell: how often it was stored
	waits    float64        // operations on the store per second of waiting, of the worker with the most
}

// The directories of the simulated store, on the file system in memory.
const (
	simLocks  = "/locks"
	simFailed = "/failed"
)

// longest is the time that the longest cell takes.
const longest = 15 * time.Minute

// simRun is a simulation under way.
type simRun struct {
	simulation
	server   *leasetest.Server
	workload plan.Workload
	store    *store.Store // it stays empty
	begin    time.Time
	most     float64 // cost of the longest cell

	mu         sync.Mutex
	names      map[string]bool // of the cells that are stored; replaced, never changed
	checkpoint map[string]int  // by cell: epochs done
	failures   []error
	out        simulated
}

// newSimRun plans cells whose cost falls to a fifth of the longest. They are ordered once for all
// runners, which would otherwise do so themselves.
func newSimRun(s simulation, dir string) (*simRun, error) {
	empty, err := store.Open(dir)
	if err != nil {
		return nil, err
	}
	r := &simRun{
		simulation: s, server: leasetest.NewServer("/"), store: empty, begin: time.Now(),
		names: map[string]bool{}, checkpoint: map[string]int{}, out: simulated{stored: map[string]int{}},
	}
	client := &leasetest.Client{Server: r.server}
	if err := errors.Join(client.Mkdir(simLocks), client.Mkdir(simFailed)); err != nil {
		return nil, err
	}
	worklist := &plan.Worklist{}
	for i := range s.cells {
		cell := enginetest.ExampleCell()
		cell.Training.Epochs = 500 - 400*i/s.cells
		worklist.Tasks = append(worklist.Tasks, plan.Task{Cell: cell, Hash: strconv.Itoa(i)})
		r.most = max(r.most, cell.Cost())
	}
	for i := range worklist.Tasks {
		r.out.useful += r.takes(&worklist.Tasks[i])
	}
	r.out.ideal = r.out.useful / time.Duration(s.workers)
	streams.New(s.seed, "order of the plan").Shuffle(s.cells, func(i, j int) {
		worklist.Tasks[i], worklist.Tasks[j] = worklist.Tasks[j], worklist.Tasks[i]
	})
	ordered, err := longestFirst{plan.FixedWorklist(worklist)}.Worklist(plan.Known{})
	r.workload = plan.FixedWorklist(ordered)
	return r, err
}

// takes returns how long a cell is trained.
func (r *simRun) takes(task *plan.Task) time.Duration {
	return time.Duration(float64(longest) * task.Cell.Cost() / r.most)
}

// simHost is the store as a host sees it. Its leases are on the file system in memory; the
// simulation knows the stored cells.
type simHost struct {
	*store.Store
	run    *simRun
	client *leasetest.Client
	dead   chan struct{} // closed when the host is
}

func (r *simRun) host(index int) *simHost {
	h := &simHost{run: r, client: &leasetest.Client{Server: r.server}, dead: make(chan struct{})}
	h.client.Before = func(op string) error {
		if op == "rename" { // this operation decides
			time.Sleep(2 * time.Millisecond)
		}
		if isClosed(h.dead) {
			return errors.New("this host is dead")
		}
		return nil
	}
	name := fmt.Sprint("host", index)
	h.Store = r.store.WithLeases(leases.New(simLocks, leases.Options{
		Files: h.client, Owner: leases.Owner{Host: name, PID: 1, Place: name}, Dead: func(leases.Owner) bool { return false },
	}))
	return h
}

// Claim takes a real claim without a working directory.
func (h *simHost) Claim(hash string) (*store.Claim, error) {
	return h.Reserve(hash)
}

func (h *simHost) Read(hash string) (*store.Record, error) {
	if !h.run.stored()[hash] {
		return nil, store.ErrNotStored
	}
	return &store.Record{}, nil
}

// listing counts as one operation; the names are collected once for all hosts.
func (h *simHost) listing() (plan.Listing, error) {
	_, err := h.client.ModTime(simLocks)
	return plan.Listing{Cache: plan.NewCachedReader(h), Names: h.run.stored()}, err
}

func (h *simHost) takeSnapshot(string) (snapshot, error) {
	l := snapshot{held: map[string]bool{}}
	held, err := h.Held()
	if err != nil {
		return snapshot{}, err
	}
	for _, name := range held {
		l.held[name] = true
	}
	if l.listing, err = h.listing(); err != nil {
		return snapshot{}, err
	}
	_, err = h.client.ReadDir(simFailed)
	return l, err
}

func (h *simHost) FailureOf(_, cell string) (store.GivenUp, bool, error) {
	_, err := h.client.ModTime(simFailed + "/" + cell)
	return store.GivenUp{}, err == nil, nil
}

func (r *simRun) stored() map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.names) != len(r.out.stored) {
		r.names = make(map[string]bool, len(r.out.stored))
		for cell := range r.out.stored {
			r.names[cell] = true
		}
	}
	return r.names
}

// work is the life of a runner with one worker.
func (r *simRun) work(index int) error {
	rng := streams.New(r.seed, "worker", uint64(index))
	host := r.host(index)
	dies := time.Duration(1<<62 - 1)
	if rng.Float64() < r.deaths {
		dies = time.Duration(rng.Float64() * float64(r.out.ideal))
	}
	shared := SharedRun{Index: index, Of: r.workers}
	q, err := newSharedQueue(host, r.workload, time.Second, shared, func(worker.Event) {})
	if err != nil {
		return err
	}
	q.chance = rng
	runner := &run{Runner: &Runner{Shared: &shared}, queue: q, outcome: &Outcome{}}
	var waited time.Duration
	looks := 0
	defer func() {
		if waited > time.Minute {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.out.waits = max(r.out.waits, float64(looks)/waited.Seconds())
		}
	}()
	for {
		ops, begin := host.client.Ops(), time.Now()
		t, err := q.next(context.Background(), nil, nil)
		if err != nil {
			return err
		}
		if wait := time.Since(begin); wait > time.Second/2 { // the first pause is longer
			waited += wait
			looks += host.client.Ops() - ops
		}
		if t == nil {
			return nil
		}
		alive, cause := r.train(t, dies)
		if !alive {
			close(host.dead)
			_ = t.claim.Release() // stops the renewal of the lease; a dead host releases nothing
			return nil
		}
		if err := runner.recordAttempt(t, 1, newDeviceState(DeviceWorkers{Workers: 1}), nil, cause); err != nil {
			return err
		}
	}
}

// train spends the time of a cell from its checkpoint on, and stores the cell. alive is false if
// the worker died over it.
func (r *simRun) train(t *attempt, dies time.Duration) (alive bool, cause error) {
	epoch := r.takes(t.Task) / time.Duration(r.epochs)
	for {
		r.mu.Lock()
		done := r.checkpoint[t.Hash]
		r.mu.Unlock()
		if done == r.epochs {
			break
		}
		life := dies - time.Since(r.begin)
		time.Sleep(max(0, min(epoch, life)))
		r.mu.Lock()
		r.out.done += max(0, min(epoch, life))
		if life < epoch {
			r.out.died += max(0, life)
			r.mu.Unlock()
			return false, nil
		}
		r.checkpoint[t.Hash] = done + 1
		r.mu.Unlock()
		if isClosed(t.claim.Lost()) {
			return true, store.ErrLost
		}
	}
	if err := t.claim.Check(); err != nil {
		return true, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out.stored[t.Hash]++
	r.out.makespan = time.Since(r.begin)
	t.result = &store.Result{}
	return true, nil
}

func (s simulation) run(t *testing.T) simulated {
	t.Helper()
	var r *simRun
	synctest.Test(t, func(t *testing.T) {
		var err error
		r, err = newSimRun(s, t.TempDir())
		require.NoError(t, err)
		var all sync.WaitGroup
		for i := range s.workers {
			all.Go(func() {
				if err := r.work(i); err != nil {
					r.mu.Lock()
					defer r.mu.Unlock()
					r.failures = append(r.failures, err)
				}
			})
		}
		all.Wait()
	})
	require.Empty(t, r.failures)
	return r.out
}

// 10,000 cells on 1,000 workers, of which 5 % die: each cell is stored once, and no work is lost
// but that after the last checkpoints of the workers that died.
func TestThousandWorkers(t *testing.T) {
	s := simulation{cells: 10_000, workers: 1000, deaths: 0.05, epochs: 50, seed: 1}
	if testing.Short() {
		s.cells, s.workers = 1000, 100
	}
	defer debug.SetGCPercent(debug.SetGCPercent(50)) // a thousand queues of ten thousand tasks
	out := s.run(t)
	require.Len(t, out.stored, s.cells)
	for cell, times := range out.stored {
		require.Equal(t, 1, times, "cell %s", cell)
	}
	require.Positive(t, out.died, "some workers died in the middle of an epoch")
	wasted := float64(out.done-out.useful-out.died) / float64(out.useful)
	require.InDelta(t, 0.015, wasted, 0.015+1e-9, "less than 3 %; epochs are rounded to nanoseconds")
	require.Less(t, out.waits, 3.0, "operations per second of a worker that waits")
	t.Logf("makespan %v, ideal %v, lost by deaths %.3f %%, wasted beyond that %.3f %%, at most %.2f operations per second while waiting",
		out.makespan.Round(time.Minute), out.ideal.Round(time.Minute), 100*float64(out.died)/float64(out.useful), 100*math.Abs(wasted), out.waits)
}

// The figures of docs/scaling.md: the makespan falls with the number of workers.
func TestMakespanFallsWithWorkers(t *testing.T) {
	before := time.Duration(0)
	for _, workers := range []int{1, 4, 16, 64} {
		out := simulation{cells: 300, workers: workers, epochs: 50, seed: 2}.run(t)
		require.Len(t, out.stored, 300)
		t.Logf("%d workers: %v, ideal %v", workers, out.makespan.Round(time.Minute), out.ideal.Round(time.Minute))
		require.LessOrEqual(t, out.makespan, out.ideal+longest, "not longer than the ideal and the longest cell")
		if before > 0 {
			require.Less(t, out.makespan, before/2)
		}
		before = out.makespan
	}
}
