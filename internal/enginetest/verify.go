package enginetest

import (
	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/plan"
)

// usually is a point whose triggers are verified at p0 = 0.5, p1 = 0.5, p2 = 0.9,
// whatever its own settings are: those of weakConfig with a change.
func Usually(t require.TestingT, name string, bound float64, change func(*config.Config)) plan.SweepPoint {
	point := TinyPoint(t, name, func(c *config.Config) { WeakConfig(bound)(c); change(c) })
	verify := TinyPoint(t, name, WeakConfig(bound)).Config
	verify.Attackers.Counts, verify.Seed = point.Config.Attackers.Counts, point.Config.Seed
	point.Verify = &verify
	return point
}

// downTheTable is a small table 1: N grows; attacker 0 has a trigger of its own
// size; all have others, and nobody is alone.
func DownTheTable(t require.TestingT, bound float64) []plan.SweepPoint {
	p1 := 0.6
	return []plan.SweepPoint{
		Usually(t, "N grows", bound, func(*config.Config) {}),
		Usually(t, "attacker 0", bound, func(c *config.Config) {
			c.Attackers.Counts, c.Attackers.P1, c.Attackers.P = []int{3}, nil, 0.5
			c.Attackers.Rates = []float64{0.6}
		}),
		Usually(t, "all", bound, func(c *config.Config) {
			c.Attackers.Counts, c.Attackers.P1, c.Attackers.Singles = []int{3}, &p1, 0
		}),
	}
}
