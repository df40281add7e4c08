package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/cheapest"
	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/report"
)

// tinySearch returns the options of a search among tiny trainings.
func tinySearch(t *testing.T, unit cheapest.Unit) (opts *cheapestOptions, out func() string) {
	t.Helper()
	streams, outBuffer, _ := testStreams()
	engine := testEngine(t)
	return &cheapestOptions{
		SweepOptions: SweepOptions{
			RunOptions: RunOptions{
				IO: streams, Load: datasets.Load, Describe: engine.Describe, Worker: engine.Worker,
				Config: config.Options{Sets: []string{
					"store=" + filepath.Join(t.TempDir(), "runs"), "device=cpu", "data.name=embedded", "pool.size=200", "model.width=1", "train.epochs=1", "attackers.counts=1,2",
				}},
			},
			Kind: report.Points, Out: t.TempDir(), Estimate: noEstimate,
		},
		Request: cheapest.Spec{Unit: unit, Target: 0.05, Tolerance: 0.5, Seeds: 1},
	}, outBuffer.String
}

// A search is played to its end; a second call trains nothing and gives the same answers.
func TestCheapestIsPlayedToItsEnd(t *testing.T) {
	opts, out := tinySearch(t, cheapest.Images)
	require.NoError(t, runCheapest(context.Background(), opts))
	text := out()
	require.Contains(t, text, "The cheapest attack on embedded: ASR of 5 %")
	require.NotContains(t, text, "still being searched")
	files, err := filepath.Glob(filepath.Join(opts.Out, "cheapest-images-5-embedded.*"))
	require.NoError(t, err)
	require.Len(t, files, 5)
	page, err := os.ReadFile(filepath.Join(opts.Out, "cheapest-images-5-embedded.html"))
	require.NoError(t, err)
	require.Contains(t, string(page), `href="#m-2-1"`)
	require.Contains(t, string(page), `id="m-2-1"`)

	again, outAgain := tinySearch(t, cheapest.Images)
	again.Config, again.Out, again.Worker = opts.Config, opts.Out, noWorker(t)
	require.NoError(t, runCheapest(context.Background(), again))
	require.Equal(t, text, outAgain())
}

// A search that is interrupted leaves what its page is made of.
func TestCheapestIsServed(t *testing.T) {
	opts, _ := tinySearch(t, cheapest.Images)
	ctx, interrupt := context.WithCancel(context.Background())
	opts.Estimate = func(_ context.Context, e estimate.Estimator, sweep *plan.Sweep) (*estimate.Estimate, error) {
		defer interrupt()
		return noEstimate(context.Background(), e, sweep)
	}
	err := runCheapest(ctx, opts)
	require.Equal(t, ExitInterrupted, ExitCode(err), err)
	requireServed(t, strings.TrimPrefix(opts.Config.Sets[0], "store="), "The cheapest attack by number of attackers")
}

func TestCheapestRefusals(t *testing.T) {
	for set, want := range map[string]string{
		"attackers.p0=0.2": "is what the search varies",
		"deal.seats=n":     "gives attackers other images with every N",
		"pool.size=0":      "must be set for a search over numbers of images",
	} {
		opts, _ := tinySearch(t, cheapest.Images)
		opts.Config.Sets = append(opts.Config.Sets, set)
		require.ErrorContains(t, runCheapest(context.Background(), opts), want)
	}
	opts, _ := tinySearch(t, cheapest.Images)
	opts.Request.Margin = 1.25
	require.ErrorContains(t, runCheapest(context.Background(), opts), "margin = 1.25: must be above 1 and at least 2.25")
	opts, _ = tinySearch(t, "k")
	require.ErrorContains(t, runCheapest(context.Background(), opts), "must be images or p")
	opts, _ = tinySearch(t, cheapest.Percent)
	opts.Config.Sets = append(opts.Config.Sets, "attackers.trigger_sizes=0.2")
	require.ErrorContains(t, runCheapest(context.Background(), opts), "is what the search varies")
}

// A plan has the next step alone. Once it is stored, the plan of the step after it has more, and the end is told.
func TestCheapestIsPlannedStepByStep(t *testing.T) {
	opts, _ := tinySearch(t, cheapest.Images)
	opts.Search = &opts.Request
	first, sweep, err := makePlan(context.Background(), &opts.SweepOptions)
	require.NoError(t, err)
	require.Len(t, sweep.Cells, 2, "one model for each N")
	require.True(t, filepath.IsAbs(sweep.Points[0].Config.Store))
	require.Equal(t, "cheapest", first.stored.Name)

	require.NoError(t, runCheapest(context.Background(), opts))
	streams, _, errBuffer := testStreams()
	opts.IO = streams
	_, sweep, err = makePlan(context.Background(), &opts.SweepOptions)
	require.NoError(t, err)
	require.Greater(t, len(sweep.Cells), 2)
	require.Contains(t, errBuffer.String(), "The search has ended")
}
