package console

import (
	"fmt"
	"strings"
	"time"

	"backfire/experiments/worker"
	"backfire/internal/words"
)

// tracker adds up what is done of a run, in images through the training step.
type tracker struct {
	now          func() time.Time
	begin        time.Time        // when the first training began
	cells, ended int              // of the plan
	cost, total  int64            // of one cell to train on average, of all of them
	done         map[string]int64 // by cell: images trained
	resumed      map[string]int64 // by cell: of them, by the run before
	elsewhere    int64            // images of cells that ended without being trained here, or before all epochs
	epochs       map[string]int   // by cell: to be trained at most
}

func newTracker(now func() time.Time) *tracker {
	return &tracker{now: now, done: map[string]int64{}, resumed: map[string]int64{}, epochs: map[string]int{}}
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
		t.epochs[e.Cell] = e.Epochs
	case worker.KindProgress:
		t.done[e.Cell] = int64(e.Epoch-1)*int64(e.Images) + int64(e.Done)
	case worker.KindEpoch:
		t.done[e.Cell] = int64(e.Epoch) * int64(e.Images)
		if e.Epoch == e.Epochs && e.Epochs < t.epochs[e.Cell] { // the training ended early
			t.elsewhere += int64(t.epochs[e.Cell]-e.Epochs) * int64(e.Images)
		}
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

// total returns the images of all cells together.
func total(images map[string]int64) int64 {
	var sum int64
	for _, n := range images {
		sum += n
	}
	return sum
}

// finished returns the images of the total that need no more work.
func (t *tracker) finished() int64 { return min(t.total, total(t.done)+t.elsewhere) }

// rate returns the images per second that this run has put through since its first
// training began, 0 before that.
func (t *tracker) rate() float64 {
	elapsed := t.now().Sub(t.begin).Seconds()
	if t.begin.IsZero() || elapsed <= 0 {
		return 0
	}
	return float64(total(t.done)-total(t.resumed)) / elapsed
}

// left returns how long the rest takes at the measured rate, as text that follows a
// sentence. It is empty while the rate is not known and when nothing is left.
func (t *tracker) left() string {
	rest, rate := t.total-t.finished(), t.rate()
	if rate <= 0 || t.ended == t.cells {
		return ""
	}
	if d := words.Seconds(float64(rest) / rate); d >= time.Second {
		return fmt.Sprintf("; about %s left", words.Duration(d))
	}
	return ""
}

// count returns the number of cells that have ended, as "[3/8]".
func (t *tracker) count() string {
	total := fmt.Sprint(t.cells)
	ended := fmt.Sprint(t.ended)
	return "[" + strings.Repeat(" ", max(0, len(total)-len(ended))) + ended + "/" + total + "]"
}
