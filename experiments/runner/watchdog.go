package runner

import "time"

// defaultPatience is Runner.Patience where it is not set.
const defaultPatience = 10 * time.Minute

// Whether a silent worker hangs depends on its use of the processor, not on the clock alone.
const (
	// idleShare is the share of a period that a process must use the processor for; below it, the
	// process is taken to wait.
	idleShare = 0.01
	// longSilence is the number of periods that a process may be busy without an event. The longest
	// phase without one, the evaluation of all probes by a wide network on one core, takes far
	// less.
	longSilence = 10
)

// watchdog detects a worker that hangs: it reports nothing for a period of patience in which its
// process hardly uses the processor, or it reports nothing for ten periods.
type watchdog struct {
	patience time.Duration
	used     func() (time.Duration, bool) // processor time so far; false if it is not known
	now      func() time.Time

	fed    time.Time     // when the last event came
	begin  time.Time     // of the current period
	before time.Duration // processor time used before the period
	known  bool          // reports whether before is known
}

func newWatchdog(patience time.Duration, used func() (time.Duration, bool), now func() time.Time) *watchdog {
	w := &watchdog{patience: patience, used: used, now: now}
	w.feed()
	return w
}

// feed notes an event.
func (w *watchdog) feed() {
	w.fed = w.now()
	w.period()
}

// silent returns the time since the last event.
func (w *watchdog) silent() time.Duration { return w.now().Sub(w.fed) }

// period begins a new period.
func (w *watchdog) period() {
	w.begin = w.now()
	w.before, w.known = w.used()
}

// left returns how long to wait before the next call of hangs.
func (w *watchdog) left() time.Duration {
	return max(0, w.patience-w.now().Sub(w.begin))
}

// hangs reports whether the worker hangs. Before the end of a period it reports false.
func (w *watchdog) hangs() bool {
	now := w.now()
	if now.Sub(w.begin) < w.patience {
		return false
	}
	if w.silent() >= longSilence*w.patience {
		return true
	}
	used, known := w.used()
	if known && w.known && float64(used-w.before) < idleShare*float64(now.Sub(w.begin)) {
		return true
	}
	w.period()
	return false
}
