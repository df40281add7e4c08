package indexing

import (
	"fmt"
	"slices"

	"backfire/internal/streams"
)

// Scratch is the From of a model that starts from the initial weights.
const Scratch = -1

// Stage is a part of a training with the same images throughout.
type Stage struct {
	// Agents are those whose images are trained on, beside the defender's:
	// positions in ascending order.
	Agents []int `json:"agents"`
	// Epochs is the number of passes over these images.
	Epochs int `json:"epochs"`
}

// Model is one model of a plan.
type Model struct {
	// Excluded are the agents whose images the model never saw, in ascending
	// order. It is empty for the training that leaves the checkpoints of
	// Sliced.
	Excluded []int `json:"excluded"`
	// From is Scratch, or the stage of the plan's first model before which the
	// checkpoint was taken that this model continues from.
	From int `json:"from"`
	// Stages are what this model itself trains, in order.
	Stages []Stage `json:"stages"`
}

// Plan is the set of models that index the agents of one game. Agents are
// positions in the game's list of attackers, 0 to Agents-1; the defender's
// images are in every stage.
type Plan struct {
	Settings Settings `json:"settings"`
	Agents   int      `json:"agents"`
	Epochs   int      `json:"epochs"`
	// Models are in the order to train them: the one that leaves checkpoints
	// first.
	Models []Model `json:"models"`
	// Answers holds for each agent the position in Models of the one that
	// answers its queries.
	Answers []int `json:"answers"`
}

// NewPlan plans the models for a game of so many agents, each trained for so
// many epochs. Who is in which group or slice is drawn from the seed. The error
// wraps ErrPlan.
func NewPlan(s Settings, agents, epochs int, seed uint64) (*Plan, error) {
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("indexing: %w: %w", ErrPlan, err)
	}
	if err := s.Fits(agents, epochs); err != nil {
		return nil, fmt.Errorf("indexing: %w", err)
	}
	p := &Plan{Settings: s, Agents: agents, Epochs: epochs, Answers: make([]int, agents)}
	switch s.Mode {
	case Exact:
		p.group(oneEach(agents))
	case Grouped:
		p.group(dealt(agents, s.Models, seed))
	default:
		p.slice(dealt(agents, s.Models, seed))
	}
	return p, nil
}

// oneEach returns n groups of one agent.
func oneEach(n int) [][]int {
	groups := make([][]int, n)
	for i := range groups {
		groups[i] = []int{i}
	}
	return groups
}

// dealt deals n agents at random into k groups whose sizes differ by at most
// one, each in ascending order.
func dealt(n, k int, seed uint64) [][]int {
	order := streams.New(seed, "indexing", uint64(n), uint64(k)).Perm(n)
	groups := make([][]int, k)
	for i, agent := range order {
		groups[i%k] = append(groups[i%k], agent)
	}
	for _, group := range groups {
		slices.Sort(group)
	}
	return groups
}

// without returns the agents 0 to n-1 that are not in excluded.
func without(n int, excluded []int) []int {
	agents := make([]int, 0, n-len(excluded))
	for i := range n {
		if !slices.Contains(excluded, i) {
			agents = append(agents, i)
		}
	}
	return agents
}

// group adds one model per group, without the group's agents, whose queries it
// answers.
func (p *Plan) group(groups [][]int) {
	for _, group := range groups {
		for _, agent := range group {
			p.Answers[agent] = len(p.Models)
		}
		p.Models = append(p.Models, Model{
			Excluded: group, From: Scratch,
			Stages: []Stage{{Agents: without(p.Agents, group), Epochs: p.Epochs}},
		})
	}
}

// slice adds the training that the slices enter one by one, and for each agent
// the model that continues from the checkpoint before its slice. The epochs are
// shared out equally; where that is not possible, the last stages, which see
// the most images, have one more.
func (p *Plan) slice(groups [][]int) {
	k := len(groups)
	all := Model{Excluded: []int{}, From: Scratch}
	var entered []int
	for at, group := range groups {
		entered = append(entered, group...)
		slices.Sort(entered)
		epochs := p.Epochs / k
		if at >= k-p.Epochs%k {
			epochs++
		}
		all.Stages = append(all.Stages, Stage{Agents: slices.Clone(entered), Epochs: epochs})
	}
	p.Models = append(p.Models, all)
	for at, group := range groups {
		for _, agent := range group {
			m := Model{Excluded: []int{agent}, From: at}
			for _, stage := range all.Stages[at:] {
				others := slices.DeleteFunc(slices.Clone(stage.Agents), func(other int) bool { return other == agent })
				m.Stages = append(m.Stages, Stage{Agents: others, Epochs: stage.Epochs})
			}
			p.Answers[agent] = len(p.Models)
			p.Models = append(p.Models, m)
		}
	}
}
