package console

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/stats"
)

// clock is a time that tests move.
type clock struct{ time time.Time }

func newClock() *clock { return &clock{time.Unix(0, 0)} }

func (c *clock) now() time.Time { return c.time }

// aRun are the events of a run of three cells, of which one is stored and one
// fails, with the seconds that pass before each.
func aRun() (events []worker.Event, pauses []int) {
	add := func(seconds int, e worker.Event) {
		events, pauses = append(events, e), append(pauses, seconds)
	}
	metrics := &store.EpochMetrics{Loss: 0.5}
	add(0, worker.Event{Kind: worker.KindPlan, Cells: 3, Stored: 1, Workers: 2, TotalImages: 4000})
	add(1, worker.Event{Kind: worker.KindStarted, Cell: "a", Title: "N = 2", Worker: 1, Images: 1000, Epochs: 2})
	add(0, worker.Event{Kind: worker.KindPhase, Cell: "a", Title: "N = 2", Worker: 1, Phase: cell.PhaseTrain})
	add(5, worker.Event{Kind: worker.KindProgress, Cell: "a", Title: "N = 2", Worker: 1, Epoch: 1, Epochs: 2, Images: 1000, Done: 500})
	add(5, worker.Event{Kind: worker.KindEpoch, Cell: "a", Title: "N = 2", Worker: 1, Epoch: 1, Epochs: 2, Images: 1000, Metrics: metrics})
	add(70, worker.Event{Kind: worker.KindEpoch, Cell: "a", Title: "N = 2", Worker: 1, Epoch: 2, Epochs: 2, Images: 1000, Metrics: metrics})
	add(0, worker.Event{Kind: worker.KindDone, Cell: "a", Title: "N = 2", Worker: 1, Headline: &worker.Headline{
		CleanAccuracy: 0.75, CleanImages: 400, ASR: stats.Undefined(), Seconds: 80, ImagesPerSecond: 25,
	}})
	add(1, worker.Event{Kind: worker.KindRetry, Cell: "b", Title: "N = 5", Worker: 2, Error: "it died"})
	add(1, worker.Event{Kind: worker.KindFailed, Cell: "b", Title: "N = 5", Worker: 2, Error: "it died again"})
	return events, pauses
}

func TestLineProgress(t *testing.T) {
	var out bytes.Buffer
	clock := newClock()
	lines := newTextLines(&out, lineEvery, clock.now)
	events, pauses := aRun()
	for i, e := range events {
		clock.time = clock.time.Add(time.Duration(pauses[i]) * time.Second)
		lines.Observe(e)
	}
	require.NoError(t, lines.Close())
	require.Equal(t, `3 models, 1 of them stored already; 2 trainings at a time
[1/3] worker 1: N = 2: 1000 images, 2 epochs
[1/3] worker 1: N = 2: epoch 2 of 2, loss 0.500, train acc. 0.0 %; about 1 min 20 s left
[2/3] N = 2: standard accuracy 75 %, ASR none; 1 min 20 s, 25 images/s; about 1 min 20 s left
[2/3] N = 5 failed and will be retried: it died
[3/3] N = 5 FAILED: it died again
`, out.String())
}

// Where there are fewer models than cores, threads are left to the user: they change
// the bits.
func TestIdleCoresAreToldOf(t *testing.T) {
	for idle, says := range map[int]string{
		0: "5 models; 3 trainings at a time",
		2: "5 models; 3 trainings at a time",
		7: "5 models; 3 trainings at a time, 7 cores idle: more threads for each (--set threads=3) may be faster, and give other last bits",
	} {
		require.Equal(t, says, notice(worker.Event{Kind: worker.KindPlan, Cells: 5, Workers: 3, IdleCores: idle}))
	}
}

// terminalLines returns the lines that a terminal shows of a text with the escape
// sequences that the displays use.
func terminalLines(text string) []string {
	lines, row, returned := []string{""}, 0, false // the cursor is back at the line's begin
	for len(text) > 0 {
		switch {
		case strings.HasPrefix(text, "\x1b["):
			end := strings.IndexAny(text, "AJK")
			switch text[end] {
			case 'J':
				lines = append(lines[:row], "")
			case 'K':
				if text[2:end] == "2" { // all of the line; 0: what stands to the right
					lines[row] = ""
				}
			default:
				up, _ := strconv.Atoi(text[2:end])
				row -= up
			}
			text = text[end+1:]
			continue
		case text[0] == '\n':
			row, returned = row+1, false
			if row == len(lines) {
				lines = append(lines, "")
			}
		case text[0] == '\r':
			returned = true
		default:
			if returned {
				lines[row], returned = "", false
			}
			lines[row] += text[:1]
		}
		text = text[1:]
	}
	return lines
}

