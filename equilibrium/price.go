package equilibrium

import "backfire/stats"

// Outcome holds what a player's payoff is made of, at the price c of a unit of cost:
// Success (1 - Found) - c Cost.
type Outcome struct {
	// Success is what the player gains, such as a lift in [-1, 1].
	Success float64 `json:"success"`
	// Found is the share of the gain that a filter takes, in [0, 1].
	Found float64 `json:"found"`
	// Cost is the number of units that the strategy costs, such as poisoned images; 0 or more.
	Cost float64 `json:"cost"`
}

// Payoff returns Success (1 - Found) - price Cost.
func (o Outcome) Payoff(price float64) float64 {
	return o.Success*(1-o.Found) - price*o.Cost
}

// Outcomes holds the outcomes of a symmetric game for each of several seeds.
type Outcomes struct {
	*layout
	gains, costs [][][]float64 // by seed, opponents and strategy
}

// NewOutcomes returns the outcomes of a number of players, strategies and seeds, as
// [NewSample] does payoffs. The bare game is that of outcomes without Found at the price 0.
func NewOutcomes(players, strategies, seeds int, outcome func(seed int, p Profile, strategy int) Outcome) (*Outcomes, error) {
	return nil, nil
}

// At returns the payoffs at a price.
func (o *Outcomes) At(price float64) *Sample { return nil }

// PriceRange holds the prices at which a profile is an equilibrium in pure strategies.
// Payoffs are linear in the price, so that these prices are one interval, which is exact.
type PriceRange struct {
	Profile Profile `json:"profile"`
	// Empty is true if the profile is an equilibrium at no price of 0 or more.
	Empty bool `json:"empty"`
	// From and To are the smallest and the largest price, To infinite where no price ends
	// the equilibrium. Their intervals are those over the resampled games in which the
	// profile is an equilibrium at some price; Estimate.Undefined counts the others.
	From Estimate `json:"from"`
	To   Estimate `json:"to"`
}

// PriceRanges returns the range of each profile, in the order of Profiles.
func (o *Outcomes) PriceRanges(opts Options) ([]PriceRange, error) { return nil, nil }

// PricePoint holds the equilibria at one price.
type PricePoint struct {
	Price     float64         `json:"price"`
	Kind      Kind            `json:"kind"`
	Pure      []Profile       `json:"pure"`
	Mixtures  []MixtureAnswer `json:"mixtures"`
	Attribute stats.Number    `json:"attribute"`
}

// Sweep returns the equilibria at each of a list of prices.
func (o *Outcomes) Sweep(prices []float64, opts Options) ([]PricePoint, error) { return nil, nil }
