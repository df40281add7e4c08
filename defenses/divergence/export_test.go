package divergence

import (
	"gonum.org/v1/gonum/mat"

	"backfire/defenses/features"
	"backfire/stats"
)

// MMD2At returns the MMD2 of agent 0's images, of a set of one class without
// triggers, with a bandwidth that does not depend on the images.
func MMD2At(d Data, bandwidth float64) stats.Number {
	groups, err := d.seen()
	if err != nil {
		return stats.Undefined()
	}
	j := &joint{}
	var samples []*mat.Dense
	for agent := range len(groups[0]) {
		at := groups[0][cell{agent: agent}].looked
		samples = append(samples, features.Rows(d.Features, at))
		j.counts = append(j.counts, float64(len(at)))
		j.cells = append(j.cells, cell{agent: agent})
		j.total += float64(len(at))
	}
	j.compare(samples, features.Kernel{Bandwidth: bandwidth})
	return j.divergence(0, All, 0, 1).MMD2
}
