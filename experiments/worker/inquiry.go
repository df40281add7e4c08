package worker

import (
	"backfire/defenses/features"
	"backfire/defenses/indexing"
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/streams"
)

// query is a question whose images they are.
type ProbeGroup struct {
	Probes []int // positions in game.Probes
}

// newAsked chooses the probes of an inquiry: of each owner, with and without
// trigger, all or so many drawn from the stream "queries", and deals them out to
// queries by the batch in their order.
func NewAttributedProbes(i cell.Attribution, list []game.Probe, seed uint64) []store.AttributedProbe {
	var all []store.AttributedProbe
	batch := 0
	for first := 0; first < len(list); {
		end, kind := first, list[first]
		var group []int
		for end < len(list) && list[end].Owner == kind.Owner && list[end].Trigger == kind.Trigger {
			group = append(group, end)
			end++
		}
		if first = end; i.Queries > 0 {
			group = features.Thin(streams.New(seed, "queries", uint64(kind.Owner+1), uint64(kind.Trigger+1)), group, i.Queries)
		}
		for n, at := range group {
			if n%i.Batch == 0 {
				batch++
			}
			all = append(all, store.AttributedProbe{Position: at, Probe: list[at], Batch: batch - 1, Guesses: map[indexing.Form][]int{}})
		}
	}
	return all
}

// queries groups what is asked into queries of a form, as positions in it.
func GroupProbes(all []store.AttributedProbe, form indexing.Form) []ProbeGroup {
	var list []ProbeGroup
	for i, a := range all {
		if form == indexing.Image || i == 0 || all[i-1].Batch != a.Batch {
			list = append(list, ProbeGroup{})
		}
		last := &list[len(list)-1]
		last.Probes = append(last.Probes, i)
	}
	return list
}
