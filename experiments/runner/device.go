package runner

import (
	"context"
	"fmt"
	"sync"

	"backfire/experiments/worker"
)

// DeviceWorkers is a device and the models that are trained on it at a time.
type DeviceWorkers struct {
	Device  string // cpu or cuda:K
	Workers int    // models at a time, at least 1
	// PerProcess is the number of workers that share a process, see the function PerProcess. 0 is
	// taken as 1.
	PerProcess int
}

// strikesOut is the number of processes of a device that fail one after another, before any of
// their trainings completes an epoch, after which the device is given up.
const strikesOut = 2

// deviceState is what a run knows of one of its devices.
type deviceState struct {
	DeviceWorkers

	mu      sync.Mutex
	limit   int           // models at a time, at most Workers
	running int           // slots that have or look for a cell
	changed chan struct{} // closed and replaced when one of the fields changes
	strikes int           // see strikesOut
	struck  *Process      // the last process that failed
	lost    bool          // given up
}

func newDeviceState(d DeviceWorkers) *deviceState {
	return &deviceState{DeviceWorkers: d, limit: d.Workers, changed: make(chan struct{})}
}

// notify wakes the slots that wait in enter. The caller holds mu.
func (d *deviceState) notify() {
	close(d.changed)
	d.changed = make(chan struct{})
}

// enter waits until the device takes one more model. It returns false if the device is given up,
// or if ctx ends or leave is closed before.
func (d *deviceState) enter(ctx context.Context, leave <-chan struct{}) bool {
	for {
		d.mu.Lock()
		lost, changed := d.lost, d.changed
		entered := !lost && d.running < d.limit
		if entered {
			d.running++
		}
		d.mu.Unlock()
		if lost || entered {
			return entered
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		case <-leave:
			return false
		}
	}
}

// leave ends what enter began.
func (d *deviceState) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.running--
	d.notify()
}

// lower takes a number off the models at a time, after a training failed for want of memory. It
// returns the new number, and false if one model was trained at a time already.
func (d *deviceState) lower(by int) (int, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.limit == 1 {
		return 1, false
	}
	d.limit = max(1, d.limit-by)
	return d.limit, true
}

// epochDone books that a process of the device works.
func (d *deviceState) epochDone() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.strikes, d.struck = 0, nil
}

// strike books a failure in a process of the device. others reports whether other devices are
// left. It returns whether the device is given up, and whether it is so by this failure.
func (d *deviceState) strike(p *Process, others func() bool) (lost, now bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lost {
		return true, false
	}
	if p == nil || d.struck != p {
		d.struck = p
		d.strikes++
	}
	if d.strikes < strikesOut || !others() {
		return false, false
	}
	d.lost = true
	d.notify()
	return true, true
}

// isLost reports whether the device is given up.
func (d *deviceState) isLost() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lost
}

// devices returns the devices of the run.
func (r *Runner) devices() []DeviceWorkers {
	if len(r.Devices) > 0 {
		return r.Devices
	}
	return []DeviceWorkers{{r.Device, max(1, r.Workers), r.PerProcess}}
}

// placed returns the devices of so many workers, in turn, as far as each has room; most is the
// number of workers that are of use.
func placed(devices []*deviceState, most int) []*deviceState {
	var slots []*deviceState
	used := map[*deviceState]int{}
	for more := true; more; {
		more = false
		for _, d := range devices {
			if used[d] < d.Workers && len(slots) < most {
				used[d]++
				slots = append(slots, d)
				more = true
			}
		}
	}
	return slots
}

// others returns a function that reports whether a device other than d is left.
func (r *run) others(d *deviceState) func() bool {
	return func() bool {
		for _, other := range r.states {
			if other != d && !other.isLost() {
				return true
			}
		}
		return false
	}
}

// shrink books a training that failed because its device had no memory left. It returns whether
// the failure is that of too many models at a time: then fewer are trained from now on, and the
// attempt does not count. Each further failure of a cell takes twice as many models off.
func (r *run) shrink(t *attempt, d *deviceState) bool {
	before := d.Workers
	limit, lowered := d.lower(1 << t.crowded)
	if !lowered {
		return false
	}
	t.crowded++
	t.tried--
	r.report(worker.Event{
		Kind: worker.KindNotice, Cell: t.Hash, Title: t.Title,
		Text: fmt.Sprintf("%s has no memory left for so many models: from now on %d of %d are trained on it at a time; the model resumes from its checkpoint", d.Device, limit, before),
	})
	return true
}

// giveUp books a failure that may be the device's. It returns whether the device is given up: then
// the attempt does not count.
func (r *run) giveUp(t *attempt, d *deviceState, p *Process) bool {
	lost, now := d.strike(p, r.others(d))
	if now {
		r.report(worker.Event{
			Kind: worker.KindNotice, Cell: t.Hash, Title: t.Title,
			Text: fmt.Sprintf("%s is given up: %d of its processes failed one after another; the other devices train its models", d.Device, strikesOut),
		})
	}
	if lost {
		t.tried--
	}
	return lost
}
