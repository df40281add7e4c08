package phase

import (
	"fmt"
	"slices"
	"strings"

	"backfire/claims"
)

// sentence states the finding in words.
func (c *Coincidence) sentence() string {
	switch c.Finding {
	case Coincide:
		return fmt.Sprintf("The curves of all N coincide: at equal numbers of poisoned images, attackers among others fare as with N = %d, within %s (%s). Dilution explains everything.",
			c.Reference, c.points(), c.means())
	case Spoil:
		return fmt.Sprintf("The curves do not coincide: at equal numbers of poisoned images, attackers among others do worse than with N = %d (%s). Dilution does not explain everything: the others spoil the attack.",
			c.Reference, c.means())
	case Help:
		return fmt.Sprintf("The curves do not coincide: at equal numbers of poisoned images, attackers among others do better than with N = %d (%s). The others help.",
			c.Reference, c.means())
	case Cross:
		return fmt.Sprintf("The curves cross: at equal numbers of poisoned images, attackers among others do worse than with N = %d in some cells and better in others (%s).",
			c.Reference, strings.Join(append([]string{c.means()}, c.cells()...), "; "))
	default:
		text := fmt.Sprintf("Whether the curves of all N coincide within %s is undecided (%s)", c.points(), c.means())
		switch {
		case c.fewSeeds():
			text += fmt.Sprintf("; no answer comes from fewer than %d seeds of all cells", claims.MinSeeds(1))
		case c.Needed > 0:
			text += fmt.Sprintf("; about %d seeds of all cells would answer it", c.Needed)
		}
		return text + "."
	}
}

// fewSeeds reports whether some comparison has fewer seeds than any answer needs.
func (c *Coincidence) fewSeeds() bool {
	return slices.ContainsFunc(c.Comparisons, func(one Comparison) bool { return len(one.Mean.PerSeed) < claims.MinSeeds(1) })
}

// points formats the margin.
func (c *Coincidence) points() string { return fmt.Sprintf("%g points", 100*c.Margin) }

// means lists the mean differences.
func (c *Coincidence) means() string {
	var texts []string
	for i := range c.Comparisons {
		s := &c.Comparisons[i].Mean
		if len(s.PerSeed) == 0 {
			texts = append(texts, fmt.Sprintf("N = %d: no seed has every k", c.Comparisons[i].N))
			continue
		}
		text := fmt.Sprintf("N = %d: %s", c.Comparisons[i].N, s.Format(s.Estimate))
		if s.Low.Defined() && s.High.Defined() {
			text += fmt.Sprintf(", %s to %s", s.Format(s.Low), s.Format(s.High))
		}
		seeds := "seeds"
		if len(s.PerSeed) == 1 {
			seeds = "seed"
		}
		texts = append(texts, text+fmt.Sprintf(" with %d %s", len(s.PerSeed), seeds))
	}
	return strings.Join(texts, "; ")
}

// cells lists the cells that differ.
func (c *Coincidence) cells() []string {
	var texts []string
	for i := range c.Comparisons {
		for _, at := range c.Comparisons[i].At {
			if at.Outcome != claims.Undecided {
				texts = append(texts, fmt.Sprintf("N = %d, k = %d: %s", c.Comparisons[i].N, at.K, at.Statistic.Format(at.Statistic.Estimate)))
			}
		}
	}
	return texts
}
