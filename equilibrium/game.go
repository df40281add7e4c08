package equilibrium

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrGame is the error of payoffs that are no symmetric game.
var ErrGame = errors.New("not a symmetric game")

// Largest sizes of a game. Beyond them the solvers take hours, and the trainings years.
const (
	MaxStrategies = 8
	MaxProfiles   = 20_000
)

// Game is a symmetric game with a payoff for every strategy of every profile.
type Game struct {
	players  int
	profiles []Profile
	index    map[string]int
	payoffs  [][]float64 // by profile and strategy; NaN where the strategy is not played
	// opponents are the profiles of all players but one.
	opponents []opponents
}

// opponents is a profile of all players but one.
type opponents struct {
	profile Profile
	orders  float64   // in which the opponents can choose
	payoffs []float64 // of the one player, by its strategy
}

// NewGame returns the game of a number of players and strategies. payoff returns the
// payoff of a strategy that is played in a profile. The error wraps ErrGame: a game has
// at least two players and two strategies, at most MaxStrategies and MaxProfiles, and
// finite payoffs.
func NewGame(players, strategies int, payoff func(p Profile, strategy int) float64) (*Game, error) {
	count := ProfileCount(players, strategies)
	switch {
	case players < 2:
		return nil, fmt.Errorf("equilibrium: %w: %d players: must be at least 2", ErrGame, players)
	case strategies < 2 || strategies > MaxStrategies:
		return nil, fmt.Errorf("equilibrium: %w: %d strategies: must be 2 to %d", ErrGame, strategies, MaxStrategies)
	case count > MaxProfiles:
		return nil, fmt.Errorf("equilibrium: %w: %d players with %d strategies have %d profiles: must be at most %d",
			ErrGame, players, strategies, count, MaxProfiles)
	}
	g := &Game{players: players, profiles: Profiles(players, strategies), index: map[string]int{}}
	for i, p := range g.profiles {
		g.index[p.key()] = i
		row := make([]float64, strategies)
		for s := range row {
			if row[s] = math.NaN(); p[s] == 0 {
				continue
			}
			if row[s] = payoff(p, s); math.IsNaN(row[s]) || math.IsInf(row[s], 0) {
				return nil, fmt.Errorf("equilibrium: %w: the payoff of strategy %d in profile %v is %v", ErrGame, s, p, row[s])
			}
		}
		g.payoffs = append(g.payoffs, row)
	}
	for _, p := range Profiles(players-1, strategies) {
		o := opponents{profile: p, orders: p.multinomial(), payoffs: make([]float64, strategies)}
		for s := range o.payoffs {
			o.payoffs[s] = g.Payoff(p.Joined(s), s)
		}
		g.opponents = append(g.opponents, o)
	}
	return g, nil
}

// Players returns the number of players.
func (g *Game) Players() int { return g.players }

// Strategies returns the number of strategies.
func (g *Game) Strategies() int { return len(g.profiles[0]) }

// Profiles returns all profiles in the order of [Profiles]. They must not be changed.
func (g *Game) Profiles() []Profile { return g.profiles }

// Payoff returns the payoff of a strategy in a profile of the game, NaN if no player of
// the profile plays it.
func (g *Game) Payoff(p Profile, strategy int) float64 {
	i, known := g.index[p.key()]
	if !known {
		return math.NaN()
	}
	return g.payoffs[i][strategy]
}

// Regret returns the most that one player of a profile would gain by changing its
// strategy while all others stay; 0 or more. A profile without regret is an equilibrium
// in pure strategies (Nash, "Equilibrium Points in n-Person Games", PNAS 36, 1950).
func (g *Game) Regret(p Profile) float64 {
	regret := 0.0
	for _, from := range p.Support() {
		for to := range p {
			if to != from {
				regret = max(regret, g.Payoff(p.Moved(from, to), to)-g.Payoff(p, from))
			}
		}
	}
	return regret
}

// Pure returns the profiles whose regret is at most tolerance, in the order of
// Profiles.
func (g *Game) Pure(tolerance float64) []Profile {
	var found []Profile
	for _, p := range g.profiles {
		if g.Regret(p) <= tolerance {
			found = append(found, p)
		}
	}
	return found
}

// Response is a best response: a player of From that gains most by changing from one
// strategy to another, which makes From the profile To.
type Response struct {
	From, To      Profile
	Leaves, Joins int     // strategies
	Gain          float64 // of the player's payoff, above 0
}

// Responses returns the best responses of the game's profiles that gain more than
// tolerance, one for each strategy that a player leaves; of equal ones, that with the
// first strategy. A profile without a response is an equilibrium in pure strategies.
func (g *Game) Responses(tolerance float64) []Response {
	var all []Response
	for _, p := range g.profiles {
		for _, from := range p.Support() {
			best := Response{From: p, Leaves: from, Gain: tolerance}
			for to := range p {
				if to == from {
					continue
				}
				moved := p.Moved(from, to)
				if gain := g.Payoff(moved, to) - g.Payoff(p, from); gain > best.Gain {
					best.To, best.Joins, best.Gain = moved, to, gain
				}
			}
			if best.To != nil {
				all = append(all, best)
			}
		}
	}
	return slices.Clip(all)
}
