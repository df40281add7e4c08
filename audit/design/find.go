package design

import (
	"fmt"
	"math/bits"
	"slices"
)

// Find returns the design with minimum aberration among those of a number of factors in a number of runs, a power
// of 2: the one with the highest resolution, and of these the one with the fewest shortest words, then the fewest
// of the next length, and so on (Fries and Hunter, "Minimum Aberration 2^(k-p) Designs", Technometrics 22, 1980).
// With 0 runs it returns that of the fewest runs that reach the resolution. A design of a lower resolution is
// refused; the error wraps ErrDesign and names the number of runs that would do.
func Find(factors, runs, resolution int) (Design, error) {
	if factors < 1 || factors > MaxFactors {
		return Design{}, fmt.Errorf("design: %w: %d factors: must be 1 to %d", ErrDesign, factors, MaxFactors)
	}
	if resolution < 3 {
		return Design{}, fmt.Errorf("design: %w: resolution %d: must be at least 3, so that no two main effects are aliased", ErrDesign, resolution)
	}
	if runs == 0 {
		return smallest(factors, resolution)
	}
	basic := bits.TrailingZeros(uint(runs))
	if runs < 2 || runs != 1<<basic || basic > maxBasic {
		return Design{}, fmt.Errorf("design: %w: %d runs: must be a power of 2 from 2 to %d", ErrDesign, runs, 1<<maxBasic)
	}
	if basic > factors {
		return Design{}, fmt.Errorf("design: %w: %d runs: %d factors have %d combinations", ErrDesign, runs, factors, 1<<factors)
	}
	best, ok := leastAberration(factors, basic)
	if ok && best.Resolution() >= min(resolution, factors+1) {
		return best, nil
	}
	advice := ""
	if enough, err := smallest(factors, resolution); err == nil {
		advice = fmt.Sprintf("; %d runs do", enough.Runs())
	}
	return Design{}, fmt.Errorf("design: %w: %d factors in %d runs do not reach resolution %d%s", ErrDesign, factors, runs, resolution, advice)
}

// smallest returns the design with the fewest runs that reaches a resolution.
func smallest(factors, resolution int) (Design, error) {
	for basic := 1; basic <= min(factors, maxBasic); basic++ {
		if d, ok := leastAberration(factors, basic); ok && (basic == factors || d.Resolution() >= resolution) {
			return d, nil
		}
	}
	return Design{}, fmt.Errorf("design: %w: %d factors do not reach resolution %d in %d runs: choose fewer factors or a lower resolution",
		ErrDesign, factors, resolution, 1<<maxBasic)
}

// leastAberration returns the best design of a number of factors, of which so many are basic; false if the basic
// factors have too few products.
func leastAberration(factors, basic int) (Design, bool) {
	extra := factors - basic
	var products []Effect
	for e := Effect(1); e < 1<<basic; e++ {
		if e.Order() > 1 {
			products = append(products, e)
		}
	}
	if extra > len(products) {
		return Design{}, false
	}
	// Products of many factors make long words. Those of two come in only where the others do not suffice.
	if longer := slices.DeleteFunc(slices.Clone(products), func(e Effect) bool { return e.Order() < 3 }); len(longer) >= extra {
		products = longer
	}
	s := search{factors: factors, basic: basic, products: products}
	s.extend(nil, 0, []Effect{0})
	return s.best, s.found
}

// search finds the generators of least aberration by trying all sets of products.
type search struct {
	factors, basic int
	products       []Effect
	best           Design
	pattern        []int
	found          bool
}

// extend adds generators from the products from a position on. words are the words so far, with the empty one.
func (s *search) extend(chosen []Effect, from int, words []Effect) {
	if len(chosen) == s.factors-s.basic {
		pattern := make([]int, s.factors+1)
		for _, w := range words[1:] {
			pattern[w.Order()]++
		}
		if !s.found || slices.Compare(pattern, s.pattern) < 0 {
			s.best = Design{Factors: s.factors, Generators: slices.Clone(chosen)}
			s.pattern, s.found = pattern, true
		}
		return
	}
	for i := from; i < len(s.products); i++ {
		word := s.products[i] | Main(s.basic+len(chosen))
		longer := words
		worse := false
		for _, w := range words {
			longer = append(longer, w^word)
			worse = worse || s.found && (w^word).Order() < s.shortest()
		}
		if !worse {
			s.extend(append(chosen, s.products[i]), i+1, longer[:2*len(words):2*len(words)])
		}
	}
}

// shortest returns the length of the shortest word of the best design.
func (s *search) shortest() int {
	for length, n := range s.pattern {
		if n > 0 {
			return length
		}
	}
	return s.factors + 1
}

// Separating returns the factors whose reversal, in a fold-over, tells most of the pairs of effects apart, and of
// such sets the smallest; 0 if none tells any pair apart. The pairs must be aliases.
func (d Design) Separating(pairs [][2]Effect) Effect {
	best, most := Effect(0), 0
	for fold := Effect(1); fold < 1<<d.Factors; fold++ {
		apart := 0
		for _, pair := range pairs {
			if ((pair[0]^pair[1])&fold).Order()%2 == 1 {
				apart++
			}
		}
		if apart > most || apart == most && best != 0 && fold.Order() < best.Order() {
			best, most = fold, apart
		}
	}
	return best
}

// Fold returns the design followed by its fold-over, in which the given factors are reversed.
func (d Design) Fold(reversed Effect) Design {
	d.Folds = append(slices.Clone(d.Folds), reversed)
	return d
}
