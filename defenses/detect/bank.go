// Package detect guesses the agent from which a query without an index comes:
// i* = argmax similarity(x*, d_i), equation 3 of the paper (section 7.2).
//
// It works on penultimate features (package features) of the sub-datasets that
// the agents contributed and of the query, which is a batch from one agent or a
// single image. A backdoor ties a trigger to a label, so a query is compared with
// those of an agent's images that have the label predicted for the query. Without
// labels it is compared with the whole sub-dataset.
//
// Every estimator returns one number per agent, which can be compared between the
// agents of one query only; a higher number means more similar.
package detect

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"gonum.org/v1/gonum/mat"

	"backfire/defenses/features"
	"backfire/internal/streams"
)

var (
	// ErrBank is wrapped if sub-datasets cannot be used for comparison.
	ErrBank = errors.New("bad bank of sub-datasets")
	// ErrQuery is wrapped if a query does not fit the bank.
	ErrQuery = errors.New("bad query")
)

// Sample is a set of images, represented by a model's features.
type Sample struct {
	// Features holds one penultimate feature vector per row.
	Features *mat.Dense
	// Labels holds the label of each row: the training label for a sub-dataset,
	// the predicted label for a query. If it is nil, samples are compared without
	// labels.
	Labels []uint8
}

// MaxRows is the maximum number of feature vectors of one agent and label that a
// bank keeps, drawn at random if there are more. It bounds the costs that are
// quadratic in this number.
const MaxRows = 1000

// anyLabel stands for all rows of samples without labels.
const anyLabel = -1

// group holds the feature vectors of one label.
type group struct {
	// agents holds each agent's vectors with the label, nil if it has none.
	agents []*mat.Dense
	// all holds the vectors of all agents.
	all *mat.Dense
	// space returns the first principal components of all, computed once for all
	// estimators that use them. The error wraps features.ErrConstant if all
	// vectors are equal.
	space func() (*features.Principal, error)
}

// components is the number of principal components in which clusters and
// densities are estimated, the number of Chen et al.
const components = 10

// Bank holds the sub-datasets with which queries are compared. It is safe for
// concurrent use.
type Bank struct {
	agents   int
	width    int // values per feature vector
	labelled bool
	seed     uint64
	groups   map[int]*group // by label
}

// NewBank returns a bank of the agents' sub-datasets, in the order of the game's
// attackers. All must have feature vectors of one length, and either all or none
// must have labels. The error wraps ErrBank.
func NewBank(agents []Sample, seed uint64) (*Bank, error) {
	if len(agents) == 0 {
		return nil, fmt.Errorf("detect: %w: no agents: at least 1 is needed", ErrBank)
	}
	b := &Bank{agents: len(agents), seed: seed, groups: map[int]*group{}}
	for i, agent := range agents {
		if agent.Features == nil {
			return nil, fmt.Errorf("detect: %w: agent %d has no features", ErrBank, i)
		}
		_, width := agent.Features.Dims()
		if i == 0 {
			b.width, b.labelled = width, agent.Labels != nil
		}
		if err := b.fits(agent); err != nil {
			return nil, fmt.Errorf("detect: %w: agent %d: %w", ErrBank, i, err)
		}
		for label, rows := range byLabel(agent) {
			g, ok := b.groups[label]
			if !ok {
				g = &group{agents: make([]*mat.Dense, len(agents))}
				b.groups[label] = g
			}
			rows = features.Thin(streams.New(seed, "bank", uint64(i), uint64(label+1)), rows, MaxRows)
			g.agents[i] = features.Rows(agent.Features, rows)
		}
	}
	for label, g := range b.groups {
		b.groups[label] = newGroup(g.agents)
	}
	return b, nil
}

// newGroup returns the group of the agents' vectors, at least one of which is not nil.
func newGroup(agents []*mat.Dense) *group {
	g := &group{agents: agents, all: features.Stack(agents...)}
	g.space = sync.OnceValues(func() (*features.Principal, error) {
		return features.PrincipalComponents(g.all, components)
	})
	return g
}

// fits refuses a sample whose vectors differ in length from the bank's, or that
// has labels where the bank has none or the reverse.
func (b *Bank) fits(s Sample) error {
	n, width := s.Features.Dims()
	switch {
	case width != b.width:
		return fmt.Errorf("feature vectors of %d values, while others have %d", width, b.width)
	case (s.Labels != nil) != b.labelled:
		return errors.New("either all samples or none must have labels")
	case s.Labels != nil && len(s.Labels) != n:
		return fmt.Errorf("%d labels for %d feature vectors", len(s.Labels), n)
	}
	return nil
}

// byLabel returns the rows of a sample, grouped by label.
func byLabel(s Sample) map[int][]int {
	n, _ := s.Features.Dims()
	groups := map[int][]int{}
	for row := range n {
		label := anyLabel
		if s.Labels != nil {
			label = int(s.Labels[row])
		}
		groups[label] = append(groups[label], row)
	}
	return groups
}

// labels returns the labels of the bank in ascending order.
func (b *Bank) labels() []int {
	labels := make([]int, 0, len(b.groups))
	for label := range b.groups {
		labels = append(labels, label)
	}
	slices.Sort(labels)
	return labels
}
