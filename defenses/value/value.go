// Package value judges a ranking of contributors by what their images are worth to the
// defender: a model without a contributor's images is compared with that of all images on
// the defender's own held-out images, and the contributor whose removal helps most is the
// most suspicious (Baracaldo et al., "Mitigating Poisoning Attacks on Machine Learning
// Models: A Data Provenance Based Approach", AISec 2017, and "Detecting Poisoning Attacks on
// Machine Learning in IoT Environments", ICIOT 2018; ART's ProvenanceDefense, with trusted
// data).
package value

import (
	"cmp"
	"slices"

	"backfire/stats"
)

// Quality measures how well a ranking tells attackers from honest contributors. A perfect
// ranking has 1 for Precision and AUC; a random one has Random and 0.5.
type Quality struct {
	// Precision is the share of attackers among the first of the ranking, of which there are
	// as many as attackers. Equal scores are in random order: it is the mean over these
	// orders.
	Precision stats.Number `json:"precision"`
	// Random is the share of attackers among all.
	Random stats.Number `json:"random"`
	// AUC is the area under the ROC curve: the share of the pairs of an attacker and an
	// honest contributor in which the attacker comes first. A pair with equal scores counts
	// half.
	AUC stats.Number `json:"auc"`
}

// Judge judges the ranking by descending suspicion. attacker reports which contributors
// are attackers; both have an entry for each contributor. It returns nil unless there are
// attackers and honest contributors.
func Judge(suspicion []float64, attacker []bool) *Quality {
	order := make([]int, len(suspicion))
	attackers := 0
	for i := range order {
		order[i] = i
		if attacker[i] {
			attackers++
		}
	}
	if attackers == 0 || attackers == len(order) {
		return nil
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(suspicion[b], suspicion[a]) })
	first, pairs := 0., 0. // expected attackers among the first; pairs in the right order
	honestBefore := 0
	for begin := 0; begin < len(order); {
		end, equal := begin, 0
		for ; end < len(order) && suspicion[order[end]] == suspicion[order[begin]]; end++ {
			if attacker[order[end]] {
				equal++
			}
		}
		honest := end - begin - equal
		if begin < attackers {
			first += float64(min(end, attackers)-begin) * float64(equal) / float64(end-begin)
		}
		// Attackers of this block come before the honest contributors that are neither in an earlier block nor in it.
		pairs += float64(equal) * (float64(len(order)-attackers-honestBefore-honest) + float64(honest)/2)
		honestBefore, begin = honestBefore+honest, end
	}
	return &Quality{
		Precision: stats.Number(first / float64(attackers)),
		Random:    stats.Number(float64(attackers) / float64(len(order))),
		AUC:       stats.Number(pairs / float64(attackers*(len(order)-attackers))),
	}
}
