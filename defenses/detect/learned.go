package detect

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"backfire/defenses/features"
	"backfire/internal/streams"
)

const (
	// mostEpisodes is the maximum number of episodes of one label.
	mostEpisodes = 48
	// episodeRows is the maximum number of hidden images that an episode asks with.
	episodeRows = 8
	// fewestHidden is the smallest number of an agent's images with a label of which
	// half can be hidden.
	fewestHidden = 2
)

// bandwidths are the bandwidths of MMD among the inputs of the set network, as
// multiples of the median distance.
var bandwidths = []float64{0.5, 1, 2}

// fitLearned returns a scorer by a set network that learns to match (Yu et al.,
// "Learning to Match Distributions for Domain Adaptation", 2020): it has several
// distances between a query and an agent's images as inputs, and learns from tasks of
// the same kind which of them tell agents apart. The tasks are episodes with the
// contributed images alone: half of each agent's images with the label are hidden, and
// the network is asked whose some of the hidden ones are. The group has no network, and
// the scores are 0, where no agent has two images with the label.
func fitLearned(b *Bank, label int, g *group) (scorer, error) {
	thinned, halves, hidden := make([]*mat.Dense, b.agents), make([]*mat.Dense, b.agents), make([]*mat.Dense, b.agents)
	for i, x := range g.agents {
		if x == nil {
			continue
		}
		x = features.Spaced(x, matchedRows)
		thinned[i], halves[i] = x, x
		n, _ := x.Dims()
		if n < fewestHidden {
			continue
		}
		order := streams.New(b.seed, "hidden images", uint64(i), uint64(label+1)).Perm(n)
		hidden[i] = features.Rows(x, order[:n/2])
		halves[i] = features.Rows(x, order[n/2:])
	}
	reference, err := newMatcher(b, label, newGroup(halves))
	if err != nil || reference == nil {
		return nil, err
	}
	network := newSetNetwork(reference.width(), streams.New(b.seed, "set network", uint64(label+1)))
	episodes, err := reference.episodes(b, label, hidden)
	if err != nil {
		return nil, err
	}
	network.train(episodes)
	all, err := newMatcher(b, label, newGroup(thinned))
	if err != nil || all == nil {
		return nil, err
	}
	return func(query *mat.Dense) ([]float64, error) {
		elements, present, err := all.inputs(features.Spaced(query, matchedRows))
		if err != nil {
			return nil, err
		}
		scores := make([]float64, b.agents)
		for i := range scores {
			scores[i] = math.NaN()
		}
		for at, i := range present {
			if _, scores[i] = network.forward(elements[at]); len(episodes) == 0 {
				scores[i] = 0
			}
		}
		return scores, nil
	}, nil
}

// matcher computes the inputs of a set network for queries of one label.
type matcher struct {
	group   *group
	space   *features.Principal
	kernels []features.Kernel
	within  [][]float64 // by agent and kernel
	scorers []scorer
}

// newMatcher fits the estimators that the paper names to a group. It returns nil if the
// group cannot distinguish agents.
func newMatcher(b *Bank, label int, g *group) (*matcher, error) {
	space, err := g.space()
	if errors.Is(err, features.ErrConstant) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	m := &matcher{group: g, space: space, within: make([][]float64, b.agents)}
	median := features.MedianKernel(features.Spaced(g.all, MaxRows)).Bandwidth
	for _, times := range bandwidths {
		m.kernels = append(m.kernels, features.Kernel{Bandwidth: times * median})
	}
	for i, x := range g.agents {
		if x != nil {
			for _, kernel := range m.kernels {
				m.within[i] = append(m.within[i], kernel.Within(x))
			}
		}
	}
	for _, r := range named {
		fitted, err := r.fit(b, label, g)
		if err != nil {
			return nil, err
		}
		m.scorers = append(m.scorers, fitted)
	}
	return m, nil
}

// width returns the number of inputs for one agent.
func (m *matcher) width() int { return len(m.scorers) + components + len(m.kernels) }

// inputs returns the inputs for each agent with images, and the agents' positions: the
// scores of the estimators, the differences of means in the principal components in
// standard deviations, and minus the MMD at each bandwidth. Each is standardised over the
// agents, since only its differences between agents tell them apart.
func (m *matcher) inputs(query *mat.Dense) (elements [][]float64, present []int, err error) {
	scores := make([][]float64, len(m.scorers))
	for j, score := range m.scorers {
		if score == nil {
			continue
		}
		if scores[j], err = score(query); err != nil {
			return nil, nil, err
		}
	}
	mean := weightedMean(m.space.Whiten(query), nil)
	own := make([]float64, len(m.kernels))
	for k, kernel := range m.kernels {
		own[k] = kernel.Within(query)
	}
	for i, x := range m.group.agents {
		if x == nil {
			continue
		}
		element := make([]float64, 0, m.width())
		for _, s := range scores {
			value := 0.0
			if s != nil && !math.IsNaN(s[i]) {
				value = s[i]
			}
			element = append(element, value)
		}
		differences := make([]float64, components)
		for j, v := range weightedMean(m.space.Whiten(x), nil) {
			differences[j] = math.Abs(mean[j] - v)
		}
		element = append(element, differences...)
		for k, kernel := range m.kernels {
			element = append(element, 2*kernel.Between(query, x)-own[k]-m.within[i][k])
		}
		elements, present = append(elements, element), append(present, i)
	}
	standardise(elements)
	return elements, present, nil
}

// standardise shifts and scales each input to the mean 0 and the deviation 1 over the
// elements, or to 0 where all are equal.
func standardise(elements [][]float64) {
	column := make([]float64, len(elements))
	for j := range elements[0] {
		for i, element := range elements {
			column[i] = element[j]
		}
		mean, deviation := stat.PopMeanStdDev(column, nil)
		for _, element := range elements {
			if element[j] -= mean; deviation > 0 {
				element[j] /= deviation
			} else {
				element[j] = 0
			}
		}
	}
}

// episodes returns the tasks of one label, at most mostEpisodes: the agents with hidden
// images take turns, each time with a random number of its hidden images.
func (m *matcher) episodes(b *Bank, label int, hidden []*mat.Dense) ([]episode, error) {
	var asked []int
	for i, x := range hidden {
		if x != nil {
			asked = append(asked, i)
		}
	}
	if len(asked) == 0 {
		return nil, nil
	}
	var episodes []episode
	for number := range mostEpisodes {
		agent := asked[number%len(asked)]
		n, _ := hidden[agent].Dims()
		rng := streams.New(b.seed, "episode", uint64(number), uint64(label+1))
		rows := rng.Perm(n)[:1+rng.IntN(min(episodeRows, n))]
		elements, present, err := m.inputs(features.Rows(hidden[agent], rows))
		if err != nil {
			return nil, err
		}
		e := episode{elements: elements}
		for at, i := range present {
			if i == agent {
				e.answer = at
			}
		}
		episodes = append(episodes, e)
	}
	return episodes, nil
}
