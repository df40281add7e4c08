package divergence

import (
	"gonum.org/v1/gonum/mat"

	"backfire/defenses/features"
	"backfire/stats"
)

// MMD2At returns the MMD2 of agent 0's images, in a set of one class without
// triggers, with a bandwidth that does not depend on the images.
func MMD2At(d Data, bandwidth float64) stats.Number {
	classes, err := d.sampledSubsets()
	if err != nil {
		return stats.Undefined()
	}
	m := &mixture{}
	var samples []*mat.Dense
	for agent := range len(classes[0]) {
		s := subset{agent: agent}
		vectors := classes[0][s].vectors
		samples = append(samples, features.Rows(d.Features, vectors))
		m.counts = append(m.counts, float64(len(vectors)))
		m.subsets = append(m.subsets, s)
		m.total += float64(len(vectors))
	}
	m.computeKernels(samples, features.Kernel{Bandwidth: bandwidth})
	return m.divergence(0, All, 0, 1).MMD2
}
