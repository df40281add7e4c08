package indexing

import (
	"fmt"
	"slices"

	"backfire/defenses/definition"
	"backfire/internal/streams"
)

// Scratch is the From of a model that starts from the initial weights.
const Scratch = -1

// Stage is a part of a training with the same images throughout.
type Stage struct {
	// Agents lists the agents whose images are trained on, beside the
	// defender's: positions in ascending order.
	Agents []int `json:"agents"`
	// Epochs is the number of passes over these images.
	Epochs int `json:"epochs"`
}

// Model is one model of a plan.
type Model struct {
	// Excluded lists the agents on whose images the model was never trained, in
	// ascending order. It is empty for the model of Sliced that saves the
	// checkpoints.
	Excluded []int `json:"excluded"`
	// From is Scratch, or the stage of the plan's first model from whose beginning
	// this model resumes.
	From int `json:"from"`
	// Stages lists the stages after From, in order.
	Stages []Stage `json:"stages"`
}

// Plan is the set of models that index the agents of one game. Agents are
// positions in the game's list of attackers, 0 to Agents-1; the defender's
// images are in every stage.
type Plan struct {
	Settings Settings `json:"settings"`
	// Agents is the number of agents, Epochs that of each model's epochs.
	Agents int `json:"agents"`
	Epochs int `json:"epochs"`
	// Models lists the models in the order of training: the one that saves
	// checkpoints comes first.
	Models []Model `json:"models"`
	// Answers holds for each agent the position in Models of the model that
	// answers its queries.
	Answers []int `json:"answers"`
}

// NewPlan plans the models for a game with the given number of agents, each
// trained for the given number of epochs. The groups or slices are drawn by the
// seed. The error wraps ErrPlan.
func NewPlan(s Settings, agents, epochs int, seed uint64) (*Plan, error) {
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("indexing: %w: %w", ErrPlan, err)
	}
	if err := s.Fits(definition.Scale{Agents: agents, Epochs: epochs}); err != nil {
		return nil, fmt.Errorf("indexing: %w", err)
	}
	p := &Plan{Settings: s, Agents: agents, Epochs: epochs, Answers: make([]int, agents)}
	switch s.Mode {
	case Exact:
		p.addGroups(singletons(agents))
	case Grouped:
		p.addGroups(dealGroups(agents, s.Models, seed))
	default:
		p.addSlices(dealGroups(agents, s.Models, seed))
	}
	return p, nil
}

// singletons returns n groups of one agent each.
func singletons(n int) [][]int {
	groups := make([][]int, n)
	for i := range groups {
		groups[i] = []int{i}
	}
	return groups
}

// dealGroups deals n agents at random into k groups whose sizes differ by at most
// one. Each group is in ascending order.
func dealGroups(n, k int, seed uint64) [][]int {
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

// agentsExcept returns the agents 0 to n-1 that are not in excluded.
func agentsExcept(n int, excluded []int) []int {
	agents := make([]int, 0, n-len(excluded))
	for i := range n {
		if !slices.Contains(excluded, i) {
			agents = append(agents, i)
		}
	}
	return agents
}

// addGroups adds one model per group. It is trained without the group's agents
// and answers their queries.
func (p *Plan) addGroups(groups [][]int) {
	for _, group := range groups {
		for _, agent := range group {
			p.Answers[agent] = len(p.Models)
		}
		p.Models = append(p.Models, Model{
			Excluded: group, From: Scratch,
			Stages: []Stage{{Agents: agentsExcept(p.Agents, group), Epochs: p.Epochs}},
		})
	}
}

// addSlices adds the model that the slices enter one by one, and for each agent
// the model that resumes from the checkpoint before its slice. The stages have
// equal numbers of epochs; if the epochs are not divisible, the last stages, which
// have the most images, have one more.
func (p *Plan) addSlices(groups [][]int) {
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
