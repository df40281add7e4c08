package indexing_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/defenses/indexing"
	"backfire/game"
	"backfire/triggers"
)

// scenario is a game's size and a plan for it.
type scenario struct {
	plan           *indexing.Plan
	agents, epochs int
}

// scenarios generates games' sizes with plans of all modes.
func scenarios() *rapid.Generator[scenario] {
	return rapid.Custom(func(t *rapid.T) scenario {
		agents, epochs := rapid.IntRange(1, 20).Draw(t, "agents"), rapid.IntRange(1, 30).Draw(t, "epochs")
		s := indexing.Settings{Mode: rapid.SampledFrom([]indexing.Mode{indexing.Exact, indexing.Grouped, indexing.Sliced}).Draw(t, "mode")}
		switch s.Mode {
		case indexing.Grouped:
			s.Models = rapid.IntRange(1, agents).Draw(t, "models")
		case indexing.Sliced:
			s.Models = rapid.IntRange(1, min(agents, epochs)).Draw(t, "models")
		}
		plan, err := indexing.NewPlan(s, agents, epochs, rapid.Uint64().Draw(t, "seed"))
		require.NoError(t, err)
		return scenario{plan: plan, agents: agents, epochs: epochs}
	})
}

func TestNoAgentIsAnsweredByAModelTrainedOnItsImages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios().Draw(t, "plan")
		require.Len(t, s.plan.Answers, s.agents)
		for agent, answer := range s.plan.Answers {
			require.Contains(t, s.plan.Models[answer].Excluded, agent)
			for _, stage := range s.plan.Course(answer) {
				require.NotContains(t, stage.Agents, agent)
			}
		}
		for at, m := range s.plan.Models {
			epochs := 0
			course := s.plan.Course(at)
			for _, stage := range course {
				require.Positive(t, stage.Epochs)
				require.True(t, slices.IsSorted(stage.Agents))
				epochs += stage.Epochs
			}
			require.Equal(t, s.epochs, epochs, "every model is trained for all epochs")
			last := course[len(course)-1].Agents
			require.Len(t, last, s.agents-len(m.Excluded), "all other agents have entered in the end")
			for _, agent := range m.Excluded {
				require.NotContains(t, last, agent)
			}
		}
	})
}

func TestPlansByMode(t *testing.T) {
	exact, err := indexing.NewPlan(indexing.Settings{Mode: indexing.Exact}, 3, 5, 1)
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 2}, exact.Answers)
	require.Equal(t, indexing.Model{Excluded: []int{1}, From: indexing.Scratch, Stages: []indexing.Stage{{Agents: []int{0, 2}, Epochs: 5}}}, exact.Models[1])
	require.Equal(t, "model 2 of 3: trained without agent 1", exact.Reason(1))

	grouped, err := indexing.NewPlan(indexing.Settings{Mode: indexing.Grouped, Models: 3}, 8, 5, 1)
	require.NoError(t, err)
	var sizes, members []int
	for _, m := range grouped.Models {
		sizes, members = append(sizes, len(m.Excluded)), append(members, m.Excluded...)
	}
	require.Equal(t, []int{3, 3, 2}, sizes)
	slices.Sort(members)
	require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7}, members)
	require.NotEqual(t, []int{0, 3, 6}, grouped.Models[0].Excluded, "groups are dealt at random, not in turn")
	require.Contains(t, grouped.Reason(4), "trained without the 3 agents of agent 4's group")

	sliced, err := indexing.NewPlan(indexing.Settings{Mode: indexing.Sliced, Models: 2}, 4, 5, 1)
	require.NoError(t, err)
	require.Len(t, sliced.Models, 5)
	base := sliced.Models[0]
	require.Empty(t, base.Excluded)
	require.Equal(t, []int{2, 3}, []int{base.Stages[0].Epochs, base.Stages[1].Epochs})
	require.Len(t, base.Stages[0].Agents, 2)
	require.Equal(t, []int{0, 1, 2, 3}, base.Stages[1].Agents)
	for agent, answer := range sliced.Answers {
		m := sliced.Models[answer]
		if slices.Contains(base.Stages[0].Agents, agent) {
			require.Equal(t, 0, m.From, "a model without an agent of the first slice starts from the initial weights")
			require.Equal(t, m.Stages, sliced.Course(answer))
		} else {
			require.Equal(t, 1, m.From)
			require.Equal(t, base.Stages[0], sliced.Course(answer)[0])
			require.Contains(t, sliced.Reason(agent), "from the checkpoint before slice 2 of 2")
		}
	}
}

