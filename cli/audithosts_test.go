package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/runner"
	"backfire/internal/enginetest"
)

// hostedAudit is an audit on the tiny set, of which the phase diagram follows when the rest is stored.
const hostedAudit = `
name: hosted
title: An audit on several hosts
base: {pool.size: 200, model.width: 1, train.epochs: 1, attackers: {singles: 1, p: 0.5, label: east}}
factors:
  sampling:
    per agent: {trigger.sampling: per_agent}
    per image: {trigger.sampling: per_image}
  labels:
    same: {attackers.labels: same}
    distinct: {attackers.labels: list, attackers.targets: [east, west]}
primary: {claims: [C1], counts: [2], seeds: 6}
screening: {counts: [2], seeds: 6}
shares: {readings: [{labels: distinct}], jitter: [0.5, 1], counts: [2], seeds: 6}
phase: {pair: strongest, poisoned: [4, 16], counts: [2], seeds: {first: 2, step: 1, most: 3}}
`

// answersOf reads the answers that an audit wrote, without its page and hours.
func answersOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	answers := map[string]string{}
	for _, name := range []string{"answers.csv", "effects.csv", "phase.csv", "csv"} {
		text, err := os.ReadFile(filepath.Join(dir, "audit-hosted-tiny."+name))
		require.NoError(t, err)
		answers[name] = string(text)
	}
	return answers
}

// auditOn returns the options of the audit in a store, on the fake engine.
func auditOn(t *testing.T, file, dir, out string) *auditOptions {
	t.Helper()
	opts, _ := faked{store: dir}.command()
	opts.Run, opts.Audit, opts.Out = "", file, out
	return &auditOptions{SweepOptions: *opts, Through: "phase"}
}

// An audit is planned round by round for workers, of which one dies and one stops early. When all is stored, the audit
// on one host trains nothing and gives the answers that are collected. Every model is rederived.
func TestAuditOnSeveralHosts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hosted.yaml")
	require.NoError(t, os.WriteFile(file, []byte(hostedAudit), 0o600))
	dir, out := filepath.Join(t.TempDir(), "runs"), t.TempDir()
	f := faked{store: dir}
	var plans []string
	for round := 0; ; round++ {
		require.Less(t, round, 6, "an audit ends")
		opts := auditOn(t, file, dir, out).SweepOptions
		var planned, told bytes.Buffer
		opts.IO.Out, opts.IO.ErrOut = &planned, &told
		require.NoError(t, runPlan(context.Background(), &opts))
		name := strings.TrimSpace(planned.String())
		if strings.Contains(told.String(), "Every model that the audit asks for is stored") {
			require.Equal(t, plans[len(plans)-1], name, "the last plan has all models")
			break
		}
		require.Contains(t, told.String(), "plan the audit once more")
		require.NotContains(t, plans, name)
		plans = append(plans, name)
		of := PlannedOptions{IO: opts.IO, Plan: name, Load: enginetest.Loader}
		killed := f
		killed.fault = enginetest.Fault{Kind: "kill", Epoch: 1, Once: filepath.Join(t.TempDir(), "killed")}
		_, err := killed.worker(of, 7)
		require.Equal(t, ExitWorkLeft, ExitCode(err), "it stops early, and its process died once")
		_, err = f.worker(of, 0)
		require.NoError(t, err)
		requireAllStored(t, of)
	}
	require.GreaterOrEqual(t, len(plans), 2, "the phase diagram is planned when the rest is stored")
	require.NoError(t, runCollect(context.Background(), &CollectOptions{
		PlannedOptions: PlannedOptions{IO: auditOn(t, file, dir, out).IO, Plan: plans[len(plans)-1], Load: enginetest.Loader}, Out: out,
	}))
	alone := auditOn(t, file, dir, t.TempDir())
	alone.Worker = enginetest.NoWorkers
	require.NoError(t, runAudit(context.Background(), alone))
	require.Equal(t, answersOf(t, alone.Out), answersOf(t, out))

	streams, checked, _ := testStreams()
	command, _ := f.command()
	require.NoError(t, runVerify(context.Background(), &VerifyOptions{
		IO: streams, All: true,
		StoredModelsOptions: StoredModelsOptions{Config: command.Config, Load: enginetest.Loader, Describe: command.Describe, Worker: command.Worker},
	}))
	require.NotContains(t, checked.String(), "fail")
	require.Contains(t, checked.String(), ", all as rederived")
}

// requireAllStored requires that every model of a plan is stored.
func requireAllStored(t *testing.T, of PlannedOptions) {
	t.Helper()
	planned, err := of.open()
	require.NoError(t, err)
	sweep, err := planned.stored.NewSweep(context.Background(), of.Load)
	require.NoError(t, err)
	require.NotNil(t, sweep.Audit)
	progress, err := runner.ProgressOf(sweep, planned.store)
	require.NoError(t, err)
	require.Equal(t, progress.Cells, progress.Stored)
	streams, out, _ := testStreams()
	of.IO = streams
	require.NoError(t, runStatus(context.Background(), &StatusOptions{PlannedOptions: of}))
	require.Contains(t, out.String(), "stored")
}

// An audit is submitted to Slurm as a table is.
func TestSubmitAudit(t *testing.T) {
	opts, calls, _ := submitted(t, "audit", "")
	file := filepath.Join(t.TempDir(), "tiny.yaml")
	require.NoError(t, os.WriteFile(file, []byte(smallAudit), 0o600))
	opts.Args[1], opts.Local = file, true
	require.NoError(t, runSubmitSlurm(context.Background(), opts))
	require.Contains(t, strings.Join(*calls, "\n"), "sbatch")
}
