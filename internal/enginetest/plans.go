package enginetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/datasets/testset"
	"backfire/experiments/plan"
	"backfire/game"
)

// Loader loads the tiny set of four classes, another one where the path of the source is "other",
// or a folder of images, without the user's cache.
func Loader(ctx context.Context, src datasets.Source) (*datasets.Set, error) {
	if src.Name == datasets.Folder {
		src.CacheDir = src.Path + ".decoded"
		return datasets.Load(ctx, src)
	}
	variant := uint64(1)
	if src.Path == "other" {
		variant = 2
	}
	set, err := testset.New(variant)
	if err != nil {
		return nil, err
	}
	return set.WithStamped(src.Stamped), nil
}

// Config returns a configuration that plays N = 1, 2, 4 on the tiny set, the first three attackers
// also alone: five cells of three epochs.
func Config() (config.Config, error) {
	resolved, err := config.Load(config.Options{Sets: []string{
		"attackers.counts=1,2,4", "attackers.singles=3", "attackers.label=east", "attackers.p=0.5",
		"model.width=1", "train.epochs=3", "train.batch=16",
	}})
	if err != nil {
		return config.Config{}, err
	}
	return resolved.Config, nil
}

// Plan plans the tiny configuration. NewPlan does so for tests.
func Plan() (*plan.Plan, error) {
	set, err := testset.New(1)
	if err != nil {
		return nil, err
	}
	cfg, err := Config()
	if err != nil {
		return nil, err
	}
	return plan.New(cfg, set)
}

// NewPlan plans the tiny configuration: five cells.
func NewPlan(t *testing.T) *plan.Plan {
	t.Helper()
	plan, err := Plan()
	require.NoError(t, err)
	require.Len(t, plan.Cells, 5)
	return plan
}

// PlainSweep plans the tiny configuration as a sweep of one point without a name.
func PlainSweep(t *testing.T) *plan.Sweep {
	t.Helper()
	cfg, err := Config()
	require.NoError(t, err)
	sweep, err := plan.NewSweep(context.Background(), []plan.SweepPoint{{Config: cfg}}, Loader)
	require.NoError(t, err)
	return sweep
}

// TinyPoint returns a point of a sweep: the tiny configuration with a change.
func TinyPoint(t require.TestingT, name string, change func(*config.Config)) plan.SweepPoint {
	cfg, err := Config()
	require.NoError(t, err)
	change(&cfg)
	return plan.SweepPoint{Name: name, Keys: map[string]string{"name": name}, Config: cfg}
}

// NewSweep plans a sweep on the tiny set.
func NewSweep(t require.TestingT, points ...plan.SweepPoint) *plan.Sweep {
	sweep, err := plan.NewSweep(context.Background(), points, Loader)
	require.NoError(t, err)
	return sweep
}

// Verified returns a change of a configuration that verifies triggers by a bound of the single ASR.
func Verified(bound float64) func(*config.Config) {
	return func(c *config.Config) { c.Trigger.MinSingleASR = bound }
}

// Wanted lists the titles of the decided and of the waiting tasks of a worklist.
func Wanted(worklist *plan.Worklist) (decided, waiting []string) {
	for _, task := range worklist.Tasks {
		if task.Waits {
			waiting = append(waiting, task.Title)
		} else {
			decided = append(decided, task.Title)
		}
	}
	return decided, waiting
}

// After returns the worklist of a sweep once the cells with the given titles have the given
// results.
func After(t *testing.T, sweep *plan.Sweep, results map[string]plan.KnownResult) *plan.Worklist {
	t.Helper()
	known := plan.Known{}
	for {
		worklist, err := sweep.Worklist(known)
		require.NoError(t, err)
		before := len(known)
		for _, task := range worklist.Tasks {
			if result, ok := results[task.Title]; ok && !task.Waits {
				known[task.Hash] = result
			}
		}
		if len(known) == before {
			return worklist
		}
	}
}

// PercentOf returns a known result with an ASR in percent.
func PercentOf(hits int) plan.KnownResult {
	return plan.KnownResult{ASR: game.Rate{Hits: hits, Of: 100}}
}

// DefendedPlan plans a configuration on the tiny set.
func DefendedPlan(t *testing.T, cfg config.Config) *plan.Plan {
	t.Helper()
	set, err := testset.New(1)
	require.NoError(t, err)
	plan, err := plan.New(cfg, set)
	require.NoError(t, err)
	return plan
}

// SlicedPlan plans four attackers that enter in two slices of two and three epochs. It returns the
// plan with its only defender.
func SlicedPlan(t *testing.T) (*plan.Plan, plan.PlannedDefender) {
	t.Helper()
	cfg := DefendedConfig(t, "indexing_sliced(models=2)")
	cfg.Attackers.Counts, cfg.Attackers.Singles, cfg.Train.Epochs = []int{4}, 0, 5
	plan := DefendedPlan(t, cfg)
	require.Len(t, plan.Cells, 1+1+4)
	return plan, plan.Games[0].Defenders[0]
}

// FirstSlice returns the positions of the attackers that enter first.
func FirstSlice(t *testing.T, plan *plan.Plan, defender plan.PlannedDefender) []int {
	t.Helper()
	base, ok := plan.Cell(defender.Models[0])
	require.True(t, ok)
	require.Empty(t, base.Defense.Excluded)
	require.Len(t, base.Defense.Slices, 2)
	return base.Defense.Slices[0].Enter
}

// DefenderOf returns a defender of the plan's first game by its name.
func DefenderOf(t *testing.T, p *plan.Plan, name string) plan.PlannedDefender {
	t.Helper()
	i := slices.IndexFunc(p.Games[0].Defenders, func(d plan.PlannedDefender) bool { return d.Name == name })
	require.GreaterOrEqual(t, i, 0)
	return p.Games[0].Defenders[i]
}

// Verifying returns the title of the single game in which an attacker's trigger is verified, with a
// draw counted from 1.
func Verifying(attacker, seats, draw int) string {
	title := fmt.Sprintf("attacker %d alone on %d seats", attacker, seats)
	if draw > 1 {
		title += fmt.Sprintf(", draw %d", draw)
	}
	return title + ", trained with another seed"
}
