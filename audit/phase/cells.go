package phase

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"backfire/stats"
)

// Rule decides whether the share of successes of a cell lies above or below 50 %, and so
// whether it needs more seeds.
//
// The shares of a cell's seeds are bet on as stats.Bounded does: a gambler with a wealth
// of 1 bets on each of them that the mean lies above 50 %, another one that it lies below.
// The cell is decided as soon as one of them has 1/Error, and it has Seeds seeds. A cell
// whose share is exactly 50 % is called decided on one side with a probability of at most
// Error, however often one looks, so that seeds may be added one after another. With the
// default, three seeds that agree decide a cell, and seven of eight.
type Rule struct {
	// Error is the probability, in (0, 1), of deciding wrongly on one side; 0: 0.2.
	Error float64 `json:"error"`
	// Seeds is the smallest number of seeds that decide; 0: 3.
	Seeds int `json:"seeds"`
	// Most is the number of seeds after which a cell that is undecided stays so; 0: 12.
	Most int `json:"most"`
}

// resolve returns the rule with its defaults.
func (r Rule) resolve() (Rule, error) {
	r = Rule{Error: cmp.Or(r.Error, 0.2), Seeds: cmp.Or(r.Seeds, 3), Most: cmp.Or(r.Most, 12)}
	switch {
	case !(r.Error > 0 && r.Error < 1):
		return r, fmt.Errorf("phase: %w: the rule's error is %v: must be between 0 and 1", ErrGames, r.Error)
	case r.Seeds < 1:
		return r, fmt.Errorf("phase: %w: the rule asks for %d seeds: must be at least 1", ErrGames, r.Seeds)
	case r.Most < r.Seeds:
		return r, fmt.Errorf("phase: %w: at most %d seeds: must be at least the %d that the rule asks for", ErrGames, r.Most, r.Seeds)
	}
	return r, nil
}

// String states the rule in words.
func (r Rule) String() string {
	r, err := r.resolve()
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("a cell is decided when bets on its seeds' shares of successes, from %d seeds on, rule out 50 %% on one side at an error of %.0f %% at every stop; it gets at most %d seeds",
		r.Seeds, 100*r.Error, r.Most)
}

// Standing is where the share of successes of a cell lies.
type Standing string

// The standings of a cell.
const (
	Succeeds  Standing = "succeeds"  // above 50 %
	Fails     Standing = "fails"     // below 50 %
	Undecided Standing = "undecided" // neither is shown
)

// Decide returns where a share of successes lies, given that of each seed in [0, 1].
func (r Rule) Decide(shares []float64) (Standing, error) {
	r, err := r.resolve()
	if err != nil {
		return Undecided, err
	}
	betting := stats.Bounded(stats.Range{Low: 0, High: 1})
	above, err := betting.Above(shares, 0.5)
	if err != nil {
		return Undecided, fmt.Errorf("phase: %w: %w", ErrGames, err)
	}
	below, err := betting.Below(shares, 0.5)
	switch {
	case err != nil:
		return Undecided, fmt.Errorf("phase: %w: %w", ErrGames, err)
	case len(shares) < r.Seeds:
		return Undecided, nil
	case above <= r.Error && below > r.Error:
		return Succeeds, nil
	case below <= r.Error && above > r.Error:
		return Fails, nil
	default:
		return Undecided, nil
	}
}

// Cell is a number of attackers with a number of poisoned images each.
type Cell struct {
	N int `json:"n"`
	K int `json:"k"`
	// Seeds lists the seeds of its games, ascending.
	Seeds []uint64 `json:"seeds"`
	// Success is the mean over the seeds of the share of attackers that succeeded, Low to
	// High its 95 % interval by betting, which holds at every stop.
	Success stats.Number `json:"success"`
	Low     stats.Number `json:"low"`
	High    stats.Number `json:"high"`
	// Standing is that of the Rule.
	Standing Standing `json:"standing"`
	// ASR, Lift and Interference are means over the seeds.
	ASR          stats.Number `json:"asr"`
	Lift         stats.Number `json:"lift"`
	Interference stats.Number `json:"interference"`
}

// cellsOf returns the cells of sorted games.
func cellsOf(games []Game, rule Rule) ([]Cell, error) {
	cells := []Cell{}
	for len(games) > 0 {
		first := games[0]
		end := slices.IndexFunc(games, func(g Game) bool { return g.N != first.N || g.K != first.K })
		if end < 0 {
			end = len(games)
		}
		here := games[:end]
		games = games[end:]
		mean := func(of func(Game) float64) stats.Number { return stats.Over(here, of).Mean }
		c := Cell{
			N: first.N, K: first.K, Success: mean(Game.Share),
			ASR:          mean(func(g Game) float64 { return float64(g.ASR) }),
			Lift:         mean(func(g Game) float64 { return float64(g.Lift) }),
			Interference: mean(func(g Game) float64 { return float64(g.Interference) }),
		}
		var shares []float64
		for _, g := range here {
			c.Seeds, shares = append(c.Seeds, g.Seed), append(shares, g.Share())
		}
		interval, err := stats.Bounded(stats.Range{Low: 0, High: 1}).Interval(shares, 0.95)
		if err != nil {
			return nil, fmt.Errorf("phase: %w: %w", ErrGames, err)
		}
		c.Low, c.High = interval.Low, interval.High
		if c.Standing, err = rule.Decide(shares); err != nil {
			return nil, err
		}
		cells = append(cells, c)
	}
	return cells, nil
}

// Wanting returns the cells that need another seed, which are undecided with fewer seeds
// than the rule's Most: first those with the fewest seeds, among these the ones whose
// share of successes is nearest to 50 %, then by N and k. A budget that ends before the
// list does leaves the rest undecided.
func (r Rule) Wanting(cells []Cell) ([]Cell, error) {
	r, err := r.resolve()
	if err != nil {
		return nil, err
	}
	wanting := slices.DeleteFunc(slices.Clone(cells), func(c Cell) bool {
		return c.Standing != Undecided || len(c.Seeds) >= r.Most
	})
	slices.SortStableFunc(wanting, func(a, b Cell) int {
		off := func(c Cell) float64 { return math.Abs(float64(c.Success) - 0.5) }
		return cmp.Or(cmp.Compare(len(a.Seeds), len(b.Seeds)), cmp.Compare(off(a), off(b)), cmp.Compare(a.N, b.N), cmp.Compare(a.K, b.K))
	})
	return wanting, nil
}