func TestScreen(t *testing.T) {
	var out bytes.Buffer
	clock := newClock()
	screen := newScreen(&out, clock.now, false)
	events, pauses := aRun()
	observe := func(from, to int) {
		for i := from; i < to; i++ {
			clock.time = clock.time.Add(time.Duration(pauses[i])*time.Second + paintEvery)
			screen.Observe(events[i])
		}
	}
	observe(0, 4)
	shown := terminalLines(out.String())
	require.Equal(t, "3 models, 1 of them stored already; 2 trainings at a time", shown[0])
	require.Equal(t, "  1  N = 2: epoch 1 of 2, 50 %", shown[1])
	require.Contains(t, shown[2], "[1/3] 12% |")
	require.Contains(t, shown[2], "left")
	require.Equal(t, "", shown[3])
	require.Len(t, shown, 4)

	observe(4, len(events))
	shown = terminalLines(out.String())
	require.Equal(t, "N = 2: standard accuracy 75 %, ASR none; 1 min 20 s, 25 images/s", shown[1])
	require.Equal(t, "N = 5 FAILED: it died again", shown[3])
	require.Contains(t, shown[4], "[3/3] 100% |")

	require.NoError(t, screen.Close())
	shown = terminalLines(out.String())
	require.Len(t, shown, 5, "only what happened stays: %q", shown)
	require.Equal(t, "", shown[4])
}

func TestScreenCutsLinesThatWouldWrap(t *testing.T) {
	var out bytes.Buffer
	screen := newScreen(&out, newClock().now, false)
	screen.Observe(worker.Event{Kind: worker.KindStarted, Worker: 1, Title: strings.Repeat("ä", 200)})
	for _, line := range terminalLines(out.String()) {
		require.LessOrEqual(t, len([]rune(line)), defaultWidth-1)
	}
}

// fullDisk is a writer on a disk without space.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestJSONLinesReportWhatCannotBeWritten(t *testing.T) {
	display := New(Options{Out: fullDisk{}, JSON: true})
	display.Observe(worker.Event{Kind: worker.KindPlan})
	require.ErrorContains(t, display.Close(), "no space left")
}

func TestNewFitsTheOptions(t *testing.T) {
	var out bytes.Buffer
	require.IsType(t, &textLines{}, New(Options{ErrOut: &out}))
	require.IsType(t, &jsonLines{}, New(Options{Out: &out, ErrOut: &out, Terminal: true, JSON: true}))
	for name, tc := range map[string]struct {
		workers int
		watch   bool
		want    Display
	}{
		"one worker":             {1, false, &bar{}},
		"one worker with curves": {1, true, &screen{}},
		"two workers":            {2, false, &screen{}},
	} {
		display := New(Options{ErrOut: &out, Terminal: true, Watch: tc.watch}).(*terminal)
		display.Observe(worker.Event{Kind: worker.KindPlan, Workers: tc.workers})
		require.IsType(t, tc.want, display.shown, name)
	}
}

// A run with one worker has one bar, which the progress library draws.
func TestBar(t *testing.T) {
	var out bytes.Buffer
	clock := newClock()
	display := newBar(&out, clock.now)
	events, pauses := aRun()
	observe := func(from, to int) []string {
		for i := from; i < to; i++ {
			clock.time = clock.time.Add(time.Duration(pauses[i])*time.Second + paintEvery)
			display.Observe(events[i])
		}
		return terminalLines(out.String())
	}
	shown := observe(0, 4)
	require.Equal(t, "3 models, 1 of them stored already; 2 trainings at a time", shown[0])
	require.Contains(t, shown[1], "[1/3] N = 2: epoch 1 of 2, 50 %; about")
	require.Contains(t, shown[1], "12% |")
	require.Len(t, shown, 2)
	require.LessOrEqual(t, len([]rune(shown[1])), defaultWidth)
	shown = observe(4, len(events))
	require.Equal(t, "N = 5 FAILED: it died again", shown[3])
	require.NoError(t, display.Close())
	require.Empty(t, terminalLines(out.String())[4], "only messages stay")
}

func TestNoticeOfEveryKindThatStays(t *testing.T) {
	for kind, words := range map[worker.Kind]string{
		worker.KindBroken:  "set aside in there",
		worker.KindWaiting: "another process",
		worker.KindStored:  "stored by another process",
	} {
		text := notice(worker.Event{Kind: kind, Title: "N = 2", Error: "damaged", Path: "there"})
		require.Contains(t, text, "N = 2")
		require.Contains(t, text, words)
	}
	require.Empty(t, notice(worker.Event{Kind: worker.KindPhase}))
}

