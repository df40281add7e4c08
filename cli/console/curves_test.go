package console

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/curve"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/game"
	"backfire/stats"
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

// scored are the events of epochs, with scores after every second epoch.
func scored(w int, losses ...float64) []worker.Event {
	events := epochs(w, losses...)
	for i := 2; i < len(events); i += 2 {
		events[i].Metrics.Scores = &curve.Scores{
			CleanAccuracy: game.Rate{Hits: 10 * i, Of: 50},
			Attackers: []curve.Attacker{
				{ID: 0, ASR: game.Rate{Hits: i, Of: 10}, BaseRate: game.Rate{Of: 10}, Lift: stats.Number(i) / 10, CleanAccuracy: game.Rate{Hits: 3, Of: 4}},
				{ID: 7, Lift: stats.Undefined()},
			},
		}
	}
	return events
}

func TestScreenWithScores(t *testing.T) {
	var out bytes.Buffer
	clock := newClock()
	display := newScreen(&out, clock.now, true)
	for _, e := range scored(1, 2, 1, 1, 0.5) {
		clock.time = clock.time.Add(time.Second)
		display.Observe(e)
	}
	require.Equal(t, []string{
		"  1  N = 2: epoch 4 of 4, loss 0.500",
		"     loss 2.000 █▅▅▃ 0.500   train acc. 0 % ▁▅▅▇ 75 %",
		"     standard acc. 40 % ▄▇ 80 %   ASR 20 % ▂▄ 40 %",
		"",
	}, terminalLines(out.String()))
}

func TestLinesWithScores(t *testing.T) {
	var errOut bytes.Buffer
	display := New(Options{ErrOut: &errOut, Watch: true})
	events := scored(1, 2, 1)
	for _, e := range events {
		display.Observe(e)
	}
	require.Contains(t, errOut.String(), "epoch 1 of 2, loss 2.000, train acc. 0 %\n")
	require.Contains(t, errOut.String(), "epoch 2 of 2, loss 1.000, train acc. 50 %, standard acc. 40 %, ASR 20 %")
	events[2].Metrics.Scores.Attackers = events[2].Metrics.Scores.Attackers[1:]
	display.Observe(events[2])
	require.Contains(t, errOut.String(), "standard acc. 40 %, ASR -")
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
