package equilibrium

import (
	"fmt"
	"slices"
	"strings"
)

// Kind names what sort of game it is.
type Kind string

// The kinds, in the order in which a game is tested for them.
const (
	// Neutral: a player's own choice never changes its payoff.
	Neutral Kind = "neutral"
	// Dilemma: what every player is led to choose, because it dominates or is the only
	// equilibrium in pure strategies, pays each less than another choice of all would.
	Dilemma Kind = "dilemma"
	// Dominant: one strategy is left by the elimination of dominated ones, and no other
	// choice of all pays more.
	Dominant Kind = "dominance"
	// Coordination: for two strategies or more, all players choosing it is an equilibrium, as
	// in a stag hunt.
	Coordination Kind = "coordination"
	// AntiCoordination: no strategy is an equilibrium where all choose it, but profiles of
	// different choices are, as in chicken.
	AntiCoordination Kind = "anti-coordination"
	// Cyclic: there is no equilibrium in pure strategies; best responses go in circles, as in
	// rock, paper, scissors.
	Cyclic Kind = "cyclic"
	// Single: the only equilibrium in pure strategies is that all choose one strategy, which
	// dominates no other and than which no other choice of all pays more.
	Single Kind = "single equilibrium"
	// Mixed: that all choose one strategy is an equilibrium, and so are profiles of different
	// choices.
	Mixed Kind = "mixed"
)

// classification is the kind of a game with what its sentence needs.
type classification struct {
	kind Kind
	// chosen is the strategy that players are led to choose, and better the one that would
	// pay each most if all chose it; -1: none.
	chosen, better int
	dominant       bool  // the chosen strategy dominates every other one
	eliminated     bool  // it is what iterated elimination leaves
	symmetric      []int // strategies for which all choosing it is an equilibrium
	pure           []Profile
}

// Kind returns the kind of the game. Dominance is that by strategies, weak over all other
// strategies at once or strict in rounds.
func (g *Game) Kind() Kind { return g.classify().kind }

// classify returns the kind of the game.
func (g *Game) classify() classification {
	c := classification{chosen: -1, better: -1, pure: g.Pure(0)}
	for _, p := range c.pure {
		if support := p.Support(); len(support) == 1 {
			c.symmetric = append(c.symmetric, support[0])
		}
	}
	g.lead(&c)
	switch {
	case g.neutral():
		c.kind = Neutral
	case c.better >= 0:
		c.kind = Dilemma
	case c.dominant || c.eliminated:
		c.kind = Dominant
	case c.chosen >= 0:
		c.kind = Single
	case len(c.symmetric) > 1:
		c.kind = Coordination
	case len(c.pure) == 0:
		c.kind = Cyclic
	case len(c.symmetric) == 0:
		c.kind = AntiCoordination
	default:
		c.kind = Mixed
	}
	return c
}

// neutral reports whether a player's own choice never changes its payoff.
func (g *Game) neutral() bool {
	for _, row := range g.table {
		if slices.Max(row)-slices.Min(row) > Precision*g.span {
			return false
		}
	}
	return true
}

// lead finds the strategy that players are led to choose, and the one that would pay each
// more than that if all chose it.
func (g *Game) lead(c *classification) {
	for s := range g.strategies {
		if g.dominatesAll(s) {
			c.chosen, c.dominant = s, true
		}
	}
	if c.chosen < 0 {
		if e, _ := g.eliminate(false); len(e.Survivors) == 1 {
			c.chosen, c.eliminated = e.Survivors[0], true
		} else if len(c.symmetric) == 1 && len(c.pure) == 1 {
			c.chosen = c.symmetric[0]
		}
	}
	if c.chosen < 0 {
		return
	}
	most := g.alike(c.chosen) + Precision*g.span
	for s := range g.strategies {
		if paid := g.alike(s); paid > most {
			c.better, most = s, paid
		}
	}
}

// alike returns the payoff of each player where all choose one strategy.
func (g *Game) alike(s int) float64 {
	return g.Payoff(Uniform(g.players, g.strategies, s), s)
}

// dominatesAll reports whether a strategy dominates every other one, strictly or weakly.
func (g *Game) dominatesAll(s int) bool {
	tolerance := Precision * g.span
	for other := range g.strategies {
		more := other == s
		for _, row := range g.table {
			if row[s] < row[other]-tolerance {
				return false
			}
			more = more || row[s] > row[other]+tolerance
		}
		if !more {
			return false
		}
	}
	return true
}

// Sentence states in one sentence what the game is, given the strategies' names and a
// function that formats a payoff with its unit.
func (g *Game) Sentence(names []string, payoff func(x float64) string) string {
	c := g.classify()
	switch c.kind {
	case Neutral:
		return "The game is neutral: a player's own choice never changes its payoff."
	case Dilemma:
		return fmt.Sprintf("The game is a dilemma: %s, and there each gets %s, but %s if all chose %s.",
			c.reason(names), payoff(g.alike(c.chosen)), payoff(g.alike(c.better)), names[c.better])
	case Dominant:
		return fmt.Sprintf("The game is one of dominance: %s, and no other choice of all pays more than its %s.",
			c.reason(names), payoff(g.alike(c.chosen)))
	case Single:
		return fmt.Sprintf("The game has a single equilibrium in pure strategies: all choose %s, and no other choice of all pays more than its %s.",
			names[c.chosen], payoff(g.alike(c.chosen)))
	case Coordination:
		all := make([]string, len(c.symmetric))
		for i, s := range c.symmetric {
			all[i] = fmt.Sprintf("%s (%s each)", names[s], payoff(g.alike(s)))
		}
		return fmt.Sprintf("The game is one of coordination: it is an equilibrium that all choose %s.", joined(all, "or"))
	case Cyclic:
		return "The game is cyclic: it has no equilibrium in pure strategies, and best responses go in circles."
	case AntiCoordination:
		return fmt.Sprintf("The game is one of anti-coordination: wherever all choose alike some player gains by another choice, and the equilibria in pure strategies are %s.",
			profiles(c.pure, names))
	default:
		return fmt.Sprintf("The game is mixed: its equilibria in pure strategies are %s.", profiles(c.pure, names))
	}
}

// reason states why the players are led to choose a strategy.
func (c classification) reason(names []string) string {
	switch {
	case c.dominant:
		return names[c.chosen] + " pays a player best whatever the others choose"
	case c.eliminated:
		return names[c.chosen] + " is left when dominated strategies are eliminated in turn"
	default:
		return "that all choose " + names[c.chosen] + " is the only equilibrium in pure strategies"
	}
}

// joined joins texts by commas, and the last two by a word.
func joined(texts []string, by string) string {
	last := len(texts) - 1
	if last == 0 {
		return texts[0]
	}
	return strings.Join(texts[:last], ", ") + " " + by + " " + texts[last]
}

// listed is the largest number of profiles that a sentence names.
const listed = 4

// profiles describes the first profiles of a list.
func profiles(all []Profile, names []string) string {
	var texts []string
	for _, p := range all[:min(len(all), listed)] {
		texts = append(texts, "("+p.Describe(names)+")")
	}
	text := strings.Join(texts, ", ")
	if more := len(all) - listed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
