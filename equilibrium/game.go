package equilibrium

import (
	"errors"
	"fmt"
	"math"
)

// ErrGame is wrapped by every refusal of payoffs that are no symmetric game, of mixtures
// and of options.
var ErrGame = errors.New("not a symmetric game")

// Largest sizes of a game. Beyond them the trainings take years, and the solvers hours.
const (
	MaxStrategies = 8
	MaxProfiles   = 5000
)

// Precision is the largest regret, as a share of the span of the game's payoffs, that
// counts as none: what rounding leaves.
const Precision = 1e-9

// Game is a symmetric game with a payoff for every strategy of every profile. It does not
// change after it was made, so that goroutines may share it.
type Game struct {
	*layout
	table [][]float64 // of one player, by its opponents and its strategy
	span  float64     // the largest payoff minus the smallest one
}

// NewGame returns the game of a number of players and strategies. payoff returns the
// payoff of a strategy that is played in a profile, which it must not change. The error
// wraps ErrGame: a game has at least two players and two strategies, at most
// MaxStrategies and MaxProfiles, and finite payoffs.
func NewGame(players, strategies int, payoff func(p Profile, strategy int) float64) (*Game, error) {
	if err := checkSize(players, strategies); err != nil {
		return nil, err
	}
	l := newLayout(players, strategies)
	table, bad, first := l.newTable(), 0, ""
	for i, p := range l.profiles {
		for s, o := range l.left[i] {
			if o < 0 {
				continue
			}
			table[o][s] = payoff(p, s)
			if !finite(table[o][s]) {
				if bad++; bad == 1 {
					first = fmt.Sprintf("that of strategy %d in profile %v is %v", s, p, table[o][s])
				}
			}
		}
	}
	if bad > 0 {
		return nil, fmt.Errorf("equilibrium: %w: %d of %d payoffs are not finite: %s",
			ErrGame, bad, len(table)*strategies, first)
	}
	return l.game(table), nil
}

// checkSize refuses numbers of players and strategies that make no game.
func checkSize(players, strategies int) error {
	count := ProfileCount(players, strategies)
	switch {
	case players < 2:
		return fmt.Errorf("equilibrium: %w: number of players %d: must be at least 2", ErrGame, players)
	case strategies < 2 || strategies > MaxStrategies:
		return fmt.Errorf("equilibrium: %w: number of strategies %d: must be 2 to %d", ErrGame, strategies, MaxStrategies)
	case count > MaxProfiles:
		return fmt.Errorf("equilibrium: %w: %d players with %d strategies have %d profiles: must be at most %d",
			ErrGame, players, strategies, count, MaxProfiles)
	}
	return nil
}

// finite reports whether x is neither NaN nor infinite.
func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// newTable returns a table of payoffs by opponents and strategy, in one block of memory.
func (l *layout) newTable() [][]float64 {
	values := make([]float64, len(l.opponents)*l.strategies)
	table := make([][]float64, len(l.opponents))
	for o := range table {
		table[o] = values[o*l.strategies : (o+1)*l.strategies : (o+1)*l.strategies]
	}
	return table
}

// game returns the game with a table of payoffs, which are finite.
func (l *layout) game(table [][]float64) *Game {
	low, high := math.Inf(1), math.Inf(-1)
	for _, row := range table {
		for _, x := range row {
			low, high = min(low, x), max(high, x)
		}
	}
	return &Game{layout: l, table: table, span: high - low}
}

// Players returns the number of players.
func (g *Game) Players() int { return g.players }

// Strategies returns the number of strategies.
func (g *Game) Strategies() int { return g.strategies }

// Profiles returns all profiles in the order of [Profiles]. They must not be changed.
func (g *Game) Profiles() []Profile { return g.profiles }

// Span returns the largest payoff minus the smallest one, the unit of Precision.
func (g *Game) Span() float64 { return g.span }

// Payoff returns the payoff of a strategy in a profile of the game, NaN if no player of
// the profile plays it or the game does not have the profile.
func (g *Game) Payoff(p Profile, strategy int) float64 {
	i, known := g.index[p.key()]
	if !known || strategy < 0 || strategy >= g.strategies || p[strategy] == 0 {
		return math.NaN()
	}
	return g.table[g.left[i][strategy]][strategy]
}

// Regret returns the most that one player of a profile would gain by changing its
// strategy while all others stay; 0 or more. A profile without regret is an equilibrium
// in pure strategies (Nash, "Equilibrium Points in n-Person Games", PNAS 36, 1950). It
// is NaN for a profile that the game does not have.
func (g *Game) Regret(p Profile) float64 {
	i, known := g.index[p.key()]
	if !known {
		return math.NaN()
	}
	return g.regret(i)
}

// regret returns the regret of the profile with an index.
func (g *Game) regret(i int) float64 {
	regret := 0.0
	for s, o := range g.left[i] {
		if o < 0 {
			continue
		}
		for _, x := range g.table[o] {
			regret = max(regret, x-g.table[o][s])
		}
	}
	return regret
}

// Pure returns the profiles whose regret is at most a tolerance, in the order of
// Profiles: the equilibria in pure strategies within that regret, also those in which
// players choose differently. Rounding within Precision is allowed in addition.
func (g *Game) Pure(tolerance float64) []Profile {
	var found []Profile
	for i, p := range g.profiles {
		if g.regret(i) <= tolerance+Precision*g.span {
			found = append(found, p)
		}
	}
	return found
}