// Whatever happens, and in whatever order, what is finished lies between
// nothing and all, and all is finished at the end.
func TestTrackerStaysWithinItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cells := rapid.IntRange(1, 6).Draw(t, "cells")
		clock := newClock()
		track := newTracker(clock.now)
		track.observe(worker.Event{Kind: worker.KindPlan, Cells: cells, TotalImages: int64(cells) * 200})
		check := func() {
			require.GreaterOrEqual(t, track.finished(), int64(0))
			require.LessOrEqual(t, track.finished(), int64(cells)*200)
			require.GreaterOrEqual(t, track.rate(), 0.0)
		}
		for i := range cells {
			cell := fmt.Sprint(i)
			for range rapid.IntRange(0, 4).Draw(t, "steps") {
				clock.time = clock.time.Add(time.Second)
				track.observe(rapid.SampledFrom([]worker.Event{
					{Kind: worker.KindStarted, Cell: cell},
					{Kind: worker.KindProgress, Cell: cell, Epoch: 2, Images: 100, Done: 30},
					{Kind: worker.KindEpoch, Cell: cell, Epoch: 1, Images: 100},
					{Kind: worker.KindRetry, Cell: cell},
				}).Draw(t, "event"))
				check()
			}
			end := rapid.SampledFrom([]worker.Kind{worker.KindFailed, worker.KindStored, worker.KindDone}).Draw(t, "end")
			if end == worker.KindDone {
				track.observe(worker.Event{Kind: worker.KindEpoch, Cell: cell, Epoch: 2, Images: 100})
			}
			track.observe(worker.Event{Kind: end, Cell: cell})
			check()
		}
		require.Equal(t, int64(cells)*200, track.finished())
		require.Empty(t, track.left())
		require.Equal(t, fmt.Sprintf("[%d/%d]", cells, cells), track.count())
	})
}

// A trigger that is drawn again makes the run longer.
func TestRevisedRuns(t *testing.T) {
	var lines, screenOut bytes.Buffer
	clock := newClock()
	displays := []Display{
		newTextLines(&lines, lineEvery, clock.now), newScreen(&screenOut, clock.now, false),
	}
	for _, e := range []worker.Event{
		{Kind: worker.KindPlan, Cells: 2, Workers: 1, TotalImages: 2000},
		{Kind: worker.KindStarted, Cell: "a", Title: "attacker 0 alone", Worker: 1, Images: 500, Epochs: 2},
		{Kind: worker.KindEpoch, Cell: "a", Worker: 1, Epoch: 2, Epochs: 2, Images: 500, Metrics: &store.EpochMetrics{}},
		{Kind: worker.KindDone, Cell: "a", Title: "attacker 0 alone", Worker: 1, Headline: &worker.Headline{}},
		{Kind: worker.KindRevised, Cells: 3, TotalImages: 3000},
	} {
		clock.time = clock.time.Add(10 * time.Second)
		for _, display := range displays {
			display.Observe(e)
		}
	}
	const notice = "3 models now: a trigger that does not work alone is redrawn"
	require.Contains(t, lines.String(), "\n[1/3] "+notice+"\n")
	shown := strings.Join(terminalLines(screenOut.String()), "\n")
	require.Contains(t, shown, notice)
	require.Contains(t, shown, "[1/3] 33% ")
	require.Contains(t, shown, "about 1 min 0 s left", "2000 images at 1000 in 30 seconds")
}

// The epochs that a training is spared count as done.
func TestTrainingsThatEndEarly(t *testing.T) {
	clock := newClock()
	track := newTracker(clock.now)
	for _, e := range []worker.Event{
		{Kind: worker.KindPlan, Cells: 2, TotalImages: 2000},
		{Kind: worker.KindStarted, Cell: "a", Images: 100, Epochs: 10},
		{Kind: worker.KindEpoch, Cell: "a", Epoch: 1, Epochs: 10, Images: 100, Metrics: &store.EpochMetrics{}},
		{Kind: worker.KindEpoch, Cell: "a", Epoch: 2, Epochs: 2, Images: 100, Metrics: &store.EpochMetrics{}},
		{Kind: worker.KindDone, Cell: "a", Headline: &worker.Headline{}},
	} {
		track.observe(e)
	}
	require.Equal(t, int64(1000), track.finished())
	clock.time = clock.time.Add(10 * time.Second)
	require.InDelta(t, 20, track.rate(), 1e-9)
	require.Equal(t, "; about 50 s left", track.left())
}

// What a checkpoint already held counts as done, not as the speed of this run.
func TestResumedTrainings(t *testing.T) {
	clock := newClock()
	track := newTracker(clock.now)
	for _, e := range []worker.Event{
		{Kind: worker.KindPlan, Cells: 1, TotalImages: 1000},
		{Kind: worker.KindStarted, Cell: "a", Images: 100, Epochs: 10},
		{Kind: worker.KindResumed, Cell: "a", Epoch: 6, Epochs: 10, Images: 100},
		{Kind: worker.KindEpoch, Cell: "a", Epoch: 7, Epochs: 10, Images: 100, Metrics: &store.EpochMetrics{}},
	} {
		track.observe(e)
		clock.time = clock.time.Add(5 * time.Second)
	}
	require.Equal(t, int64(700), track.finished())
	require.InDelta(t, 100.0/15, track.rate(), 1e-9) // one division
	require.Equal(t, "; about 45 s left", track.left())
	require.Equal(t, "N = 2: it is slow", notice(worker.Event{Kind: worker.KindNotice, Title: "N = 2", Text: "it is slow"}))
	require.Equal(t, "N = 2 resumes after epoch 6 of 10", notice(worker.Event{Kind: worker.KindResumed, Title: "N = 2", Epoch: 6, Epochs: 10}))
	require.Contains(t, notice(worker.Event{Kind: worker.KindDiscarded, Title: "N = 2", Error: "it is torn"}), "starts over, its checkpoint cannot be used: it is torn")
}
