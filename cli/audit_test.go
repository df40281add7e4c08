package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/internal/runtest"
	"backfire/report"
)

// smallAudit is an audit of tiny games on the images inside the program.
const smallAudit = `
name: tiny
title: A tiny audit
base: {pool.size: 200, model.width: 1, train.epochs: 1, attackers: {singles: 1, p: 0.5}}
factors:
  sampling:
    per agent: {trigger.sampling: per_agent}
    per image: {trigger.sampling: per_image}
  labels:
    same: {attackers.labels: same}
    distinct: {attackers.labels: list, attackers.targets: ["#2", "#1"]}
primary: {claims: [C1], counts: [2], seeds: 6}
screening: {counts: [2], seeds: 6}
shares: {readings: [{labels: distinct}], jitter: [0.5, 1], counts: [2], seeds: 6}
phase: {pair: [sampling, labels], poisoned: [4, 16], counts: [1, 2], seeds: {first: 2, step: 1, most: 2}}
`

// tinyAudit returns the options of the audit, in a store of its own.
func tinyAudit(t *testing.T) (opts *auditOptions, out func() string) {
	t.Helper()
	streams, outBuffer, _ := testStreams()
	file := filepath.Join(t.TempDir(), "tiny.yaml")
	require.NoError(t, os.WriteFile(file, []byte(smallAudit), 0o600))
	engine := testEngine(t)
	return &auditOptions{
		SweepOptions: SweepOptions{
			RunOptions: RunOptions{
				IO: streams, Load: datasets.Load, Describe: engine.Describe, Worker: engine.Worker,
				Config: config.Options{Sets: []string{"store=" + filepath.Join(t.TempDir(), "runs"), "device=cpu"}},
			},
			Audit: file, Kind: report.Points, Out: t.TempDir(), Estimate: noEstimate,
		},
		Through: "phase",
	}, outBuffer.String
}

// An audit of the games of real contributors is played as far as screening; the phase
// diagram needs seats of one size.
func TestAuditAmongContributors(t *testing.T) {
	opts, out := tinyAudit(t)
	dir := runtest.ContributedFolder(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	among := strings.NewReplacer("{pool.size: 200, ", "{data.name: folder, data.contributors: folders, data.path: "+dir+", deal.seats: 4, ", "#2", "west", "#1", "east").Replace(smallAudit)
	among, _, _ = strings.Cut(among, "phase: ")
	require.NoError(t, os.WriteFile(opts.Audit, []byte(among), 0o600))
	opts.Through = "screening"
	require.NoError(t, runAudit(context.Background(), opts))
	require.Contains(t, out(), "Screening: effects")
	data, err := os.ReadFile(filepath.Join(opts.Out, "audit-tiny-folder.json"))
	require.NoError(t, err)
	require.Contains(t, string(data), `"games"`)
}

// An audit is played round by round to its end; a second call trains nothing and gives the same answers, and a
// stored plan of it has the same games.
func TestAuditIsPlayedToItsEnd(t *testing.T) {
	opts, out := tinyAudit(t)
	require.NoError(t, runAudit(context.Background(), opts))
	text := out()
	for _, part := range []string{"Verdict matrix", "sampling = per image", "Screening: effects", "k at 50 %", "Fixed before training as"} {
		require.Contains(t, text, part)
	}
	require.NotContains(t, text, "have no result yet")
	files, err := filepath.Glob(filepath.Join(opts.Out, "audit-tiny-embedded.*"))
	require.NoError(t, err)
	require.Len(t, files, 9)
	page, err := os.ReadFile(filepath.Join(opts.Out, "audit-tiny-embedded.html"))
	require.NoError(t, err)
	require.Contains(t, string(page), "<svg ")
	require.Contains(t, string(page), "Games and their models")
	var document struct {
		Result struct {
			Games []struct{ Models []string }
			Spec  struct{ Games string }
		}
	}
	data, err := os.ReadFile(filepath.Join(opts.Out, "audit-tiny-embedded.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &document))
	require.Len(t, document.Result.Games, 6+24+12+32, "primary, screening, shares, phase diagram")
	require.NotEmpty(t, document.Result.Spec.Games)

	again, outAgain := tinyAudit(t)
	again.Config, again.Audit, again.Out, again.Worker = opts.Config, opts.Audit, opts.Out, noWorker(t)
	require.NoError(t, runAudit(context.Background(), again))
	require.Equal(t, text, outAgain())

	planned, sweep, err := makePlan(context.Background(), &again.SweepOptions)
	require.NoError(t, err)
	require.NotNil(t, planned.stored.Audit)
	_, err = planned.stored.Write(context.Background(), planned.store)
	require.NoError(t, err)
	require.Len(t, sweep.Points, 6+24+12+32)
	streams, collected, _ := testStreams()
	require.NoError(t, runCollect(context.Background(), &CollectOptions{
		PlannedOptions: PlannedOptions{IO: streams, Plan: planned.stored.Sweep, Store: planned.store.Dir(), Load: datasets.Load}, Out: opts.Out,
	}))
	require.Equal(t, text, collected.String())
}

func TestAuditDryRun(t *testing.T) {
	opts, out := tinyAudit(t)
	opts.DryRun, opts.Worker = true, noWorker(t)
	require.NoError(t, runAudit(context.Background(), opts))
	for _, part := range []string{"fixed before training as", "2 factors in 4 runs", "Stage primary: ", "Stage screening: ", "Stage phase: ", "no budget"} {
		require.Contains(t, out(), part)
	}
}

func TestAuditRefusals(t *testing.T) {
	opts, _ := tinyAudit(t)
	opts.Through = "everything"
	require.ErrorContains(t, runAudit(context.Background(), opts), "must be primary, screening, shares or phase")

	opts, _ = tinyAudit(t)
	small := strings.Replace(smallAudit, "phase:", "budget: {models: 9}\nphase:", 1)
	require.NoError(t, os.WriteFile(opts.Audit, []byte(small), 0o600))
	opts.Worker = noWorker(t)
	err := runAudit(context.Background(), opts)
	require.ErrorContains(t, err, "the smallest design trains")
	require.Equal(t, ExitUsage, ExitCode(err))
}
