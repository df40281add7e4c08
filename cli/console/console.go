// Package console shows a run while its models train: to a person as bars on a terminal
// or as lines elsewhere, to a program as JSON, and to TensorBoard as event files. It
// promises that everything it says of a run comes from the run's events, and that a
// display that cannot be written never stops a training.
package console

import (
	"encoding/json"
	"io"
	"time"

	"backfire/experiments/worker"
	"backfire/internal/visible"
)

// Options select the display of a run.
type Options struct {
	// Out receives events as lines of JSON, if JSON is set; nothing otherwise.
	Out io.Writer
	// ErrOut receives what a person reads.
	ErrOut io.Writer
	// Terminal reports that ErrOut is a terminal that can move its cursor. A display that
	// does so writes behind a visible.Writer, and shows each text itself.
	Terminal bool
	JSON     bool
	// Watch adds the learning curves of the models in training: below each worker's
	// line on a terminal, as a line for every epoch elsewhere.
	Watch bool
}

// Display shows the events of a run.
type Display interface {
	worker.Observer
	// Close removes what stands on the terminal only while the run lasts. It returns
	// the first error of writing the events that a program asked for; a display for
	// people has none.
	Close() error
}

// New returns the display that the options select.
func New(opts Options) Display {
	switch {
	case opts.JSON:
		return &jsonLines{encoder: json.NewEncoder(opts.Out)}
	case opts.Terminal:
		return &terminal{out: visible.Raw(opts.ErrOut), watch: opts.Watch, now: time.Now}
	default:
		every := lineEvery
		if opts.Watch {
			every = 0
		}
		return newTextLines(opts.ErrOut, every, time.Now)
	}
}

// terminal shows a run on a terminal. It chooses between one bar and a screen with a
// line for every worker as soon as the plan tells the number of workers.
type terminal struct {
	out   io.Writer
	watch bool
	now   func() time.Time
	shown Display // nil before the plan
}

// Observe hands the event on to the display that fits the plan.
func (t *terminal) Observe(e worker.Event) {
	if t.shown == nil {
		if e.Kind == worker.KindPlan && e.Workers == 1 && !t.watch {
			t.shown = newBar(t.out, t.now)
		} else {
			t.shown = newScreen(t.out, t.now, t.watch)
		}
	}
	t.shown.Observe(e)
}

// Close closes that display.
func (t *terminal) Close() error {
	if t.shown == nil {
		return nil
	}
	return t.shown.Close()
}
