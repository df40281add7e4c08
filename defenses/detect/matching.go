package detect

import (
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"backfire/defenses/features"
)

// matchedRows is the maximum number of an agent's images with one label, evenly
// spaced, that DMM and L2M compare a query with, which bounds their cost.
const matchedRows = 48

const (
	// matchingRounds is the number of alternations of map and weights.
	matchingRounds = 3
	// metricScale is the squared difference of means, in variances, whose square the
	// map halves.
	metricScale = 10
	// mostWeight is the largest weight of an image; the mean weight is 1.
	mostWeight = 10
	// marginCost is the cost C of the support vector machine.
	marginCost = 1
	// hingeShare is the weight of the hinge loss beside the weighted MMD.
	hingeShare = 0.1
)

// matching compares a query with one agent's images as a distribution matching machine
// does (Cao, Long and Wang, "Unsupervised Domain Adaptation With Distribution Matching
// Machines", AAAI 2018).
type matching struct {
	own, others *mat.Dense // in the whitened components of the label
	kernel      features.Kernel
}

// fitMatching returns a scorer by minus the weighted MMD between query and an agent's
// images plus the hinge loss. Source and target of the machine are the agent's images
// and the query. Three steps take turns: a linear map that brings the means together, the
// weights of the agent's images that match the query's distribution, and a
// linear support vector machine that distinguishes the weighted images from those of
// the other agents. The hinge loss is the machine's on the query as the agent's.
func fitMatching(b *Bank, _ int, g *group) (scorer, error) {
	space, err := g.space()
	if errors.Is(err, features.ErrConstant) {
		return nil, nil // equal vectors cannot distinguish agents
	} else if err != nil {
		return nil, err
	}
	kernel := features.MedianKernel(space.Whiten(features.Spaced(g.all, MaxRows)))
	machines := make([]*matching, b.agents)
	for i, x := range g.agents {
		if x == nil {
			continue
		}
		machines[i] = &matching{kernel: kernel, own: space.Whiten(features.Spaced(x, matchedRows))}
		rest := make([]*mat.Dense, 0, b.agents)
		for j, other := range g.agents {
			if j != i && other != nil {
				rest = append(rest, other)
			}
		}
		if len(rest) > 0 {
			machines[i].others = space.Whiten(features.Spaced(features.Stack(rest...), matchedRows))
		}
	}
	return func(query *mat.Dense) ([]float64, error) {
		white := space.Whiten(features.Spaced(query, matchedRows))
		scores := make([]float64, b.agents)
		for i, m := range machines {
			scores[i] = math.NaN()
			if m != nil {
				scores[i] = m.score(white)
			}
		}
		return scores, nil
	}, nil
}

// score returns the similarity of a query.
func (m *matching) score(query *mat.Dense) float64 {
	n, _ := m.own.Dims()
	weights := slices.Repeat([]float64{1}, n)
	own, target, others := m.own, query, m.others
	for range matchingRounds {
		difference := weightedMean(m.own, weights)
		floats.Sub(difference, weightedMean(query, nil))
		own, target = shrink(m.own, difference), shrink(query, difference)
		if m.others != nil {
			others = shrink(m.others, difference)
		}
		weights = meanMatching(m.kernel, own, target)
	}
	score := -m.kernel.WeightedMMD2(own, weights, target)
	if others != nil {
		score -= hingeShare * supportVectors(own, weights, others, marginCost).hinge(target)
	}
	return score
}

// shrink maps the vectors of x by the symmetric matrix M for which A = MM minimises
// d'Ad/metricScale plus the LogDet divergence of A from the identity (Davis et al.,
// "Information-Theoretic Metric Learning", ICML 2007), with d a difference of means:
// M = I along all directions but d, which shrinks by sqrt(1 + |d|^2/metricScale). M is
// nearly the identity if the means agree.
func shrink(x *mat.Dense, difference []float64) *mat.Dense {
	mapped := mat.DenseCopyOf(x)
	length := floats.Dot(difference, difference)
	if length == 0 {
		return mapped
	}
	n, _ := x.Dims()
	lost := (1 - 1/math.Sqrt(1+length/metricScale)) / length
	for i := range n {
		row := mapped.RawRowView(i)
		floats.AddScaled(row, -lost*floats.Dot(row, difference), difference)
	}
	return mapped
}

// weightedMean returns the mean of a sample with weights; nil weighs all vectors alike.
func weightedMean(x *mat.Dense, weights []float64) []float64 {
	n, d := x.Dims()
	mean, total := make([]float64, d), 0.0
	for i := range n {
		weight := 1.0
		if weights != nil {
			weight = weights[i]
		}
		floats.AddScaled(mean, weight, x.RawRowView(i))
		total += weight
	}
	floats.Scale(1/total, mean)
	return mean
}
