package report

import (
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/report/table"
)

// attackersImages returns the number of held-out images behind a mean over the attackers
// of the game.
func (p played) attackersImages() int { return p.point.AttackersImages(p.game) }

// cleanImages returns the number of held-out images behind the game's standard accuracy.
func (p played) cleanImages() int { return p.game.CleanImages() }

// seeds returns a number of each seed that has a result, the mean over its trainings, with
// the images behind it.
func (s *series) seeds(of func(*summary.GameSummary) float64, images func(played) int) []table.Measured {
	return s.perSeed(func(p played) (table.Measured, bool) {
		return table.Measured{Value: of(p.game), Images: images(p)}, true
	})
}

// measuredRate returns a rate in the form of a table.
func measuredRate(r game.Rate) table.Measured { return table.Measured{Value: r.Value(), Images: r.Of} }

// noImages is the number of images behind a quantity that is no share of images.
func noImages(played) int { return 0 }
