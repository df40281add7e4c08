package engine

import (
	"context"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/curve"
	"backfire/experiments/plan"
	"backfire/experiments/worker"
)

// processorTime returns the seconds of processor time that the process has used.
func processorTime(b *testing.B) float64 {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime)
}

// BenchmarkScores trains an epoch of the largest game of the preset quick and scores the model on
// the default sample, again and again. It reports the scores' processor time in percent of the
// epoch's: the median of the rounds, the least and the most.
func BenchmarkScores(b *testing.B) {
	resolved, err := config.Load(config.Options{Preset: "quick", Sets: []string{"train.epochs=1000"}})
	require.NoError(b, err)
	set, err := datasets.Load(context.Background(), datasets.Source{Name: resolved.Config.Data.Name, Split: resolved.Config.Data.Split})
	require.NoError(b, err)
	p, err := plan.New(resolved.Config, set)
	require.NoError(b, err)
	c, _ := p.Cell(p.Games[len(p.Games)-1].Cell)
	deal, err := worker.NewDeal(set, c)
	require.NoError(b, err)
	rows := len(deal.Training.Labels)
	model, err := LibTorch{}.NewModel(worker.ModelOptions{
		Cell: c, Images: rows, Mean: deal.Normalization.Mean, Std: deal.Normalization.Std, Device: "cpu", Threads: 1,
	})
	require.NoError(b, err)
	defer model.Close()
	require.NoError(b, model.Upload(deal.Training.Images, deal.Training.Labels))
	order, size := make([]int32, rows), deal.Probes.Shape.Size()
	for i := range order {
		order[i] = int32(i)
	}
	var images []uint8
	for _, at := range curve.Sample(c.Game, deal.Probes.List, resolved.Config.Train.ScoreImages) {
		images = append(images, deal.Probes.Images[at*size:(at+1)*size]...)
	}
	var shares []float64
	for b.Loop() {
		begin := processorTime(b)
		_, err := model.Epoch(order, nil)
		require.NoError(b, err)
		trained := processorTime(b)
		_, err = model.Predict(images)
		require.NoError(b, err)
		shares = append(shares, 100*(processorTime(b)-trained)/(trained-begin))
	}
	slices.Sort(shares)
	b.ReportMetric(shares[len(shares)/2], "%-of-an-epoch")
	b.ReportMetric(shares[0], "%-least")
	b.ReportMetric(shares[len(shares)-1], "%-most")
	b.ReportMetric(float64(len(images)/size), "images")
}
