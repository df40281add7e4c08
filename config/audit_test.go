package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/audit"
	"backfire/audit/design"
	"backfire/config"
)

// loadAudit loads an audit file with the given text.
func loadAudit(t *testing.T, text string, sets ...string) (*config.Audit, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return config.LoadAudit(path, config.Options{Sets: sets})
}

const goodAudit = `
name: good
title: An audit
base: {data.name: mnist, pool.size: 1000, attackers: {singles: 1}}
factors:
  deal:
    constant: {deal.seats: max}
    shared: {deal.seats: n}
  sampling:
    per agent: {trigger.sampling: per_agent}
    per image: {trigger.sampling: per_image}
  labels:
    same: {attackers.labels: same}
    distinct: {attackers.labels: list, attackers.targets: ["#1", "#2", "#3", "#4"]}
primary: {reading: {labels: distinct}, claims: [C1], counts: [2, 4], seeds: 6}
screening: {counts: [2, 4], seeds: 6}
shares: {readings: [{labels: same}, {}], jitter: [0, 0.5, 1], counts: [2, 4], seeds: 6}
phase: {pair: [sampling, labels], poisoned: [10, 40], counts: [1, 4], seeds: {first: 3, step: 2, most: 7}}
margins: {effect: 0.1}
budget: {models: 500, hours: 2.5}
`

func TestEmbeddedAudits(t *testing.T) {
	for _, name := range config.Audits() {
		a, err := config.LoadAudit(name, config.Options{})
		require.NoError(t, err, name)
		d, err := a.Spec.Design()
		require.NoError(t, err)
		if len(a.Spec.Factors) > 2 { // all combinations are played of two
			require.GreaterOrEqual(t, d.Resolution(), 4)
		}
		plays, err := a.Spec.Smallest()
		require.NoError(t, err)
		sweep, err := a.Sweep(plays)
		require.NoError(t, err)
		require.Len(t, sweep.Points, len(plays))
	}
	_, err := config.LoadAudit("papr", config.Options{})
	require.ErrorContains(t, err, "the nearest one is paper")
}

func TestAuditPoints(t *testing.T) {
	a, err := loadAudit(t, goodAudit)
	require.NoError(t, err)
	require.Equal(t, []string{"labels"}, a.Spec.Primary.High)
	require.Equal(t, audit.Budget{Models: 500, Hours: 2.5}, a.Spec.Budget)
	require.InDelta(t, 0.1, a.Spec.Margins.Effect, 0)
	require.InDelta(t, 0.01, a.Spec.Margins.Accuracy, 0, "the default")

	p, err := a.Point(audit.Play{Condition: audit.Condition{Stage: audit.StageScreening, High: 6}, Seed: 9, Counts: []int{2, 4}})
	require.NoError(t, err)
	require.Equal(t, uint64(9), p.Config.Seed)
	require.Equal(t, "4", p.Config.Deal.Seats, "max is the largest N of all stages")
	require.Equal(t, "per_image", p.Config.Trigger.Sampling)
	require.Equal(t, "list", p.Config.Attackers.Labels)
	require.Equal(t, []int{2, 4}, p.Config.Attackers.Counts)
	require.Equal(t, map[string]string{"stage": "screening", "deal": "constant", "sampling": "per image", "labels": "distinct"}, p.Keys)

	require.Equal(t, [][]string{{}, {"labels"}}, a.Spec.Shares.Readings, "{} is the primary reading")
	p, err = a.Point(audit.Play{Condition: audit.Condition{Stage: audit.StageShares, High: 4, Jitter: 0.5}, Seed: 1, Counts: []int{2, 4}})
	require.NoError(t, err)
	require.Equal(t, "per_agent", p.Config.Trigger.Sampling)
	require.InDelta(t, 0.5, p.Config.Trigger.Jitter, 0)
	require.Equal(t, map[string]string{"stage": "shares", "deal": "constant", "sampling": "per agent", "labels": "distinct", "jitter": "0.5"}, p.Keys)

	// 600 of 1000 images on four seats: 150 each, of which 120 are contributed; shared by one: 600 and 480.
	for _, c := range []struct {
		high        design.Effect
		n           int
		contributed float64
	}{{0, 1, 120}, {0, 4, 120}, {1, 1, 480}, {1, 4, 120}} {
		p, err = a.Point(audit.Play{Condition: audit.Condition{Stage: audit.StagePhase, High: c.high, Poisoned: 40}, Seed: 1, Counts: []int{c.n}})
		require.NoError(t, err)
		require.InDelta(t, 40/c.contributed, *p.Config.Attackers.P0, 1e-12)
	}
}

