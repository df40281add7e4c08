package report

import (
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/report/table"
)

// attackersImages returns the number of held-out images behind a mean over the attackers
// of a game, each counted once: with the denominator pooled, all attackers' ASRs are over
// the same images.
func (p played) attackersImages() int {
	most, all := 0, 0
	for _, a := range p.game.Attackers {
		most, all = max(most, a.ASR.Of), all+a.ASR.Of
	}
	if p.point.Readings.Denominator == string(game.Pooled) {
		return most
	}
	return all
}

// cleanImages returns the number of the defender's held-out images behind a standard
// accuracy, each counted once: the models that answer are all measured on the same.
func (p played) cleanImages() int {
	answering := map[string]bool{}
	for _, a := range p.game.Attackers {
		answering[a.Model] = true
	}
	return p.game.CleanAccuracy.Of / max(1, len(answering))
}

// seeds returns a number of every game that has a result, with the images behind it.
func (s *series) seeds(of func(*summary.GameSummary) float64, images func(played) int) []table.Measured {
	var seeds []table.Measured
	for _, p := range s.complete() {
		seeds = append(seeds, table.Measured{Value: of(p.game), Images: images(p)})
	}
	return seeds
}

// measuredRate returns a rate in the form of a table.
func measuredRate(r game.Rate) table.Measured { return table.Measured{Value: r.Value(), Images: r.Of} }

// noImages is the number of images behind a quantity that is no share of images.
func noImages(played) int { return 0 }
