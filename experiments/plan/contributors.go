package plan

import (
	"fmt"
	"strconv"

	"backfire/config"
	"backfire/experiments/cell"
)

// contributorsOf returns the contributors that a configuration asks for, as
// datasets.Source has them.
func contributorsOf(cfg config.Config) string {
	if cfg.Data.Contributors == "none" {
		return ""
	}
	return cfg.Data.Contributors
}

// seatContributors gives each contributor of the images a seat. It refuses a number of
// seats of the configuration that is another one.
func (p *planner) seatContributors() error {
	if p.set.Contributors == nil {
		return nil
	}
	n := len(p.set.Contributors.Names)
	if text := p.cfg.Deal.Seats; text != config.SeatsMax && text != strconv.Itoa(n) {
		return fmt.Errorf("%w: deal.seats = %s, but the images have %d contributors, each of which has a seat", cell.ErrPlan, text, n)
	}
	if largest := p.cfg.Attackers.SeatsNeeded(); largest > n {
		return fmt.Errorf("%w: %d attackers (attackers.counts, attackers.seats) for %d contributors: choose fewer", cell.ErrPlan, largest, n)
	}
	p.seats = n
	return nil
}
