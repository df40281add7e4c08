package audit

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// decidedShare is the posterior probability from which a cell gets no more seeds.
const decidedShare = 0.9

// successes returns the sums of the shares of successes and of failures of a cell over its first seeds.
func (p played) successes(c Cell, first uint64, seeds int) (won, lost float64) {
	for i := range seeds {
		g, ok := p[playedKey{Condition{StagePhase, c.High, c.Poisoned}, first + uint64(i), c.N}]
		if share := Success.Of(g); ok && !math.IsNaN(share) {
			won, lost = won+share, lost+1-share
		}
	}
	return won, lost
}

// decidedness returns the posterior probability that the share of successes of a cell lies on the side of one half
// on which it was measured, with a uniform prior and the seed as the unit: from 0.5 to 1.
func (p played) decidedness(c Cell, first uint64, seeds int) float64 {
	won, lost := p.successes(c, first, seeds)
	below := mathext.RegIncBeta(1+won, 1+lost, 0.5)
	return max(below, 1-below)
}

// undecided reports whether a cell needs more seeds: decidedness is below 90 %. Three seeds that agree are enough,
// two of three are not. The rule only allots seeds, and no answer rests on it.
func (p played) undecided(c Cell, first uint64, seeds int) bool {
	return p.decidedness(c, first, seeds) < decidedShare
}
