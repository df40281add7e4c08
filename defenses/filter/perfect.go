package filter

import "backfire/defenses/definition"

// Perfect removes exactly the poisoned images, the bound from above. No defender can
// have it, since it is told which images carry a trigger. It trains no first model.
type Perfect struct{}

// PerfectFilter is the definition of Perfect.
var PerfectFilter = definition.Definition{
	Kind: "perfect_filter", Stages: stages,
	Summary: "exactly the poisoned images are removed, which no defender can do: the bound from above for filters",
	New:     func() any { return new(Perfect) },
}

// Remove removes the poisoned images.
func (*Perfect) Remove(in Input) ([]int, error) {
	var removed []int
	for i, poisoned := range in.Poisoned {
		if poisoned {
			removed = append(removed, i)
		}
	}
	return removed, nil
}

// FirstEpochs returns 0: there is no first model.
func (*Perfect) FirstEpochs(int) int { return 0 }