// Bad files are refused with what would work.
func TestBadAudits(t *testing.T) {
	for _, c := range []struct{ from, to, text string }{
		{"trigger.sampling: per_image", "workers: 3", "workers (file"},
		{"trigger.sampling: per_image", "attackers.counts: [3]", "cannot be part of a factor"},
		{"trigger.sampling: per_image", "trigger.samplng: per_image", "the nearest one is trigger.sampling"},
		{"trigger.sampling: per_image", "trigger.sampling: per_agent", "two levels that give the same game"},
		{"    per image: {trigger.sampling: per_image}\n", "", "has 1 levels: a factor has two"},
		{"seeds: 6}\nshares", "seeds: 6, runs: 2}\nshares", "do not reach resolution 4; 8 runs do"},
		{"seeds: 6}\nshares", "seeds: 6, resolution: 2}\nshares", "must be at least 3"},
		{"seeds: 6}\nshares", "seeds: 2, looks: [6, 7, 8]}\nshares", "has 3 looks, and there are 2 seeds: set at least 8 seeds"},
		{"seeds: 6}\nshares", "seeds: 5}\nshares", "no verdict comes from fewer than 6"},
		{"claims: [C1]", "claims: [C1, S1, S2]", "set 7, or fewer claims"},
		{"claims: [C1]", "claims: [C99]", "there are C1 to C8"},
		{"{labels: distinct}", "{labels: other}", "there are same and distinct"},
		{"{labels: distinct}", "{lables: distinct}", "the nearest one is labels"},
		{"jitter: [0, 0.5, 1]", "jitter: [0.5, 0.2]", "must be shares from 0 to 1 that ascend"},
		{"jitter: [0, 0.5, 1]", "jitter: [1]", "must be two values or more, such as 0, 0.5 and 1"},
		{"jitter: [0, 0.5, 1]", "jitter: much", "must list shares from 0 to 1"},
		{"[{labels: same}, {}]", "[{labels: some}]", "there are same and distinct"},
		{"[{labels: same}, {}]", "{labels: same}", "must list readings"},
		{"[{labels: same}, {}]", "[labels]", "must hold factors, each with the name of a level"},
		{"[0, 0.5, 1], counts: [2, 4], seeds: 6}", "[0, 0.5, 1], counts: [2, 4], seeds: 3}", "the law has no verdict from fewer than 6 seeds"},
		{"  sampling:\n", "  jitter:\n", "is a name that the audit gives its own settings"},
		{"pair: [sampling, labels]", "pair: [sampling, training]", `there is no factor "training"`},
		{"pair: [sampling, labels]", "pair: weakest", "must list two factors, or be strongest"},
		{"poisoned: [10, 40]", "poisoned: [10, 400]", "at most 102 can be poisoned"},
		{"pool.size: 1000, ", "", "needs pool.size"},
		{"data.name: mnist, ", "data.name: folder, data.path: x, data.contributors: folders, ", "needs seats of one size: with data.contributors = folders each contributor"},
		{"pool.size: 1000, ", "pool.size: 1000, attackers.mapping: source_specific, attackers.sources: [0, 1], ", "only images of the source classes are poisoned"},
		{"counts: [1, 4]", "counts: [4, 1]", "must be numbers of attackers of which one is above 1"},
		{"models: 500", "models: none", "must be a whole number of at least 1"},
		{"hours: 2.5", "hours: -1", "must be a number above 0"},
		{"title:", "tilte:", "the nearest one is title"},
	} {
		require.Contains(t, goodAudit, c.from)
		_, err := loadAudit(t, strings.Replace(goodAudit, c.from, c.to, 1))
		require.ErrorIs(t, err, config.ErrInvalid, c.to)
		require.ErrorContains(t, err, c.text)
	}
	_, err := loadAudit(t, goodAudit, "trigger.sampling=per_image")
	require.ErrorContains(t, err, "is set by the points")
	_, err = config.LoadAudit("nowhere.yaml", config.Options{})
	require.ErrorContains(t, err, "is neither a file nor one of paper, conflict, conflict-large, one-label, own-labels, scale, gpu")
}
