package console

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"backfire/experiments/worker"
	"backfire/internal/visible"
	"backfire/internal/words"
)

const (
	paintEvery   = 100 * time.Millisecond
	defaultWidth = 80 // of a terminal that does not say
	barWidth     = 24
)

// screen shows a run with several workers on a terminal: messages scroll by, and below
// them stand a line for every worker, its learning curves if they are asked for, and a bar
// for the whole run.
type screen struct {
	out     io.Writer
	now     func() time.Time
	track   *tracker
	workers map[int]string // worker -> its line
	bar     *progressbar.ProgressBar
	curves  curves // nil: not shown
	painted int    // lines that stand on the terminal now
	last    time.Time
}

func newScreen(out io.Writer, now func() time.Time, watch bool) *screen {
	s := &screen{out: out, now: now, track: newTracker(now), workers: map[int]string{}}
	if watch {
		s.curves = curves{}
	}
	return s
}

// Observe repaints the lines below, at most every paintEvery unless the event has a
// message.
func (s *screen) Observe(e worker.Event) {
	s.track.observe(e)
	if s.curves != nil {
		s.curves.observe(e)
	}
	if e.Kind == worker.KindPlan && e.TotalImages > 0 {
		s.bar = progressbar.NewOptions64(e.TotalImages, progressbar.OptionSetWriter(io.Discard), // painted below
			progressbar.OptionSetWidth(barWidth), progressbar.OptionSetPredictTime(false), progressbar.OptionSetRenderBlankState(true))
	}
	switch e.Kind {
	case worker.KindRevised:
		if s.bar != nil {
			s.bar.ChangeMax64(e.TotalImages)
		}
	case worker.KindStarted, worker.KindResumed, worker.KindPhase, worker.KindProgress, worker.KindEpoch:
		s.workers[e.Worker] = fmt.Sprintf("  %d  %s: %s", e.Worker, e.Title, workerState(e))
	case worker.KindDone, worker.KindRetry, worker.KindFailed:
		delete(s.workers, e.Worker)
	}
	text := notice(e)
	if text == "" && s.now().Sub(s.last) < paintEvery {
		return
	}
	s.last = s.now()
	s.paint(text)
}

// workerState returns what a worker does with its cell.
func workerState(e worker.Event) string {
	switch e.Kind {
	case worker.KindProgress:
		return fmt.Sprintf("epoch %d of %d, %d %%", e.Epoch, e.Epochs, 100*e.Done/max(1, e.Images))
	case worker.KindResumed:
		return fmt.Sprintf("epoch %d of %d", e.Epoch, e.Epochs)
	case worker.KindEpoch:
		return fmt.Sprintf("epoch %d of %d, loss %.3f", e.Epoch, e.Epochs, e.Metrics.Loss)
	case worker.KindPhase:
		return string(e.Phase)
	default:
		return words.Plural(e.Images, "image") + ", " + words.Plural(e.Epochs, "epoch")
	}
}

// paint replaces the lines below by a message, which stays, and the present state.
func (s *screen) paint(text string) {
	var frame strings.Builder
	if s.painted > 0 {
		fmt.Fprintf(&frame, "\x1b[%dA", s.painted) // up to the first line
	}
	frame.WriteString("\r\x1b[J") // and clear from there on
	if text != "" {
		frame.WriteString(visible.Line(text) + "\n")
	}
	lines := s.state()
	for _, line := range lines {
		frame.WriteString(cut(line, width(s.out)-1) + "\n")
	}
	s.painted = len(lines)
	_, _ = io.WriteString(s.out, frame.String())
}

// state returns the lines below.
func (s *screen) state() []string {
	var lines []string
	for _, worker := range slices.Sorted(maps.Keys(s.workers)) {
		lines = append(lines, visible.Line(s.workers[worker]))
		for _, curve := range []string{s.curves.line(worker), s.curves.scores(worker)} {
			if curve != "" {
				lines = append(lines, curve)
			}
		}
	}
	if s.bar == nil {
		return lines
	}
	if err := s.bar.Set64(s.track.finished()); err != nil {
		return lines
	}
	line := s.track.count() + " " + strings.Trim(s.bar.String(), "\r\n ")
	if rate := s.track.rate(); rate > 0 {
		line += fmt.Sprintf(" %.0f images/s", rate)
	}
	return append(lines, line+s.track.left())
}

// Close removes the lines below.
func (s *screen) Close() error {
	s.workers, s.bar = map[int]string{}, nil
	s.paint("")
	return nil
}

// width returns the number of characters that fit in a line of the terminal.
func width(out io.Writer) int {
	file, ok := out.(interface{ Fd() uintptr })
	if !ok {
		return defaultWidth
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil || columns < 1 {
		return defaultWidth
	}
	return columns
}

// cut shortens a line to a width, since a line that the terminal wraps would not be cleared.
func cut(line string, width int) string {
	if utf8.RuneCountInString(line) <= width {
		return line
	}
	return string([]rune(line)[:max(0, width)])
}
