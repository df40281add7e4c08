package verify_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/cli"
	"backfire/config"
	"backfire/defenses/detect"
	"backfire/experiments/inference"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/experiments/verify"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
	"backfire/internal/streams"
	"backfire/report/page"
)

// whole is the store that forgeries change a copy of: a game of three attackers with indexing and queries without an
// index, with models, triggers and divergences, a summary, a plan, the note of a failure and that of an open run.
var whole enginetest.OnceDir

// programOf is the program that made the plan in whole.
var programOf = store.Build{Version: "test", Go: "test"}

func fillWhole(t require.TestingT, dir string) error {
	st, err := store.Open(dir)
	require.NoError(t, err)
	sweep := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(c *config.Config) {
		c.Attackers.Counts, c.Attackers.Singles, c.Train.Epochs = []int{3}, 1, 1
		c.Defenders = []string{"indexing", "indexing_grouped", "indexing_unknown"}
		c.Defenses.Set("indexing.models", 2)
		c.Defenses.Set("indexing.batch", 5)
		c.Defenses.Set("indexing.query", "batch")
	}))
	r, _ := runtest.NewRunner(st, 1, enginetest.Fault{})
	r.Artefacts = store.Artefacts{Model: true, Triggers: true, Archive: true, Divergence: true, Detection: true}
	_, err = r.Run(context.Background(), sweep.Cells)
	require.NoError(t, err)
	s, err := summary.Summarize(sweep, st)
	require.NoError(t, err)
	require.Empty(t, s.Missing)
	s.Origin = &summary.Request{Kind: "points", Name: "run", Command: "backfire run"}
	require.NoError(t, s.Write(context.Background(), st))
	stored, err := plan.NewStoredPlan(sweep, programOf)
	require.NoError(t, err)
	stored.Table = "points"
	_, err = stored.Write(context.Background(), st)
	require.NoError(t, err)
	hash, err := sweep.Cells[0].Hash()
	require.NoError(t, err)
	require.NoError(t, st.NoteFailure(stored.Sweep, store.Failure{Cell: hash, Title: "x"}, false))
	return st.NoteRun(context.Background(), store.OpenRun{Sweep: stored.Sweep, Cells: []store.OpenCell{{Cell: hash}}})
}

// mostMemory is the most that a forged store may take, in bytes.
const mostMemory = 1 << 30

// survive reads a store in all ways. Nothing panics, and it ends soon and takes little memory.
func survive(t *testing.T, st *store.Store, verified string, command func() (*exec.Cmd, error)) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	done := make(chan any)
	go func() {
		defer func() { done <- recover() }()
		readAll(ctx, t, st, verified, command)
	}()
	select {
	case caught := <-done:
		require.Nil(t, caught)
	case <-time.After(2 * time.Minute):
		stacks := make([]byte, 1<<20)
		t.Fatalf("it does not end:\n%s", stacks[:runtime.Stack(stacks, true)])
	}
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(mostMemory))
}

// readAll calls all that reads a store. command starts workers.
func readAll(ctx context.Context, t *testing.T, st *store.Store, verified string, command func() (*exec.Cmd, error)) {
	models := inference.StoredModels{Store: st, Load: enginetest.Loader, Command: command, Device: onCPU}
	hashes, err := st.Hashes()
	require.NoError(t, err)
	for _, hash := range hashes {
		record, err := st.Read(hash)
		if err != nil {
			continue
		}
		_, _ = record.Fields()
		_, _ = record.Metrics()
		_, _ = record.AttributedProbes()
		if record.Cell.Attribution != nil {
			_, _ = record.UnlearnedPredictions()
		}
		if record.Artefacts().Divergence {
			_, _ = record.Divergences()
		}
		if record.Artefacts().Detection {
			_, _ = record.Detections()
		}
	}
	v := &verify.Verifier{StoredModels: models}
	_ = v.Verify(ctx, verified, func(check verify.Check) { requireNoPanic(t, check.Err) })
	_, _ = st.Garbage(time.Now(), plan.References)
	paths, _ := st.Summaries("")
	for _, path := range paths {
		requireNoPanic(t, verify.Summary(st, path).Err)
		s, err := summary.Load(path)
		if err != nil {
			continue
		}
		made, err := page.New(ctx, page.Input{Summaries: []*summary.Summary{s}, Load: enginetest.Loader})
		if err == nil {
			require.NoError(t, made.Write(io.Discard))
		}
		for _, defender := range []string{"indexing", "indexing_unknown"} {
			predict(ctx, t, models, filepath.Base(filepath.Dir(path)), defender)
		}
	}
	collect(ctx, st)
	for _, args := range [][]string{{"runs", "list"}, {"runs", "show", "latest"}, {"models", "list"}, {"models", "show", verified}, {"report", "-o", os.DevNull}, {"models", "gc"}} {
		streams := &cli.IOStreams{In: strings.NewReader(""), Out: io.Discard, ErrOut: &bytes.Buffer{}, Environ: []string{"BACKFIRE_STORE=" + st.Dir()}}
		require.LessOrEqual(t, cli.Main(ctx, args, streams), 5, args)
	}
}

