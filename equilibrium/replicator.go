package equilibrium

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"backfire/internal/streams"
)

// Rest is a symmetric equilibrium to which the replicator dynamics leads.
type Rest struct {
	Equilibrium
	// Share is the share of the starts that end here: the size of its basin.
	Share float64 `json:"share"`
}

// Dynamics is the outcome of the replicator dynamics from many starts.
type Dynamics struct {
	// Rests are ordered by Share, the largest first.
	Rests []Rest `json:"rests"`
	// Starts is the number of starts. Unsettled is the share of the starts from which the
	// dynamics came to no rest, as where it circles.
	Starts    int     `json:"starts"`
	Unsettled float64 `json:"unsettled"`
}

const (
	// replicatorSteps is the largest number of steps of one start. In a step, the logarithm
	// of the ratio of two probabilities changes by at most stepSize.
	replicatorSteps = 4000
	stepSize        = 1.0
	// arrived is the distance from an equilibrium, as the largest difference of a
	// probability, at which a start has settled: so close that a start which only passes an
	// unstable one does not. After all steps, nearly is enough.
	arrived = 1e-6
	nearly  = 1e-3
	// still is the largest change of a probability in a step that counts as rest.
	still = 1e-11
)

// Replicate runs the replicator dynamics from a number of starts, at least 1: the centre
// of the simplex, then mixtures that are spread evenly over it by a fixed stream. A start
// settles at an equilibrium that Symmetric finds.
func (g *Game) Replicate(starts int) Dynamics { return g.replicate(starts, g.Symmetric().Equilibria) }

// replicate runs the dynamics of Replicate towards known equilibria.
func (g *Game) replicate(starts int, known []Equilibrium) Dynamics {
	d := Dynamics{Starts: max(starts, 1)}
	counts := make([]int, len(known))
	unsettled := 0
	for _, m := range g.starts(d.Starts) {
		if _, at := g.settle(m, known); at >= 0 {
			counts[at]++
		} else {
			unsettled++
		}
	}
	for i, count := range counts {
		if count > 0 {
			d.Rests = append(d.Rests, Rest{Equilibrium: known[i], Share: float64(count) / float64(d.Starts)})
		}
	}
	slices.SortStableFunc(d.Rests, func(a, b Rest) int { return cmp.Compare(b.Share, a.Share) })
	d.Unsettled = float64(unsettled) / float64(d.Starts)
	return d
}

// starts returns the mixtures from which the dynamics starts.
func (g *Game) starts(n int) []Mixture {
	rng := streams.New(0, "replicator starts", uint64(g.strategies))
	all := make([]Mixture, n)
	for i := range all {
		all[i] = make(Mixture, g.strategies)
		for s := range all[i] {
			if all[i][s] = 1; i > 0 {
				all[i][s] = rng.ExpFloat64() + 1e-9
			}
		}
		floats.Scale(1/floats.Sum(all[i]), all[i])
	}
	return all
}

// settle runs the dynamics from a mixture until it arrives at one of the known equilibria,
// and returns the mixture with the equilibrium's index, -1 if it arrives at none. The
// logarithms of the probabilities are integrated by Heun's method.
func (g *Game) settle(m Mixture, known []Equilibrium) (Mixture, int) {
	logs := make([]float64, len(m))
	for s, p := range m {
		logs[s] = math.Log(p)
	}
	if g.span == 0 {
		return m, nearest(m, known, arrived)
	}
	ahead := make([]float64, len(m))
	for range replicatorSteps {
		if at := nearest(m, known, arrived); at >= 0 {
			return m, at
		}
		here := g.Deviations(m)
		floats.AddScaledTo(ahead, logs, stepSize/g.span, here)
		there := g.Deviations(softmax(ahead))
		floats.Add(here, there)
		floats.AddScaled(logs, stepSize/g.span/2, here)
		last := m
		if m = softmax(logs); floats.Distance(m, last, math.Inf(1)) < still {
			break
		}
	}
	return m, nearest(m, known, nearly)
}

// nearest returns the index of the equilibrium within a distance of a mixture, -1 for none.
func nearest(m Mixture, known []Equilibrium, within float64) int {
	for i, e := range known {
		if floats.Distance(m, e.Mixture, math.Inf(1)) < within {
			return i
		}
	}
	return -1
}

// softmax returns the mixture whose logarithms are given up to a constant.
func softmax(logs []float64) Mixture {
	m := make(Mixture, len(logs))
	top := floats.Max(logs)
	for s, x := range logs {
		m[s] = math.Exp(x - top)
	}
	floats.Scale(1/floats.Sum(m), m)
	return m
}
