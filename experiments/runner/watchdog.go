package runner

import (
	"time"
)

// defaultPatience is Runner.Patience where it is not set.
const defaultPatience = 10 * time.Minute

// A silent worker is judged by what it does, not by the clock alone.
const (
	// idleShare is the share of a period below which a process that uses the
	// processor is taken for one that waits.
	idleShare = 0.01
	// longSilence is how many periods a process may be busy without a word:
	// the longest phase that reports nothing, the evaluation of all probes by a
	// wide network on one core, takes far less.
	longSilence = 10
)

// watchdog notices that a worker process hangs: it says nothing for a period of
// patience and hardly uses the processor meanwhile, or it says nothing for ten
// of them.
type watchdog struct {
	patience time.Duration
	used     func() (time.Duration, bool) // processor time so far; false if it is not known
	now      func() time.Time

	heard  time.Time     // the last event
	begin  time.Time     // of the current period
	before time.Duration // used when it began
	known  bool          // whether before is
}

func newWatchdog(patience time.Duration, used func() (time.Duration, bool), now func() time.Time) *watchdog {
	w := &watchdog{patience: patience, used: used, now: now}
	w.hear()
	return w
}

// hear notes a sign of life.
func (w *watchdog) hear() {
	w.heard = w.now()
	w.period()
}

// silent is the time since the last sign of life.
func (w *watchdog) silent() time.Duration { return w.now().Sub(w.heard) }

// period begins to count the use of the processor anew.
func (w *watchdog) period() {
	w.begin = w.now()
	w.before, w.known = w.used()
}

// left is how long to wait before the next look.
func (w *watchdog) left() time.Duration {
	return max(0, w.patience-w.now().Sub(w.begin))
}

// hangs looks at the process once a period is over.
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
