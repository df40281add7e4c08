package equilibrium

// Equilibrium is a symmetric equilibrium: every player plays the same mixture, and no
// player gains by another strategy.
type Equilibrium struct {
	Mixture Mixture `json:"mixture"`
	// Support holds the strategies that the mixture plays, ascending. With one of them the
	// equilibrium is pure.
	Support []int `json:"support"`
	// Payoff is the expected payoff of a player.
	Payoff float64 `json:"payoff"`
	// Regret is what is left of the regret, at most Precision times the span of the payoffs.
	Regret float64 `json:"regret"`
}

// Symmetric holds the symmetric equilibria of a game.
type Symmetric struct {
	// Equilibria are ordered by the size of their support, then by the support, then by
	// their probabilities, from the pure ones on.
	Equilibria []Equilibrium `json:"equilibria"`
	// Continua holds the supports on which a whole curve of mixtures are equilibria, as
	// where two strategies never differ. Equilibria has some of its points.
	Continua [][]int `json:"continua"`
	// Complete is true if all supports were searched, which is so up to FullSupports
	// strategies. With more, supports of up to three strategies are, and the others only
	// from where the replicator dynamics leads.
	Complete bool `json:"complete"`
}

// FullSupports is the largest number of strategies of which all supports are searched.
const FullSupports = 5

// Symmetric returns the symmetric equilibria.
func (g *Game) Symmetric() Symmetric { return Symmetric{} }
