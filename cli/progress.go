package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"backfire/experiments/worker"
)

// progress shows a run to whoever watches it.
type progress interface {
	worker.Observer
	// close ends the display. The error says that it could not be written where
	// that matters.
	close() error
}

// newProgress returns the display that fits: JSON events on Out if a program
// asked for them, otherwise bars on ErrOut if it is a terminal and lines if it
// is not; watch: with the curves of the models in training, or a line for every
// epoch.
func newProgress(streams *IOStreams, asJSON, watch bool) progress {
	switch {
	case asJSON:
		return &jsonProgress{encoder: json.NewEncoder(streams.Out)}
	case streams.ErrIsTerminal:
		display := newScreen(streams.ErrOut, time.Now)
		if watch {
			display.curves = curves{}
		}
		return display
	default:
		display := &lineProgress{out: streams.ErrOut, now: time.Now, track: newTracker(time.Now), every: lineEvery}
		if watch {
			display.every = 0
		}
		return display
	}
}

// jsonProgress writes every event as a line of JSON.
type jsonProgress struct {
	encoder *json.Encoder
	err     error
}

func (p *jsonProgress) Observe(e worker.Event) {
	if p.err == nil {
		p.err = p.encoder.Encode(e)
	}
}

func (p *jsonProgress) close() error {
	if p.err != nil {
		return fmt.Errorf("write events: %w", p.err)
	}
	return nil
}

// lineEvery is lineProgress.every where curves are not asked for.
const lineEvery = time.Minute

// lineProgress writes a line for the start and the end of every cell, and now
// and then one in between.
type lineProgress struct {
	out   io.Writer
	now   func() time.Time
	track *tracker
	every time.Duration // the longest time without a line while training goes on; 0: a line for every epoch
	last  time.Time
}

func (p *lineProgress) Observe(e worker.Event) {
	p.track.observe(e)
	text := notice(e)
	switch {
	case e.Kind == worker.KindStarted:
		text = fmt.Sprintf("worker %d: %s: %s, %s", e.Worker, e.Title, plural(e.Images, "image"), plural(e.Epochs, "epoch"))
	case e.Kind == worker.KindEpoch && p.now().Sub(p.last) >= p.every:
		text = fmt.Sprintf("worker %d: %s: epoch %d of %d, loss %.3f, train acc. %.1f %%%s", e.Worker, e.Title, e.Epoch, e.Epochs, e.Metrics.Loss,
			100*e.Metrics.TrainAccuracy, p.track.left())
	case e.Kind == worker.KindDone:
		text += p.track.left()
	}
	if text == "" {
		return
	}
	p.last = p.now()
	if e.Kind != worker.KindPlan {
		text = p.track.count() + " " + text
	}
	_, _ = fmt.Fprintln(p.out, text)
}

func (p *lineProgress) close() error { return nil }

// notice is what a person should be told of an event for good; empty for the
// small steps.
func notice(e worker.Event) string {
	switch e.Kind {
	case worker.KindPlan:
		text := plural(e.Cells, "model")
		if e.Stored > 0 {
			text += fmt.Sprintf(", %d of them stored already", e.Stored)
		}
		if e.Stored < e.Cells {
			text += fmt.Sprintf("; %s at a time", plural(e.Workers, "training"))
			if e.IdleCores >= e.Workers {
				text += fmt.Sprintf(", %s idle: more threads for each (--set threads=%d) may be faster, and give other last bits",
					plural(e.IdleCores, "core"), 1+e.IdleCores/e.Workers)
			}
		}
		return text
	case worker.KindRevised:
		return fmt.Sprintf("%s now: a trigger that does not work alone is drawn again", plural(e.Cells, "model"))
	case worker.KindDone:
		h := e.Headline
		return fmt.Sprintf("%s: standard accuracy %.1f %%, ASR %s; %s, %.0f images/s", e.Title,
			100*float64(h.CleanAccuracy), orNone(float64(h.ASR), h.ASR.Defined()), duration(seconds(h.Seconds)), h.ImagesPerSecond)
	case worker.KindResumed:
		return fmt.Sprintf("%s goes on after epoch %d of %d", e.Title, e.Epoch, e.Epochs)
	case worker.KindDiscarded:
		return fmt.Sprintf("%s starts over, its checkpoint cannot be used: %s", e.Title, e.Error)
	case worker.KindNotice:
		return fmt.Sprintf("%s: %s", e.Title, e.Text)
	case worker.KindRetry:
		return fmt.Sprintf("%s failed and will be tried again: %s", e.Title, e.Error)
	case worker.KindFailed:
		return fmt.Sprintf("%s FAILED: %s", e.Title, e.Error)
	case worker.KindBroken:
		return fmt.Sprintf("%s is trained again: %s; set aside in %s", e.Title, e.Error, e.Path)
	case worker.KindLacking:
		return fmt.Sprintf("%s is trained again: %s", e.Title, e.Error)
	case worker.KindWaiting:
		return fmt.Sprintf("%s is being trained by another process", e.Title)
	case worker.KindStored:
		return fmt.Sprintf("%s was stored by another process", e.Title)
	}
	return ""
}

