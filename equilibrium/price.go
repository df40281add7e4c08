package equilibrium

import (
	"fmt"
	"math"
	"slices"
)

// Outcome holds the parts of a player's payoff, which at the price c of a unit of cost is
// Success (1 - Found) - c Cost.
type Outcome struct {
	// Success is the gain of the player, such as a lift in [-1, 1].
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
	gains, costs *Sample
}

// NewOutcomes returns the outcomes of a number of players, strategies and seeds, as
// [NewSample] does payoffs. The error wraps ErrGame, also for a Found outside [0, 1] or a
// Cost below 0. The bare game is that of outcomes without Found at the price 0.
func NewOutcomes(players, strategies, seeds int, outcome func(seed int, p Profile, strategy int) Outcome) (*Outcomes, error) {
	var outside error
	gains, err := NewSample(players, strategies, seeds, func(seed int, p Profile, s int) float64 {
		o := outcome(seed, p, s)
		if outside == nil && (o.Found < 0 || o.Found > 1) {
			outside = fmt.Errorf("equilibrium: %w: strategy %d in profile %v of seed %d: found %v: must be 0 to 1", ErrGame, s, p, seed, o.Found)
		}
		return o.Payoff(0)
	})
	if err != nil {
		return nil, err
	}
	costs, err := NewSample(players, strategies, seeds, func(seed int, p Profile, s int) float64 {
		o := outcome(seed, p, s)
		if outside == nil && o.Cost < 0 {
			outside = fmt.Errorf("equilibrium: %w: strategy %d in profile %v of seed %d: cost %v: must be at least 0", ErrGame, s, p, seed, o.Cost)
		}
		return o.Cost
	})
	if err != nil {
		return nil, err
	}
	if outside != nil {
		return nil, outside
	}
	return &Outcomes{gains: gains, costs: costs}, nil
}

// At returns the payoffs at a price, a finite number.
func (o *Outcomes) At(price float64) *Sample {
	s := &Sample{layout: o.gains.layout}
	for seed, gains := range o.gains.tables {
		table := s.newTable()
		for at, row := range gains {
			for strategy, gain := range row {
				table[at][strategy] = gain - price*o.costs.tables[seed][at][strategy]
			}
		}
		s.tables = append(s.tables, table)
	}
	return s
}

// PriceRange holds the prices, of 0 or more, at which a profile is an equilibrium in pure
// strategies. Payoffs are linear in the price, so that these prices are one interval, which
// is exact.
type PriceRange struct {
	Profile Profile `json:"profile"`
	// Empty is true if the profile is an equilibrium at no price; From and To are undefined
	// then.
	Empty bool `json:"empty"`
	// From and To are the smallest and the largest price, To infinite (null in JSON) where no
	// price ends the equilibrium. Their intervals are those over the resampled games in which
	// the profile is an equilibrium at some price; Estimate.Undefined counts the others.
	From Estimate `json:"from"`
	To   Estimate `json:"to"`
	// Share is the share of the resampled games in which it is one at some price.
	Share float64 `json:"share"`
}

// PriceRanges returns the range of each profile, in the order of Profiles. The error is one
// of the options, which wraps ErrGame.
func (o *Outcomes) PriceRanges(opts Options) ([]PriceRange, error) {
	opts, err := opts.resolve(o.gains.strategies)
	if err != nil {
		return nil, err
	}
	r := newResamples(o.gains.Seeds(), opts)
	from, to := make([][]float64, len(r.counts)), make([][]float64, len(r.counts))
	r.each(func(at int, counts []int) {
		from[at], to[at] = priceRanges(o.gains.weighted(counts), o.costs.weighted(counts))
	})
	lows, highs := priceRanges(o.gains.Game(), o.costs.Game())
	var all []PriceRange
	for i, p := range o.gains.profiles {
		all = append(all, PriceRange{
			Profile: p, Empty: math.IsNaN(lows[i]),
			From:  r.estimate(lows[i], notNegative, func(at int) float64 { return from[at][i] }),
			To:    r.estimate(highs[i], notNegative, func(at int) float64 { return to[at][i] }),
			Share: r.share(func(at int) bool { return !math.IsNaN(from[at][i]) }),
		})
	}
	return all, nil
}

// priceRanges returns the smallest and the largest price at which each profile is an
// equilibrium; NaN for none.
func priceRanges(gains, costs *Game) (from, to []float64) {
	for i := range gains.profiles {
		low, high := gains.priceRange(costs, i)
		if low > high {
			low, high = math.NaN(), math.NaN()
		}
		from, to = append(from, low), append(to, high)
	}
	return from, to
}

// priceRange returns the smallest and the largest price at which no player of the profile
// with an index gains by another strategy. At a price c, the other strategy gains
// gain - c cost, where both are differences.
func (g *Game) priceRange(costs *Game, i int) (low, high float64) {
	low, high = 0, math.Inf(1)
	for s, o := range g.left[i] {
		if o < 0 {
			continue
		}
		for other := range g.strategies {
			gain := g.table[o][other] - g.table[o][s]
			switch cost := costs.table[o][other] - costs.table[o][s]; {
			case math.Abs(cost) <= Precision*costs.span:
				if gain > Precision*g.span {
					high = math.Inf(-1)
				}
			case cost > 0:
				low = max(low, gain/cost)
			default:
				high = min(high, gain/cost)
			}
		}
	}
	return low, high
}

// Breaks returns the prices above 0 at which a profile begins or ceases to be an
// equilibrium in pure strategies in the game of the means, ascending.
func Breaks(ranges []PriceRange) []float64 {
	var prices []float64
	for _, r := range ranges {
		for _, e := range []Estimate{r.From, r.To} {
			if e.Value.Defined() && e.Value > 0 {
				prices = append(prices, float64(e.Value))
			}
		}
	}
	slices.Sort(prices)
	return slices.CompactFunc(prices, func(a, b float64) bool { return b-a <= Precision*b })
}

// PricePoint holds the answer at one price.
type PricePoint struct {
	Price  float64 `json:"price"`
	Answer Answer  `json:"answer"`
}

// Sweep returns the answers at each of a list of prices, with the same resamples. The error
// wraps ErrGame for a price that is not finite, and is otherwise one of [Sample.Resample].
func (o *Outcomes) Sweep(prices []float64, opts Options) ([]PricePoint, error) {
	var points []PricePoint
	for _, price := range prices {
		if !finite(price) {
			return nil, fmt.Errorf("equilibrium: %w: price %v", ErrGame, price)
		}
		a, err := o.At(price).Resample(opts)
		if err != nil {
			return nil, fmt.Errorf("equilibrium: at the price %v: %w", price, err)
		}
		points = append(points, PricePoint{Price: price, Answer: a})
	}
	return points, nil
}