func TestCost(t *testing.T) {
	agents := []int{10, 20, 30, 40}
	for name, c := range map[string]struct {
		settings indexing.Settings
		models   int
		images   int64
	}{
		"exact trains four models, each without one agent": {indexing.Settings{Mode: indexing.Exact}, 4, 10 * (4*50 + 3*100)},
		"grouped leaves each agent out once":               {indexing.Settings{Mode: indexing.Grouped, Models: 2}, 2, 10 * (2*50 + 100)},
		"one group is the defender alone":                  {indexing.Settings{Mode: indexing.Grouped, Models: 1}, 1, 10 * 50},
		"one slice trains the base and all restarts":       {indexing.Settings{Mode: indexing.Sliced, Models: 1}, 5, 10 * (150 + 4*50 + 3*100)},
	} {
		p, err := indexing.NewPlan(c.settings, 4, 10, 1)
		require.NoError(t, err)
		cost, err := p.Cost(50, agents)
		require.NoError(t, err)
		require.Equal(t, indexing.Cost{Models: c.models, Images: c.images, Undefended: 1500}, cost, name)
	}

	rapid.Check(t, func(t *rapid.T) {
		s := scenarios().Draw(t, "plan")
		contributions := make([]int, s.agents)
		for i := range contributions {
			contributions[i] = 7
		}
		cost, err := s.plan.Cost(40, contributions)
		require.NoError(t, err)
		exact, err := indexing.NewPlan(indexing.Default(), s.agents, s.epochs, 1)
		require.NoError(t, err)
		most, err := exact.Cost(40, contributions)
		require.NoError(t, err)
		if s.plan.Settings.Mode == indexing.Sliced {
			most.Images += most.Undefended // the model that saves the checkpoints
		}
		require.LessOrEqual(t, cost.Images, most.Images, "no mode costs more than exact")
	})

	p, err := indexing.NewPlan(indexing.Default(), 4, 10, 1)
	require.NoError(t, err)
	_, err = p.Cost(50, agents[:3])
	require.EqualError(t, err, "indexing: cost: contributions of 3 agents for a plan of 4")
}

func TestSettingsAreRefused(t *testing.T) {
	for reason, s := range map[string]indexing.Settings{
		`mode is "": it must be exact, grouped or sliced`:                                             {},
		"models is 2: exact trains one model per agent; remove models, or choose grouped or sliced":   {Mode: indexing.Exact, Models: 2},
		"models is 0: grouped needs at least 1":                                                       {Mode: indexing.Grouped},
		"models is -1: sliced needs at least 1":                                                       {Mode: indexing.Sliced, Models: -1},
		"models is 6, more than the 5 agents: choose at most 5":                                       {Mode: indexing.Grouped, Models: 6},
		"models is 4 slices, more than the 3 epochs, of which each slice needs one: choose at most 3": {Mode: indexing.Sliced, Models: 4},
	} {
		_, err := indexing.NewPlan(s, 5, 3, 1)
		require.ErrorIs(t, err, indexing.ErrPlan)
		require.ErrorContains(t, err, reason)
	}
	for _, size := range [][2]int{{0, 3}, {5, 0}} {
		_, err := indexing.NewPlan(indexing.Default(), size[0], size[1], 1)
		require.ErrorIs(t, err, indexing.ErrPlan)
	}
}

// trainingSet returns a training set in which all values of an image are its row
// number.
func trainingSet(rows []game.Row) *game.TrainingSet {
	t := &game.TrainingSet{Shape: triggers.Shape{C: 1, H: 2, W: 2}, Rows: rows}
	for i, row := range rows {
		t.Images = append(t.Images, slices.Repeat([]uint8{uint8(i)}, 4)...)
		t.Labels = append(t.Labels, row.New)
	}
	return t
}

func TestSelect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		owners := rapid.SliceOf(rapid.IntRange(-1, 4)).Draw(t, "owners")
		agents := rapid.SliceOfDistinct(rapid.IntRange(0, 4), rapid.ID).Draw(t, "agents")
		rows := make([]game.Row, len(owners))
		for i, owner := range owners {
			rows[i] = game.Row{Source: i, Owner: owner, Trigger: game.NoTrigger, New: uint16(i % 10)}
		}
		whole := trainingSet(rows)
		s := indexing.Select(whole, agents)
		at := 0
		for i, row := range rows {
			if row.Owner != game.Defender && !slices.Contains(agents, row.Owner) {
				continue
			}
			require.Equal(t, row, s.Rows[at])
			require.Equal(t, row.New, s.Labels[at])
			require.Equal(t, whole.Images[4*i:4*i+4], s.Images[4*at:4*at+4])
			at++
		}
		require.Len(t, s.Rows, at)
		require.Len(t, s.Labels, at)
		require.Len(t, s.Images, 4*at)
		require.Equal(t, whole.Shape, s.Shape)
	})
}

// TestColludersEvadeIndexing shows the limit of the guarantee: the model without
// agent 0 is trained on none of its rows, but on agent 1's with the same trigger
// and target label, unless both are left out together.
func TestColludersEvadeIndexing(t *testing.T) {
	// Agents 0 and 1 share trigger and label, agent 2 works alone.
	const shared, other = 0, 2
	var rows []game.Row
	for owner, trigger := range []int{shared, shared, other} {
		for source := range 5 {
			rows = append(rows, game.Row{Source: 5*owner + source, Owner: owner, Trigger: trigger, New: 2})
		}
	}
	whole := trainingSet(rows)
	// stamped returns the number of rows with a trigger on which the model that
	// answers an agent was trained.
	stamped := func(p *indexing.Plan, agent, trigger int) (n int) {
		for _, stage := range p.Course(p.Answers[agent]) {
			for _, row := range indexing.Select(whole, stage.Agents).Rows {
				require.NotEqual(t, agent, row.Owner)
				if row.Trigger == trigger {
					n++
				}
			}
		}
		return n
	}
	exact, err := indexing.NewPlan(indexing.Default(), 3, 1, 1)
	require.NoError(t, err)
	require.Zero(t, stamped(exact, 2, other), "an agent that works alone is left out with its trigger")
	require.Equal(t, 5, stamped(exact, 0, shared), "the colluder's images carry the trigger")
	require.Equal(t, 5, stamped(exact, 1, shared))

	together, err := indexing.NewPlan(indexing.Settings{Mode: indexing.Grouped, Models: 1}, 3, 1, 1)
	require.NoError(t, err)
	require.Zero(t, stamped(together, 0, shared), "one group leaves both out")
}
