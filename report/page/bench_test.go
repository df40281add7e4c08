package page_test

import (
	"bytes"
	"context"
	"flag"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/summary"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
	"backfire/report/page"
)

// modelsOfBenchmark is the number of models of the store whose page is measured.
var modelsOfBenchmark = flag.Int("models", 300, "models of the store of BenchmarkPage")

// BenchmarkPage measures the processor's time to make and write the page of a store, its bytes and its models. The fake engine
// fills the store, whose models have images of 64 pixels: games of one and of two attackers under each of many seeds.
func BenchmarkPage(b *testing.B) {
	st := enginetest.OpenStore(b)
	cfg, err := enginetest.Config()
	require.NoError(b, err)
	cfg.Attackers.Counts, cfg.Attackers.Singles = []int{1, 2}, 2
	const each = 3 // of two attackers, and of each alone
	var points []plan.SweepPoint
	for seed := range *modelsOfBenchmark / each {
		cfg.Seed = uint64(seed + 1)
		points = append(points, plan.SweepPoint{Config: cfg})
	}
	s, outcome, _ := runtest.RunSweep(b, enginetest.NewSweep(b, points...), st, 2)
	require.Empty(b, outcome.Failed)
	var out bytes.Buffer
	begun := processorTime(b)
	for b.Loop() {
		out.Reset()
		p, err := page.New(context.Background(), page.Input{Summaries: []*summary.Summary{s}, Load: enginetest.Loader})
		require.NoError(b, err)
		require.NoError(b, p.Write(&out))
		b.ReportMetric(float64(len(p.Models)), "models")
	}
	b.ReportMetric((processorTime(b)-begun)/float64(b.N), "CPU-s/page")
	b.ReportMetric(float64(out.Len())/1000, "kB")
}

// processorTime returns the seconds of processor time that the test has taken.
func processorTime(b *testing.B) float64 {
	b.Helper()
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return float64(used.Utime.Sec+used.Stime.Sec) + float64(used.Utime.Usec+used.Stime.Usec)/1e6
}
