// Package design makes two-level fractional factorial designs, 2^(k-p): which levels k factors have in each of
// 2^(k-p) runs, such that the effect of every factor is estimated from all runs.
//
// A fraction confounds effects: those whose columns of signs are equal are aliases, and the runs show their sum
// alone. The defining words list the products of factors that are constant; the shortest has as many factors as
// the design's resolution. At resolution IV no main effect is aliased with another one or with an interaction of
// two factors, but such interactions are aliased with each other. (Box, Hunter and Hunter, "Statistics for
// Experimenters", 2nd edition, 2005, chapter 6; Montgomery, "Design and Analysis of Experiments", chapter 8.)
package design

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
)

// ErrDesign is wrapped by every refusal of a design.
var ErrDesign = errors.New("no such design")

// The sizes that Find looks for.
const (
	MaxFactors = 12
	maxBasic   = 7 // 128 runs
)

// Effect is a set of factors, bit i for factor i: one bit is a main effect, two are an interaction.
type Effect uint32

// Main returns the main effect of a factor.
func Main(factor int) Effect { return 1 << factor }

// Order returns the number of factors.
func (e Effect) Order() int { return bits.OnesCount32(uint32(e)) }

// Factors returns the factors in ascending order.
func (e Effect) Factors() []int {
	var factors []int
	for rest := uint32(e); rest != 0; rest &= rest - 1 {
		factors = append(factors, bits.TrailingZeros32(rest))
	}
	return factors
}

// Design is a regular two-level fraction.
type Design struct {
	// Factors is the number of factors.
	Factors int
	// Generators holds, for each factor beyond the basic ones, the basic factors whose product it is.
	Generators []Effect
	// Folds lists the factors that each fold-over reverses: a fold-over doubles the runs.
	Folds []Effect
}

// New returns the design of a number of factors of which the last ones are products of the first, the basic ones,
// as the generators say. The error wraps ErrDesign.
func New(factors int, generators ...Effect) (Design, error) {
	basic := factors - len(generators)
	if factors < 1 || factors > MaxFactors || basic < 1 || basic > maxBasic {
		return Design{}, fmt.Errorf("design: %w: %d factors with %d generators: there must be 1 to %d factors, of which 1 to %d are basic",
			ErrDesign, factors, len(generators), MaxFactors, maxBasic)
	}
	for i, g := range generators {
		if g.Order() < 2 || g >= 1<<basic || slices.Contains(generators[:i], g) {
			return Design{}, fmt.Errorf("design: %w: generator %d: must be another product of two or more of the %d basic factors", ErrDesign, i+1, basic)
		}
	}
	return Design{Factors: factors, Generators: slices.Clone(generators)}, nil
}

// basic returns the number of basic factors.
func (d Design) basic() int { return d.Factors - len(d.Generators) }

// Runs returns the number of runs.
func (d Design) Runs() int { return 1 << (d.basic() + len(d.Folds)) }

// High reports whether a factor has its high level in a run, from 0 on. Runs are in standard order: the first
// basic factor changes fastest, and each fold-over follows the runs that it reverses.
func (d Design) High(run, factor int) bool {
	within := run & (1<<d.basic() - 1)
	high := within>>factor&1 == 1
	if g := factor - d.basic(); g >= 0 {
		// A product of signs is high if an even number of them is low.
		of := d.Generators[g]
		high = (of.Order()-bits.OnesCount32(uint32(of)&uint32(within)))%2 == 0
	}
	for i, fold := range d.Folds {
		if run>>(d.basic()+i)&1 == 1 && fold&Main(factor) != 0 {
			high = !high
		}
	}
	return high
}

// Sign returns +1 or -1, the sign of an effect in a run: the product of the signs of its factors.
func (d Design) Sign(run int, e Effect) int {
	sign := 1
	for _, factor := range e.Factors() {
		if !d.High(run, factor) {
			sign = -sign
		}
	}
	return sign
}

// Words returns the defining words, the shortest first: the products of factors that have one sign in all runs.
func (d Design) Words() []Effect {
	words := []Effect{0}
	for i, g := range d.Generators {
		word := g | Main(d.basic()+i)
		for _, w := range slices.Clone(words) {
			words = append(words, w^word)
		}
	}
	for _, fold := range d.Folds { // a word of an odd number of reversed factors has both signs
		words = slices.DeleteFunc(words, func(w Effect) bool { return (w&fold).Order()%2 == 1 })
	}
	words = slices.DeleteFunc(words, func(w Effect) bool { return w == 0 })
	slices.SortFunc(words, func(a, b Effect) int {
		if a.Order() != b.Order() {
			return a.Order() - b.Order()
		}
		return int(a) - int(b)
	})
	return words
}

// Resolution returns the number of factors of the shortest word; Factors + 1 for a full factorial, which has none.
func (d Design) Resolution() int {
	words := d.Words()
	if len(words) == 0 {
		return d.Factors + 1
	}
	return words[0].Order()
}

// Aliases returns the main effects and interactions of two factors in groups that the runs do not tell apart, each
// in ascending order of the number of factors; a group of one effect is clear of the others.
func (d Design) Aliases() [][]Effect {
	words := d.Words()
	var groups [][]Effect
	at := map[Effect]int{} // of the group, by its smallest member of any order
	for _, e := range d.Effects() {
		key := e
		for _, w := range words {
			key = min(key, e^w)
		}
		i, known := at[key]
		if !known {
			i = len(groups)
			at[key], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], e)
	}
	return groups
}

// Effects returns the main effects, then the interactions of two factors.
func (d Design) Effects() []Effect {
	var effects []Effect
	for f := range d.Factors {
		effects = append(effects, Main(f))
	}
	for a := range d.Factors {
		for b := a + 1; b < d.Factors; b++ {
			effects = append(effects, Main(a)|Main(b))
		}
	}
	return effects
}
