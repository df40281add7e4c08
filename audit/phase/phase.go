// Package phase answers at which number of poisoned images per attacker (k) backdoors
// are learnt, and whether this depends on the number of attackers (N): the phase diagram
// of the multi-agent backdoor game.
//
// It works on plain numbers, one [Game] for each trained model: N, k, the seed, how many
// of the attackers succeeded and their mean rates. [Analyze] counts the share of
// successes of each cell (N, k), decides by a stated [Rule] whether it lies above or
// below 50 %, fits a curve of success against log k for each N, finds the k at which half
// of the attackers succeed with a band over the seeds, and tests whether the curves of
// all N coincide. If they do, an attacker among many fares like one that is alone with as
// many poisoned images, so that dilution explains everything.
//
// The unit is the seed. The attackers of a game depend on each other and never count as
// repetitions.
package phase

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"backfire/claims"
	"backfire/stats"
)

// ErrGames is wrapped by every refusal of games or options.
var ErrGames = errors.New("bad games")

// Game is one trained model, or several of one seed whose attackers count together (such
// as the matched singles of the attackers of a larger game, with N = 1).
type Game struct {
	// Reading names the choices that the games of one diagram share.
	Reading string `json:"reading"`
	// N is the number of attackers, at least 1.
	N int `json:"n"`
	// K is the number of poisoned images of each attacker, at least 1.
	K int `json:"k"`
	// Seed is the unit of repetition. Games of one seed are paired.
	Seed uint64 `json:"seed"`
	// Successes of Attackers attackers succeeded (a lift of 50 points or more). Attackers
	// is at least 1 and differs from N only where single games are joined or a lift is
	// undefined.
	Successes int `json:"successes"`
	Attackers int `json:"attackers"`
	// ASR, Lift and Interference are means over the attackers, shares in [0, 1] and
	// [-1, 1]. Each may be undefined.
	ASR          stats.Number `json:"asr"`
	Lift         stats.Number `json:"lift"`
	Interference stats.Number `json:"interference"`
}

// Share returns the share of the attackers that succeeded, in [0, 1].
func (g Game) Share() float64 { return float64(g.Successes) / float64(g.Attackers) }

// place is the cell of a game.
type place struct{ n, k int }

// check refuses a game that has no place in a diagram.
func (g Game) check() error {
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("phase: %w: reading %q, N = %d, k = %d, seed %d: %s", ErrGames, g.Reading, g.N, g.K, g.Seed, fmt.Sprintf(format, args...))
	}
	switch {
	case g.N < 1:
		return refuse("N must be at least 1")
	case g.K < 1:
		return refuse("k must be at least 1: its logarithm is the axis")
	case g.Attackers < 1:
		return refuse("%d attackers: a game counts at least 1", g.Attackers)
	case g.Successes < 0 || g.Successes > g.Attackers:
		return refuse("%d successes of %d attackers", g.Successes, g.Attackers)
	}
	for _, share := range []struct {
		name      string
		value     stats.Number
		low, high float64
	}{{"ASR", g.ASR, 0, 1}, {"lift", g.Lift, -1, 1}, {"interference", g.Interference, -2, 2}} {
		if v := float64(share.value); v < share.low || v > share.high {
			return refuse("%s is %v: must be from %v to %v", share.name, v, share.low, share.high)
		}
	}
	return nil
}

// Options are the choices of an analysis. The zero value stands for the defaults.
type Options struct {
	// Rule decides which cells are undecided.
	Rule Rule
	// Margin is the smallest difference of ASR or share of successes that counts, in (0, 1);
	// 0: claims.EffectMargin.
	Margin float64
	// Resamples is the number of resamples of the seeds behind a band; 0: 499.
	Resamples int
}

// resolve returns the options with their defaults.
func (o Options) resolve() (Options, error) {
	rule, err := o.Rule.resolve()
	if err != nil {
		return o, err
	}
	o = Options{Rule: rule, Margin: cmp.Or(o.Margin, claims.EffectMargin), Resamples: cmp.Or(o.Resamples, 499)}
	switch {
	case !(o.Margin > 0 && o.Margin < 1):
		return o, fmt.Errorf("phase: %w: the margin is %v: must be between 0 and 1", ErrGames, o.Margin)
	case o.Resamples < 1:
		return o, fmt.Errorf("phase: %w: %d resamples: must be at least 1", ErrGames, o.Resamples)
	}
	return o, nil
}

// Diagram is the phase diagram of one reading.
type Diagram struct {
	Reading string `json:"reading"`
	// Cells holds the cells by ascending N, then k.
	Cells []Cell `json:"cells"`
	// Curves holds the curve of success against log k of each N with two or more k, by
	// ascending N.
	Curves []Curve `json:"curves"`
	// Coincidence is the answer to the question whether the curves coincide. It is nil if
	// there is only one N, or no k that two of them share.
	Coincidence *Coincidence `json:"coincidence,omitempty"`
}

// Analyze returns the diagram of each reading, in the order of the readings' first games.
// The error wraps ErrGames for games that are out of range or given twice, and for
// options out of range.
func Analyze(games []Game, options Options) ([]Diagram, error) {
	options, err := options.resolve()
	if err != nil {
		return nil, err
	}
	var readings []string
	byReading := map[string][]Game{}
	type key struct {
		reading string
		place
		seed uint64
	}
	seen := map[key]bool{}
	for _, g := range games {
		if err := g.check(); err != nil {
			return nil, err
		}
		k := key{g.Reading, place{g.N, g.K}, g.Seed}
		if seen[k] {
			return nil, fmt.Errorf("phase: %w: reading %q, N = %d, k = %d, seed %d: given twice", ErrGames, g.Reading, g.N, g.K, g.Seed)
		}
		seen[k] = true
		if byReading[g.Reading] == nil {
			readings = append(readings, g.Reading)
		}
		byReading[g.Reading] = append(byReading[g.Reading], g)
	}
	diagrams := []Diagram{}
	for _, reading := range readings {
		d, err := analyze(reading, byReading[reading], options)
		if err != nil {
			return nil, err
		}
		diagrams = append(diagrams, d)
	}
	return diagrams, nil
}

// analyze returns the diagram of the games of one reading.
func analyze(reading string, games []Game, options Options) (Diagram, error) {
	games = slices.Clone(games)
	slices.SortFunc(games, func(a, b Game) int {
		return cmp.Or(cmp.Compare(a.N, b.N), cmp.Compare(a.K, b.K), cmp.Compare(a.Seed, b.Seed))
	})
	d := Diagram{Reading: reading, Curves: []Curve{}}
	var err error
	if d.Cells, err = cellsOf(games, options.Rule); err != nil {
		return Diagram{}, err
	}
	b := newBootstrap(games, options.Resamples)
	for _, n := range numbers(games) {
		if curve, ok := b.curve(n); ok {
			d.Curves = append(d.Curves, curve)
		}
	}
	d.Coincidence, err = coincidence(games, b, options)
	return d, err
}

// numbers returns the numbers of attackers of games, ascending.
func numbers(games []Game) []int {
	var all []int
	for _, g := range games {
		all = append(all, g.N)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
