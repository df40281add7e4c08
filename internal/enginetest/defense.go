package enginetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets/testset"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/worker"
	"backfire/game"
)

// defendedConfig plays N = 1 and 3 on the tiny set, attacker 0 also alone, with
// every kind of defender.
func DefendedConfig(t *testing.T, defenders ...string) config.Config {
	t.Helper()
	cfg, err := Config()
	require.NoError(t, err)
	cfg.Attackers.Counts, cfg.Attackers.Singles, cfg.Train.Epochs = []int{1, 3}, 1, 2
	cfg.Defenders = defenders
	return cfg
}

func DefendedPlan(t *testing.T, cfg config.Config) *plan.Plan {
	t.Helper()
	set, err := testset.New(1)
	require.NoError(t, err)
	plan, err := plan.New(cfg, set)
	require.NoError(t, err)
	return plan
}

// played trains a cell with an engine and returns its files' directory.
func Played(t *testing.T, engine worker.Engine, cell cell.Cell) string {
	t.Helper()
	job := NewJob(t, cell)
	events := Work(t, &worker.Worker{Engine: engine, Load: Loader}, job)
	last := events[len(events)-1]
	require.Equal(t, worker.KindDone, last.Kind, last.Error)
	return job.Dir
}

// trainingOf is the training set of a cell of the tiny set.
func TrainingOf(t *testing.T, cell cell.Cell) (*game.Game, *game.TrainingSet, []int) {
	t.Helper()
	set, err := testset.New(1)
	require.NoError(t, err)
	g, err := game.New(set, cell.Game)
	require.NoError(t, err)
	training, simulated, err := cell.TrainingSet(g.Training(), g.Triggers())
	require.NoError(t, err)
	return g, training, simulated
}
