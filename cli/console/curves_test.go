package console

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/experiments/worker"
)

func TestSparkline(t *testing.T) {
	require.Equal(t, "█▅▁", sparkline([]float64{2, 1, 0}, 2))
	require.Equal(t, "▁", sparkline([]float64{-1}, 1))
	require.Equal(t, " █", sparkline([]float64{math.NaN(), 1}, 1))
	require.Equal(t, " ", sparkline([]float64{0}, 0), "nothing to compare with")
	long := make([]float64, 10*curveWidth)
	for i := range long {
		long[i] = float64(i) / float64(len(long))
	}
	drawn := []rune(sparkline(long, 1))
	require.Len(t, drawn, curveWidth)
	require.IsNonDecreasing(t, drawn)
}

// epochs are events of a model whose loss falls.
func epochs(w int, losses ...float64) []worker.Event {
	events := []worker.Event{{Kind: worker.KindStarted, Worker: w, Title: "N = 2", Images: 10, Epochs: len(losses)}}
	for i, loss := range losses {
		events = append(events, worker.Event{
			Kind: worker.KindEpoch, Worker: w, Title: "N = 2", Epoch: i + 1, Epochs: len(losses),
			Metrics: &store.EpochMetrics{Epoch: i + 1, Loss: loss, TrainAccuracy: 1 - loss/2},
		})
	}
	return events
}

func TestScreenWithCurves(t *testing.T) {
	var out bytes.Buffer
	clock := newClock()
	display := newScreen(&out, clock.now, true)
	for _, e := range epochs(1, 2, 1, 0.5) {
		clock.time = clock.time.Add(time.Second)
		display.Observe(e)
	}
	shown := terminalLines(out.String())
	require.Equal(t, []string{
		"  1  N = 2: epoch 3 of 3, loss 0.500",
		"     loss 2.000 █▅▃ 0.500   train acc. 0 % ▁▅▇ 75 %",
		"",
	}, shown)
	display.Observe(worker.Event{Kind: worker.KindFailed, Worker: 1, Title: "N = 2", Error: "oh"})
	require.Equal(t, []string{"N = 2 FAILED: oh", ""}, terminalLines(out.String()))
}

func TestWatchingWithoutATerminal(t *testing.T) {
	var errOut bytes.Buffer
	display := New(Options{ErrOut: &errOut, Watch: true})
	for _, e := range epochs(1, 2, 1) {
		display.Observe(e)
	}
	require.Contains(t, errOut.String(), "N = 2: epoch 1 of 2, loss 2.000, train acc. 0 %")
	require.Contains(t, errOut.String(), "N = 2: epoch 2 of 2, loss 1.000, train acc. 50 %")
}
