package console

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"backfire/experiments/worker"
	"backfire/internal/visible"
)

// soleBarWidth leaves room beside the bar for what the worker does.
const soleBarWidth = 16

// bar shows a run with one worker on a terminal: messages scroll by, and below them one
// bar, drawn by the progress library, stands for the whole run.
type bar struct {
	out    io.Writer
	track  *tracker
	drawn  *progressbar.ProgressBar // nil before the plan, and where nothing is to be trained
	doing  string                   // what the worker does now
	now    func() time.Time
	last   time.Time // of the last drawing
	closed bool
}

func newBar(out io.Writer, now func() time.Time) *bar {
	return &bar{out: out, track: newTracker(now), now: now}
}

// Observe writes the event's message, if it has one, and redraws the bar.
func (b *bar) Observe(e worker.Event) {
	b.track.observe(e)
	switch e.Kind {
	case worker.KindPlan:
		if e.TotalImages > 0 {
			b.drawn = progressbar.NewOptions64(e.TotalImages,
				progressbar.OptionSetWriter(b.out), progressbar.OptionSetWidth(soleBarWidth), progressbar.OptionSetPredictTime(false),
				progressbar.OptionSetElapsedTime(false), progressbar.OptionUseANSICodes(true), progressbar.OptionClearOnFinish())
		}
	case worker.KindRevised:
		if b.drawn != nil {
			b.drawn.ChangeMax64(e.TotalImages)
		}
	case worker.KindStarted, worker.KindResumed, worker.KindPhase, worker.KindProgress, worker.KindEpoch:
		b.doing = e.Title + ": " + workerState(e)
	case worker.KindDone, worker.KindRetry, worker.KindFailed:
		b.doing = ""
	}
	text := notice(e)
	if text == "" && b.now().Sub(b.last) < paintEvery {
		return
	}
	b.last = b.now()
	b.draw(text)
}

// draw writes a message, which stays, and the bar below it. The terminal may be gone;
// that stops no training.
func (b *bar) draw(text string) {
	if b.drawn != nil {
		_ = b.drawn.Clear()
	}
	if text != "" {
		_, _ = fmt.Fprintln(b.out, visible.Line(text))
	}
	if b.drawn == nil || b.closed {
		return
	}
	line := b.track.count() + " " + b.doing + b.track.left()
	b.drawn.Describe(cut(visible.Line(line), width(b.out)-soleBarWidth-len("  100% ||  ")))
	// One short of the end: the library takes a bar at its end for finished.
	_ = b.drawn.Set64(min(b.track.finished(), b.drawn.GetMax64()-1))
}

// Close removes the bar.
func (b *bar) Close() error {
	b.closed = true
	b.draw("")
	return nil
}
