package worker

import (
	"backfire/defenses/features"
	"backfire/defenses/indexing"
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/streams"
)

// ProbeGroup is one query of an attribution.
type ProbeGroup struct {
	Probes []int // positions of its images in the list that was grouped
}

// NewAttributedProbes chooses the probes that an attribution asks with: for each owner, with and
// without trigger, all of them or settings.Queries drawn from the stream "queries". It divides
// them, in their order, into batches of settings.Batch that mix neither owners nor triggers. The
// guesses are empty.
func NewAttributedProbes(settings cell.Attribution, list []game.Probe, seed uint64) []store.AttributedProbe {
	var all []store.AttributedProbe
	batch := 0
	for first := 0; first < len(list); {
		end, kind := first, list[first]
		var group []int
		for end < len(list) && list[end].Owner == kind.Owner && list[end].Trigger == kind.Trigger {
			group = append(group, end)
			end++
		}
		if first = end; settings.Queries > 0 {
			group = features.Thin(streams.New(seed, "queries", uint64(kind.Owner+1), uint64(kind.Trigger+1)), group, settings.Queries)
		}
		for n, at := range group {
			if n%settings.Batch == 0 {
				batch++
			}
			all = append(all, store.AttributedProbe{Position: at, Probe: list[at], Batch: batch - 1, Guesses: map[indexing.Form][]int{}})
		}
	}
	return all
}

// GroupProbes divides probes into queries: one per probe with indexing.Image, one per batch
// otherwise. A query lists positions in all.
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
