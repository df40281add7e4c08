// Package detect guesses which agent a query came from when no index says so:
// i* = argmax similarity(x*, d_i), equation 3 of the paper (section 7.2).
//
// It works on penultimate features (package features) of the sub-datasets that
// the agents contributed and of the query, a batch from one agent or a single
// image. A backdoor ties a trigger to a label, so a query is compared with those
// of an agent's images that are labelled as the model predicts the query; without
// labels it is compared with the whole sub-dataset.
//
// Every estimator answers with one number per agent, comparable between the
// agents of one query only; a higher one means more similar.
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
	// ErrBank is wrapped where sub-datasets cannot be compared with.
	ErrBank = errors.New("bad bank of sub-datasets")
	// ErrQuery is wrapped where a query does not fit the bank.
	ErrQuery = errors.New("bad query")
)

// Sample is a set of images as a model sees them.
type Sample struct {
	// Features holds one penultimate feature vector per row.
	Features *mat.Dense
	// Labels holds the label of each row: the one that was trained on for a
	// sub-dataset, the predicted one for a query. Nil compares without labels.
	Labels []uint8
}

// MaxRows is how many feature vectors of one agent and label an estimator keeps,
// drawn at random where there are more: what is quadratic in them stays small.
const MaxRows = 1000

// anyLabel stands for all rows of samples without labels.
const anyLabel = -1

// group is what a bank knows about one label.
type group struct {
	// agents holds each agent's vectors with that label, nil if it has none.
	agents []*mat.Dense
	// all holds everybody's.
	all *mat.Dense
	// space returns the first principal components of all, computed once for
	// all estimators that work in them. The error wraps features.ErrConstant
	// where nothing tells agents apart.
	space func() (*features.Principal, error)
}

// components is the number of principal components that clusters and densities
// are estimated in: as many as Chen et al. keep.
const components = 10

// Bank holds the sub-datasets that queries are compared with. It is safe for
// concurrent use.
type Bank struct {
	agents   int
	width    int // values per feature vector
	labelled bool
	seed     uint64
	groups   map[int]*group // by label
}

// NewBank makes a bank of the agents' sub-datasets, in the order of the game's
// attackers. All must have feature vectors of one length, and labels either all
// or none. The error wraps ErrBank.
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
	for _, g := range b.groups {
		g.all = features.Stack(g.agents...)
		g.space = sync.OnceValues(func() (*features.Principal, error) {
			return features.PrincipalComponents(g.all, components)
		})
	}
	return b, nil
}

// fits refuses a sample whose features or labels are not like the bank's.
func (b *Bank) fits(s Sample) error {
	n, width := s.Features.Dims()
	switch {
	case width != b.width:
		return fmt.Errorf("feature vectors of %d values, where others have %d", width, b.width)
	case (s.Labels != nil) != b.labelled:
		return errors.New("labels must be given for all or for none")
	case s.Labels != nil && len(s.Labels) != n:
		return fmt.Errorf("%d labels for %d feature vectors", len(s.Labels), n)
	}
	return nil
}

// byLabel returns the rows of a sample by label.
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