// orNone is a share in percent, or "none".
func orNone(share float64, defined bool) string {
	if !defined {
		return "none"
	}
	return fmt.Sprintf("%.1f %%", 100*share)
}

func plural(n int, word string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, word)
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// duration writes a length of time in one or two units: "42 s", "3 min 20 s",
// "2 h 5 min".
func duration(d time.Duration) string {
	units := []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}}
	d = d.Round(time.Second)
	for i, u := range units[:len(units)-1] {
		if d < u.length {
			continue
		}
		smaller := units[i+1]
		return fmt.Sprintf("%d %s %d %s", d/u.length, u.name, d%u.length/smaller.length, smaller.name)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}

// tracker adds up what is done of a run, in images through the training step.
type tracker struct {
	now          func() time.Time
	begin        time.Time        // when the first training began
	cells, ended int              // of the plan
	cost, total  int64            // of one cell to train on average, of all of them
	done         map[string]int64 // by cell: images trained
	resumed      map[string]int64 // by cell: of them, by the run before
	elsewhere    int64            // images of cells that ended without being trained here
}

func newTracker(now func() time.Time) *tracker {
	return &tracker{now: now, done: map[string]int64{}, resumed: map[string]int64{}}
}

func (t *tracker) observe(e worker.Event) {
	switch e.Kind {
	case worker.KindPlan:
		t.cells, t.ended, t.total = e.Cells, e.Stored, e.TotalImages
		t.cost = e.TotalImages / int64(max(1, e.Cells-e.Stored))
	case worker.KindRevised:
		t.cells, t.total = e.Cells, e.TotalImages
	case worker.KindStarted:
		if t.begin.IsZero() {
			t.begin = t.now()
		}
	case worker.KindProgress:
		t.done[e.Cell] = int64(e.Epoch-1)*int64(e.Images) + int64(e.Done)
	case worker.KindEpoch:
		t.done[e.Cell] = int64(e.Epoch) * int64(e.Images)
	case worker.KindResumed:
		t.done[e.Cell] = int64(e.Epoch) * int64(e.Images)
		t.resumed[e.Cell] = t.done[e.Cell]
	case worker.KindRetry:
		t.done[e.Cell], t.resumed[e.Cell] = 0, 0
	case worker.KindFailed, worker.KindStored:
		t.ended++
		t.elsewhere += t.cost - t.done[e.Cell]
	case worker.KindDone:
		t.ended++
	}
}

// total adds up images over the cells.
func total(images map[string]int64) int64 {
	var sum int64
	for _, n := range images {
		sum += n
	}
	return sum
}

// finished is how much of the total needs no more work.
func (t *tracker) finished() int64 { return min(t.total, total(t.done)+t.elsewhere) }

// rate is in images per second that this run has put through since its first
// training began.
func (t *tracker) rate() float64 {
	elapsed := t.now().Sub(t.begin).Seconds()
	if t.begin.IsZero() || elapsed <= 0 {
		return 0
	}
	return float64(total(t.done)-total(t.resumed)) / elapsed
}

// left says how long the rest takes at the measured rate; empty while that is
// not known or when nothing is left.
func (t *tracker) left() string {
	rest, rate := t.total-t.finished(), t.rate()
	if rate <= 0 || t.ended == t.cells {
		return ""
	}
	if d := seconds(float64(rest) / rate); d >= time.Second {
		return fmt.Sprintf("; about %s left", duration(d))
	}
	return ""
}

// count is how many cells of the plan have come to their end, as "[3/8]".
func (t *tracker) count() string {
	total := fmt.Sprint(t.cells)
	ended := fmt.Sprint(t.ended)
	return "[" + strings.Repeat(" ", max(0, len(total)-len(ended))) + ended + "/" + total + "]"
}
