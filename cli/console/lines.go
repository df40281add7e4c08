package console

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"backfire/experiments/worker"
	"backfire/internal/visible"
	"backfire/internal/words"
	"backfire/stats"
)

// jsonLines writes every event as a line of JSON.
type jsonLines struct {
	encoder *json.Encoder
	err     error
}

// Observe writes the event, unless writing failed before.
func (p *jsonLines) Observe(e worker.Event) {
	if p.err == nil {
		p.err = p.encoder.Encode(e)
	}
}

// Close returns the first error of writing.
func (p *jsonLines) Close() error {
	if p.err != nil {
		return fmt.Errorf("write events: %w", p.err)
	}
	return nil
}

// lineEvery is the longest time without a line where curves are not asked for.
const lineEvery = time.Minute

// textLines writes a line for the start and the end of every cell, and one in between
// from time to time.
type textLines struct {
	out   io.Writer
	now   func() time.Time
	track *tracker
	every time.Duration // the longest time without a line while training lasts; 0: a line for every epoch
	last  time.Time
}

func newTextLines(out io.Writer, every time.Duration, now func() time.Time) *textLines {
	return &textLines{out: out, now: now, track: newTracker(now), every: every}
}

// Observe writes the event's line, if it has one.
func (p *textLines) Observe(e worker.Event) {
	p.track.observe(e)
	text := notice(e)
	switch {
	case e.Kind == worker.KindStarted:
		text = fmt.Sprintf("worker %d: %s: %s, %s", e.Worker, e.Title, words.Plural(e.Images, "image"), words.Plural(e.Epochs, "epoch"))
	case e.Kind == worker.KindEpoch && p.now().Sub(p.last) >= p.every:
		text = fmt.Sprintf("worker %d: %s: epoch %d of %d, loss %.3f, train acc. %s %%%s%s", e.Worker, e.Title, e.Epoch, e.Epochs, e.Metrics.Loss,
			stats.Percent(stats.Number(e.Metrics.TrainAccuracy), e.Images), scoresText(e.Metrics.Scores), p.track.left())
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
	_, _ = fmt.Fprintln(p.out, visible.Line(text))
}

// Close does nothing.
func (p *textLines) Close() error { return nil }
