package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"backfire/cheapest"
)

// Cheapest is a search for the cheapest attack in the games of a configuration.
type Cheapest struct {
	Spec    cheapest.Spec
	Preset  string   // empty: none
	Notices []string // as in [Resolved]

	resolved    *Resolved
	contributed int // images of an attacker; 0: a value is no number of images
}

// LoadCheapest resolves the configuration of a search. The numbers of attackers are those of
// attackers.counts; unit, target, tolerance, margin and the number of seeds are those of request, and a margin
// of 0 stands for cheapest.DefaultMargin, or for what the search resolves where that is larger. Errors wrap
// [ErrInvalid] and name the key, the value and what would work.
func LoadCheapest(opts Options, request cheapest.Spec) (*Cheapest, error) {
	resolved, err := Load(opts)
	if err != nil {
		return nil, err
	}
	cfg := &resolved.Config
	c := &Cheapest{Preset: opts.Preset, Notices: resolved.Notices, resolved: resolved}
	c.Spec = cheapest.Spec{
		Unit: request.Unit, Target: request.Target, Counts: slices.Sorted(slices.Values(cfg.Attackers.Counts)),
		FirstSeed: cfg.Seed, Seeds: request.Seeds, Most: 100, Tolerance: request.Tolerance, Margin: request.Margin,
	}
	if c.Spec.Margin == 0 {
		c.Spec.Margin = max(cheapest.DefaultMargin, c.Spec.Resolution())
	}
	fixed := []string{"attackers.rates", "attackers.poison_rates", "attackers.p0"}
	if request.Unit == cheapest.Percent {
		fixed = append(fixed, "attackers.p1", "attackers.p2", "attackers.trigger_sizes", "attackers.box_sizes", "attackers.pixel_shares")
	}
	for _, key := range fixed {
		if value := lookedUp(key).valueIn(cfg); Format(value) != "" {
			return nil, &fault{key: key, value: value, where: resolved.Sources[key], reason: "is what the search varies: leave it out"}
		}
	}
	if cfg.Deal.Seats == SeatsMax {
		cfg.Deal.Seats = strconv.Itoa(cfg.Attackers.SeatsNeeded())
	}
	for _, key := range []string{"attackers.singles", "attackers.transfers"} {
		lookedUp(key).setIn(cfg, 0)
	}
	if request.Unit == cheapest.Images {
		if err := c.countImages(); err != nil {
			return nil, err
		}
	}
	if err := c.Spec.Check(); err != nil {
		return nil, invalidf("%w", err)
	}
	if uint64(request.Seeds-1) > math.MaxUint64-cfg.Seed || c.Spec.MostGames() > MaxPoints {
		return nil, invalidf("%d seeds from %d on with %d numbers of attackers: may take %d games: at most %d", request.Seeds, cfg.Seed, len(c.Spec.Counts), c.Spec.MostGames(), MaxPoints)
	}
	_, err = c.Point(cheapest.Play{N: c.Spec.Counts[0], Seed: cfg.Seed, Value: 1})
	return c, err
}

// countImages sets the images of an attacker, which must not depend on N.
func (c *Cheapest) countImages() error {
	cfg := c.resolved.Config
	switch {
	case cfg.Pool.Size == 0:
		return &fault{key: "pool.size", value: 0, reason: "must be set for a search over numbers of images, from which the poison rate follows"}
	case cfg.Deal.Seats == SeatsN:
		return &fault{key: "deal.seats", value: SeatsN, reason: "gives attackers other images with every N: set max or a number, or search over p"}
	}
	c.contributed, c.Spec.Most = cfg.contribution(cfg.Deal.SeatCount(0))
	return nil
}

// Point returns the configuration of a play. Its keys are "N" and the unit.
func (c *Cheapest) Point(play cheapest.Play) (Point, error) {
	p := Point{Config: c.resolved.Config, Sources: c.resolved.Sources}
	p.Config.Seed, p.Config.Attackers.Counts = play.Seed, []int{play.N}
	unit := string(c.Spec.Unit)
	p.Name = fmt.Sprintf("N = %d, %s = %s", play.N, unit, c.Spec.Unit.Text(float64(play.Value)))
	p.Keys = map[string]string{"N": strconv.Itoa(play.N), unit: strconv.Itoa(play.Value)}
	share := float64(play.Value) / 100
	if c.Spec.Unit == cheapest.Images {
		share = float64(play.Value) / float64(c.contributed)
		p.Config.Attackers.P0 = &share
	} else {
		p.Config.Attackers.P0, p.Config.Attackers.P1, p.Config.Attackers.P2 = &share, &share, &share
	}
	return p, p.Config.Validate()
}

// Sweep returns the sweep of plays, for the planner.
func (c *Cheapest) Sweep(plays []cheapest.Play) (*Sweep, error) {
	s := &Sweep{Name: "cheapest", Title: "The cheapest attack by number of attackers", Preset: c.Preset, Notices: c.Notices}
	for _, play := range plays {
		p, err := c.Point(play)
		if err != nil {
			return nil, err
		}
		s.Points = append(s.Points, p)
	}
	return s, nil
}
