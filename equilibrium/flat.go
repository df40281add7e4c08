package equilibrium

import (
	"fmt"
	"math/bits"
)

// Flat returns the largest set of strategies among which the choice hardly matters: wherever all
// players choose from the set, none gains more than the margin by another choice, from the set or
// not. Of several largest sets it is the first in the order of the strategies. It is nil if no
// two strategies form such a set. It takes all sets of a game with up to eight strategies in turn.
func (g *Game) Flat(margin float64) []int {
	regrets := make([]float64, 1<<g.strategies) // the largest regret by the support of a profile
	for i, p := range g.profiles {
		support := maskOf(p.Support())
		regrets[support] = max(regrets[support], g.regret(i))
	}
	best := 0
	for set := range regrets {
		if bits.OnesCount(uint(set)) < max(2, bits.OnesCount(uint(best))+1) {
			continue
		}
		if mostWithin(regrets, set) <= margin {
			best = set
		}
	}
	if best == 0 {
		return nil
	}
	return members(best)
}

// mostWithin returns the largest value, 0 or more, of the subsets of a set, by their bits.
func mostWithin(values []float64, set int) float64 {
	most := 0.0
	for subset := set; subset > 0; subset = (subset - 1) & set {
		most = max(most, values[subset])
	}
	return most
}

// SentenceWithin states what the game is where payoffs that differ by no more than a margin count
// as the same, given the strategies' names and a function that formats a payoff with its unit. If
// the choice among some strategies hardly matters, see Flat, it says so before the Sentence, whose
// words go by the payoffs without a margin.
func (g *Game) SentenceWithin(margin float64, names []string, payoff func(x float64) string) string {
	sentence, flat := g.Sentence(names, payoff), g.Flat(margin)
	if len(flat) == 0 || g.Kind() == Neutral {
		return sentence
	}
	among := make([]string, len(flat))
	for i, s := range flat {
		among[i] = names[s]
	}
	where := "wherever all choose from these"
	if len(flat) == g.strategies {
		where = "whatever the others choose"
	}
	return fmt.Sprintf("The choice among %s hardly matters: %s, no player gains more than the margin by another choice. By the payoffs alone, t%s",
		joined(among, "and"), where, sentence[1:])
}
