package console

import (
	"fmt"
	"math"

	"backfire/experiments/curve"
	"backfire/experiments/store"
	"backfire/experiments/worker"
)

// curveWidth is the largest number of characters of a curve.
const curveWidth = 24

// curves holds the epochs of the models in training, by worker.
type curves map[int][]store.EpochMetrics

// observe takes in an event.
func (c curves) observe(e worker.Event) {
	switch e.Kind {
	case worker.KindEpoch:
		c[e.Worker] = append(c[e.Worker], *e.Metrics)
	case worker.KindStarted, worker.KindDone, worker.KindRetry, worker.KindFailed:
		delete(c, e.Worker)
	}
}

// line returns the loss and the training accuracy of a worker's model so far; empty
// before the first epoch.
func (c curves) line(worker int) string {
	epochs := c[worker]
	if len(epochs) == 0 {
		return ""
	}
	var loss, accuracy []float64
	for _, e := range epochs {
		loss, accuracy = append(loss, e.Loss), append(accuracy, e.TrainAccuracy)
	}
	first, last := epochs[0], epochs[len(epochs)-1]
	return fmt.Sprintf("     loss %.3f %s %.3f   train acc. %.0f %% %s %.0f %%",
		first.Loss, sparkline(loss, maxOf(loss)), last.Loss, 100*first.TrainAccuracy, sparkline(accuracy, 1), 100*last.TrainAccuracy)
}

// scores returns the standard accuracy and the mean ASR of a worker's model at the epochs
// of its learning curve so far; empty before the first.
func (c curves) scores(worker int) string {
	var accuracy, asr []float64
	for _, e := range c[worker] {
		if e.Scores != nil {
			accuracy, asr = append(accuracy, e.Scores.CleanAccuracy.Value()), append(asr, float64(e.Scores.ASRs().Mean))
		}
	}
	if len(accuracy) == 0 {
		return ""
	}
	last := len(accuracy) - 1
	return fmt.Sprintf("     standard acc. %s %s %s   ASR %s %s %s",
		share(accuracy[0]), sparkline(accuracy, 1), share(accuracy[last]), share(asr[0]), sparkline(asr, 1), share(asr[last]))
}

// share returns a share in percent; a dash if it is undefined.
func share(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", 100*v)
}

// scoresText returns the scores of an epoch as text that follows others; empty without
// scores.
func scoresText(s *curve.Scores) string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf(", standard acc. %s, ASR %s", share(s.CleanAccuracy.Value()), share(float64(s.ASRs().Mean)))
}

// sparkline draws values from 0 to top as columns of eight heights. More values than
// columns are drawn as means of neighbours, NaN as a blank.
func sparkline(values []float64, top float64) string {
	columns := min(len(values), curveWidth)
	heights := []rune("▁▂▃▄▅▆▇█")
	line := make([]rune, columns)
	for i := range line {
		begin, end := i*len(values)/columns, (i+1)*len(values)/columns
		sum := 0.0
		for _, v := range values[begin:end] {
			sum += v
		}
		level := sum / float64(end-begin) / top * float64(len(heights))
		if math.IsNaN(level) {
			line[i] = ' '
			continue
		}
		line[i] = heights[min(len(heights)-1, max(0, int(level)))]
	}
	return string(line)
}

// maxOf returns the largest value, 0 if there is none.
func maxOf(values []float64) float64 {
	largest := 0.0
	for _, v := range values {
		largest = max(largest, v)
	}
	return largest
}
