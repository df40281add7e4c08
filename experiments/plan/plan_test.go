package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/datasets/testset"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/game"
	"backfire/internal/enginetest"
)

// planTiny plans the tiny set with settings in place of those of enginetest.Config.
func planTiny(t *testing.T, change func(*config.Config)) (*plan.Plan, error) {
	t.Helper()
	set, err := testset.New(1)
	require.NoError(t, err)
	cfg, err := enginetest.Config()
	require.NoError(t, err)
	change(&cfg)
	return plan.New(cfg, set)
}

func titles(plan *plan.Plan) []string {
	var all []string
	for _, cell := range plan.Cells {
		all = append(all, cell.Title())
	}
	return all
}

func TestPlanOrdersCellsSoThatFirstRowsComeEarly(t *testing.T) {
	p := enginetest.NewPlan(t)
	require.Equal(t, []string{"attacker 0 alone on 4 seats", "attacker 1 alone on 4 seats", "N = 2 on 4 seats", "attacker 2 alone on 4 seats", "N = 4"}, titles(p))
	all := enginetest.Hashes(t, p)
	require.Equal(t, []plan.PlannedGame{
		{Cell: all[0], Singles: map[int]string{0: all[0]}},
		{Cell: all[2], Singles: map[int]string{0: all[0], 1: all[1]}},
		{Cell: all[4], Singles: map[int]string{0: all[0], 1: all[1], 2: all[3]}},
	}, p.Games)
}

func TestPlanResolvesEverything(t *testing.T) {
	plan := enginetest.NewPlan(t)
	last := plan.Cells[len(plan.Cells)-1]
	require.Equal(t, 400, last.Game.PoolSize, "0 stands for the whole set")
	require.Equal(t, "tiny", last.Data.Name)
	require.Equal(t, 400, last.Data.Images)
	require.Len(t, last.Data.Checksum, 64)
	require.Equal(t, 3*320, int(last.TrainedImages()))
	for id, a := range last.Game.Attackers {
		require.Equal(t, id, a.ID)
		require.Equal(t, 1, a.Target)
		require.InDelta(t, 0.5, a.PoisonRate, 0)
		require.InDelta(t, 0.5, a.Trigger.P1, 0)
	}
	single := plan.Cells[3].Game.Attackers
	require.Len(t, single, 1)
	require.Equal(t, last.Game.Attackers[2], single[0], "the same attacker, alone")
}

// Settings that only decide where and how a cell is trained do not change its hash.
func TestPlanDoesNotDependOnPlaceAndMachine(t *testing.T) {
	here, err := enginetest.NewPlan(t).Hash()
	require.NoError(t, err)
	elsewhere, err := planTiny(t, func(c *config.Config) {
		c.Device, c.Workers, c.Threads, c.Store = "cuda:1", 7, 3, "elsewhere"
		c.Data.Dir, c.Data.Split = "/data", "all"
		c.Pool.Size = 400
	})
	require.NoError(t, err)
	there, err := elsewhere.Hash()
	require.NoError(t, err)
	require.Equal(t, here, there)
	other, err := planTiny(t, func(c *config.Config) { c.Attackers.Singles = 0 })
	require.NoError(t, err)
	changed, err := other.Hash()
	require.NoError(t, err)
	require.NotEqual(t, here, changed)
}

func TestPlanSharesCellsBetweenConfigurations(t *testing.T) {
	small, err := planTiny(t, func(c *config.Config) { c.Attackers.Counts, c.Attackers.Singles, c.Deal.Seats = []int{2}, 0, "4" })
	require.NoError(t, err)
	require.Len(t, small.Cells, 1)
	require.Contains(t, enginetest.Hashes(t, enginetest.NewPlan(t)), enginetest.Hashes(t, small)[0])
}

func TestPlannedLabels(t *testing.T) {
	targets := func(plan *plan.Plan) []int {
		var all []int
		for _, a := range plan.Cells[len(plan.Cells)-1].Game.Attackers {
			all = append(all, a.Target)
		}
		return all
	}
	plan, err := planTiny(t, func(c *config.Config) { c.Attackers.Label = "3" })
	require.NoError(t, err)
	require.Equal(t, []int{3, 3, 3, 3}, targets(plan))

	plan, err = planTiny(t, func(c *config.Config) {
		c.Attackers.Labels, c.Attackers.Targets = "list", []string{"north", "west", "1", "south", "unused"}
	})
	require.NoError(t, err)
	require.Equal(t, []int{0, 3, 1, 2}, targets(plan))

	random := func(n int) []int {
		plan, err := planTiny(t, func(c *config.Config) { c.Attackers.Labels, c.Attackers.Counts = "random", []int{n} })
		require.NoError(t, err)
		return targets(plan)
	}
	many := random(20)
	require.Equal(t, many[:5], random(5), "an attacker keeps its label however many there are")
	for class := range 4 {
		require.Contains(t, many, class)
	}
}

func TestPlanRefusesWhatCannotBePlayed(t *testing.T) {
	list := func(targets ...string) func(*config.Config) {
		return func(c *config.Config) { c.Attackers.Labels, c.Attackers.Targets = "list", targets }
	}
	for name, tc := range map[string]struct {
		change func(*config.Config)
		is     error
		says   string
	}{
		"unknown label":       {func(c *config.Config) { c.Attackers.Label = "up" }, datasets.ErrUnknownClass, "attackers.label"},
		"unknown target":      {list("up", "1", "1", "1"), datasets.ErrUnknownClass, "attackers.targets"},
		"too few targets":     {list("1"), cell.ErrPlan, "attacker 1"},
		"too many attackers":  {func(c *config.Config) { c.Attackers.Counts = []int{1, 399} }, game.ErrRules, "choose fewer seats"},
		"pool too large":      {func(c *config.Config) { c.Pool.Size = 401 }, game.ErrRules, "401"},
		"batch over the rows": {func(c *config.Config) { c.Train.Batch = 321 }, cell.ErrPlan, "train.batch = 321"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := planTiny(t, tc.change)
			require.ErrorIs(t, err, cell.ErrPlan)
			require.ErrorIs(t, err, tc.is)
			require.ErrorContains(t, err, tc.says)
		})
	}
}

func TestPlanRefusesImagesThatTheNetworkCannotTake(t *testing.T) {
	set, err := datasets.New("dots", make([]uint8, 100*7*7), make([]uint16, 100), 1, 7, 7, []string{"dot"})
	require.NoError(t, err)
	cfg, err := enginetest.Config()
	require.NoError(t, err)
	cfg.Attackers.Label, cfg.Attackers.Counts, cfg.Attackers.P = "dot", []int{1}, 0
	_, err = plan.New(cfg, set)
	require.ErrorIs(t, err, cell.ErrPlan)
	require.ErrorContains(t, err, "7 x 7")
}