// predict asks a stored defender about one held-out image.
func predict(ctx context.Context, t *testing.T, models inference.StoredModels, run, defender string) {
	client := &inference.Client{StoredModels: models}
	d, err := inference.Select(models.Store, inference.Selection{Run: run, Defender: defender})
	if err != nil {
		return
	}
	images, err := client.HeldOut(ctx, d, inference.NoTrigger, 1)
	if err != nil {
		requireNoPanic(t, err)
		return
	}
	_, err = client.Answer(ctx, d, answerable(defender, images))
	requireNoPanic(t, err)
}

// collect does what "status" and "collect" do.
func collect(ctx context.Context, st *store.Store) {
	stored, err := plan.ReadStored(st, "", programOf)
	if err != nil {
		return
	}
	sweep, err := stored.NewSweep(ctx, enginetest.Loader)
	if err != nil {
		return
	}
	_, _ = runner.ProgressOf(sweep, st)
	_ = runner.Complete(sweep, st)
	_, _ = summary.Summarize(sweep, st)
}

// requireNoPanic fails on an error that reports the panic of a worker process.
func requireNoPanic(t *testing.T, err error) {
	if err != nil {
		require.NotContains(t, err.Error(), "panic")
		require.NotContains(t, err.Error(), "goroutine")
	}
}

// FuzzHostileStore changes one value of one file of a store, whose digests fit together again.
func FuzzHostileStore(f *testing.F) {
	filledWhole(f) // takes longer than one input may
	for file := range uint16(6) {
		f.Add(file*9, file*31, uint8(file*5))
	}
	f.Fuzz(func(t *testing.T, file, place uint16, value uint8) { forged(t, falsification{file, place, value}) })
}

// filledWhole returns the path of whole.
func filledWhole(t require.TestingT) string {
	filled, err := whole.Path(func(dir string) error { return fillWhole(t, dir) })
	require.NoError(t, err)
	return filled
}

// copyOfWhole returns a store that a test may change.
func copyOfWhole(t *testing.T) *store.Store {
	t.Helper()
	filled := filledWhole(t)
	dir := filepath.Join(t.TempDir(), "runs")
	require.NoError(t, os.CopyFS(dir, os.DirFS(filled)))
	st, err := store.Open(dir)
	require.NoError(t, err)
	return st
}

// forged makes a falsification and reads the store.
func forged(t *testing.T, f falsification) {
	st := copyOfWhole(t)
	verified := f.apply(t, st.Dir())
	if verified == "" {
		hashes, err := st.Hashes()
		require.NoError(t, err)
		verified = hashes[0]
	}
	command := enginetest.NoWorkers
	if f.value%4 == 0 { // processes take most of the time
		command = enginetest.Command(enginetest.Fault{})
	}
	survive(t, st, verified, command)
}

// The store of the falsifications is whole, so that each reader gets to its end with it.
func TestUnchangedStoreIsRead(t *testing.T) {
	st, ctx := copyOfWhole(t), context.Background()
	models := inference.StoredModels{Store: st, Load: enginetest.Loader, Command: enginetest.Command(enginetest.Fault{}), Device: onCPU}
	hashes, err := st.Hashes()
	require.NoError(t, err)
	for _, hash := range hashes {
		require.Empty(t, failing(t, st, hash))
	}
	paths, err := st.Summaries("")
	require.NoError(t, err)
	require.Len(t, paths, 1)
	require.NoError(t, verify.Summary(st, paths[0]).Err)
	client := &inference.Client{StoredModels: models}
	for _, defender := range []string{"indexing", "indexing_unknown"} {
		d, err := inference.Select(st, inference.Selection{Run: filepath.Base(filepath.Dir(paths[0])), Defender: defender})
		require.NoError(t, err)
		images, err := client.HeldOut(ctx, d, inference.NoTrigger, 1)
		require.NoError(t, err)
		_, err = client.Answer(ctx, d, answerable(defender, images))
		require.NoError(t, err)
	}
	stored, err := plan.ReadStored(st, "", programOf)
	require.NoError(t, err)
	sweep, err := stored.NewSweep(ctx, enginetest.Loader)
	require.NoError(t, err)
	progress, err := runner.ProgressOf(sweep, st)
	require.NoError(t, err)
	require.Equal(t, progress.Cells, progress.Stored)
}

// answerable returns a query that a defender can answer.
func answerable(defender string, images []inference.Image) inference.Query {
	first := 0
	if defender == "indexing" {
		return inference.Query{Images: images, Agent: &first}
	}
	return inference.Query{Images: images, Guess: true, Similarity: detect.Methods()[0]}
}

// Each change of a value, in whatever file, is read without harm.
func TestFalsifiedStores(t *testing.T) {
	stores := 60
	if text := os.Getenv("BACKFIRE_TEST_STORES"); text != "" {
		var err error
		stores, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	for seed := range stores {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			draw := streams.New(uint64(seed), "falsified store")
			forged(t, falsification{uint16(draw.Uint32()), uint16(draw.Uint32()), uint8(draw.Uint32())})
		})
	}
}
