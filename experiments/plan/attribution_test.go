package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/indexing"
	"backfire/experiments/cell"
	"backfire/internal/enginetest"
)

func TestPlanWithAnUnknownIndex(t *testing.T) {
	plan := enginetest.DefendedPlan(t, enginetest.UnknownConfig(t))
	unknown := enginetest.DefenderOf(t, plan, "indexing_unknown")
	require.Equal(t, plan.Games[0].Cell, unknown.Models[0], "the base is the undefended twin")
	attribution, _ := plan.Cell(unknown.Models[1])
	require.Equal(t, &cell.Attribution{Batch: 5, Queries: 1000, Unlearning: indexing.Unlearning{Steps: 10, Rate: 0.003}}, attribution.Attribution)
	require.Zero(t, attribution.TrainedImages())
	require.Equal(t, enginetest.DefenderOf(t, plan, "indexing").Models, unknown.Models[2:])
	require.Equal(t, []int{2, 3, 4}, unknown.Answers)
	require.Len(t, plan.Cells, 1+3+1+1, "one cell more; a group of one attacker is its exact model")

	cfg := enginetest.UnknownConfig(t)
	cfg.Defenses.Set("indexing.update", "pick")
	plan = enginetest.DefendedPlan(t, cfg)
	unknown = enginetest.DefenderOf(t, plan, "indexing_unknown")
	require.Equal(t, enginetest.DefenderOf(t, plan, "indexing_grouped").Models, unknown.Models[2:])
	cfg.Defenders = []string{"cutmix+indexing_unknown"}
	cfg.Defenses.Set("indexing.update", "unlearn")
	cfg.Defenses.Set("indexing.models", 0)
	plan = enginetest.DefendedPlan(t, cfg)
	unknown = enginetest.DefenderOf(t, plan, "cutmix+indexing_unknown")
	require.Len(t, unknown.Models, 2)
	require.Equal(t, []int{1, 1, 1}, unknown.Answers)
	base, _ := plan.Cell(unknown.Models[0])
	require.Equal(t, "N = 3, cutmix", base.Title())
	attribution, _ = plan.Cell(unknown.Models[1])
	require.Equal(t, "N = 3, cutmix, asked without an index", attribution.Title())
}
