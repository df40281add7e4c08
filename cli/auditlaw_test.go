package cli

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/audit"
	"backfire/audit/shares"
	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/runner"
	"backfire/experiments/summary"
	"backfire/internal/enginetest"
)

// lawAudit is an audit of networks of width 4 on 640 images, of which the stage of shares alone is trained here.
const lawAudit = `
name: law
title: The law of shares on small networks
base:
  pool.size: 800
  deal.seats: 2
  model.width: 4
  train.epochs: 10
  attackers: {singles: 1, p: 0.5, p1: 1, p2: 0.5, label: "#2"}
factors:
  labels:
    same: {attackers.labels: same}
    distinct: {attackers.labels: list, attackers.targets: ["#2", "#1"]}
  sampling:
    per agent: {trigger.sampling: per_agent}
    per image: {trigger.sampling: per_image}
primary: {claims: [C1], counts: [2], seeds: 6}
screening: {counts: [2], seeds: 6}
shares: {readings: [{labels: distinct}, {labels: same}], jitter: [0.5, 1], counts: [2], seeds: 6}
`

// Networks that are really trained follow the law of shares: with one pattern per image two attackers with two labels
// have half of their success each, with one label all of it; and where half of each pattern is the attacker's own, the
// networks tell them apart, which the cross-trigger matrix shows and the design does not.
func TestLawOfSharesOnRealTrainings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "law.yaml")
	require.NoError(t, os.WriteFile(file, []byte(lawAudit), 0o600))
	st := enginetest.OpenStore(t)
	loaded, err := config.LoadAudit(file, config.Options{Sets: []string{"store=" + st.Dir(), "device=cpu", "threads=1"}})
	require.NoError(t, err)
	plays, err := loaded.Spec.Smallest()
	require.NoError(t, err)
	rounds := &auditRounds{file: loaded, stages: []audit.Stage{audit.StageShares}, load: datasets.Load, store: summary.NewOnceStore(st)}
	var first []audit.Play
	for _, p := range rounds.kept(plays) {
		if p.Seed == loaded.Spec.FirstSeed {
			first = append(first, p)
		}
	}
	sweep, _, err := rounds.plan(context.Background(), first)
	require.NoError(t, err)
	r := &runner.Runner{Store: st, Command: testEngine(t).Worker, Workers: 1, Threads: 1, Device: "cpu", Observer: &enginetest.Recorder{}}
	_, err = r.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	sum, err := summary.Summarize(sweep, st)
	require.NoError(t, err)
	require.Empty(t, sum.Missing)
	trials, err := rounds.trials(sum)
	require.NoError(t, err)
	result, err := loaded.Spec.Analyze(trials, "embedded", 1)
	require.NoError(t, err)
	require.Len(t, result.Predictions, 4)

	var far []shares.Prediction
	for _, p := range shares.ByMatrix(result.Predictions) {
		require.InDelta(t, p.Predicted, p.ASR, 0.3, p.Condition)
		if p.Conflict() > 0.25 {
			far = append(far, p)
		}
	}
	require.Len(t, far, 1, "labels conflict in one of the games")
	require.Less(t, far[0].ASR, 0.8)
}
