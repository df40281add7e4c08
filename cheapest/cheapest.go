// Package cheapest answers what an attack costs: the fewest poisoned images, or the smallest
// p, with which every one of N symmetric attackers poisons so that their mean ASR reaches a
// target. It holds pure functions from games that were played to the games to play next, a
// bisection for each seed and number of attackers, and to the answers.
package cheapest

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrSpec is wrapped by every refusal of a search's description.
var ErrSpec = errors.New("bad search")

// Unit names the quantity of a search. Its values are whole numbers from 1 on.
type Unit string

// The units.
const (
	// Images counts the poisoned images of each attacker.
	Images Unit = "images"
	// Percent is p = p0 = p1 = p2 of each attacker, in percent.
	Percent Unit = "p"
)

// First returns the value at which a search starts; from there it doubles until the target
// is reached.
func (u Unit) First() int {
	if u == Percent {
		return 5
	}
	return 8
}

// Text returns a value in the words of people.
func (u Unit) Text(value float64) string {
	if u == Percent {
		return fmt.Sprintf("%.3g", value/100)
	}
	return fmt.Sprintf("%.0f", value)
}

// Spec describes a search.
type Spec struct {
	Unit   Unit    `json:"unit"`
	Target float64 `json:"target"` // mean ASR of the attackers of a game, in (0, 1]
	Counts []int   `json:"counts"` // numbers of attackers, ascending
	// FirstSeed is the first of Seeds seeds.
	FirstSeed uint64 `json:"first_seed"`
	Seeds     int    `json:"seeds"`
	// Most is the largest value that is played.
	Most int `json:"most"`
	// Tolerance is the relative width of a bracket at which a search ends; a bracket of two
	// neighbours ends it, too.
	Tolerance float64 `json:"tolerance"`
	// Margin is the ratio up to which the thresholds of two numbers of attackers count as the same. It is at least
	// Resolution.
	Margin float64 `json:"margin"`
}

// DefaultMargin is the next round number above the Resolution of the default tolerance, 0.1.
const DefaultMargin = 1.25

// Resolution returns the largest ratio of two thresholds that the search can find where there is no difference: each of
// them is known to the factor 1 + Tolerance.
func (s *Spec) Resolution() float64 { return (1 + s.Tolerance) * (1 + s.Tolerance) }

// Check returns an error unless the spec describes a search. The error wraps ErrSpec.
func (s *Spec) Check() error {
	switch {
	case s.Unit != Images && s.Unit != Percent:
		return fmt.Errorf("%w: vary = %s: must be %s or %s", ErrSpec, s.Unit, Images, Percent)
	case !(s.Target > 0 && s.Target <= 1):
		return fmt.Errorf("%w: asr = %v: must be in (0,1]", ErrSpec, s.Target)
	case !(s.Tolerance >= 0 && s.Tolerance < 1):
		return fmt.Errorf("%w: tolerance = %v: must be in [0,1)", ErrSpec, s.Tolerance)
	case !(s.Margin > 1 && s.Margin >= s.Resolution()-1e-9) || math.IsInf(s.Margin, 0):
		return fmt.Errorf("%w: margin = %v: must be above 1 and at least %.4g: with tolerance = %v each number is known to the factor %v, so that a smaller ratio of two of them means nothing", ErrSpec, s.Margin, s.Resolution(), s.Tolerance, 1+s.Tolerance)
	case s.Seeds < 1:
		return fmt.Errorf("%w: seeds = %d: must be at least 1", ErrSpec, s.Seeds)
	case len(s.Counts) == 0 || !slices.IsSorted(s.Counts) || s.Counts[0] < 1:
		return fmt.Errorf("%w: attackers = %v: must be numbers that ascend", ErrSpec, s.Counts)
	case s.Most < 1:
		return fmt.Errorf("%w: an attacker has no images to poison", ErrSpec)
	}
	return nil
}

// Play is a game: N attackers, each of whom poisons by a value.
type Play struct {
	N     int    `json:"n"`
	Seed  uint64 `json:"seed"`
	Value int    `json:"value"`
}

// Game is the outcome of a play.
type Game struct {
	Play
	ASR float64 `json:"asr"` // mean over the attackers
	// Collapsed reports that the model is no better than chance, so that its ASR means
	// nothing: such a game does not reach the target.
	Collapsed bool   `json:"collapsed"`
	Model     string `json:"model"` // hash
}

// reaches reports whether a game reaches the target.
func (s *Spec) reaches(g Game) bool { return !g.Collapsed && g.ASR >= s.Target }

// Threshold is the outcome of the search for one number of attackers and seed.
type Threshold struct {
	N    int    `json:"n"`
	Seed uint64 `json:"seed"`
	// Below is the largest value under Value that was played and did not reach the target; 0:
	// none. Value is the smallest that was found to reach it; 0: not even Spec.Most does.
	Below int  `json:"below"`
	Value int  `json:"value"`
	Done  bool `json:"done"` // the search has ended
}

// Search returns the thresholds as far as games were played, in the order of Counts and seeds,
// and the games to play next, of which each open threshold has one. Every threshold is
// searched by doubling from Unit.First on, then by bisection at the geometric mean, so that
// it is the place of one crossing even where the ASR does not rise throughout.
func (s *Spec) Search(games []Game) (found []Threshold, next []Play) {
	known := map[Play]Game{}
	for _, g := range games {
		known[g.Play] = g
	}
	for _, n := range s.Counts {
		for i := range uint64(s.Seeds) {
			t := Threshold{N: n, Seed: s.FirstSeed + i}
			if value := s.follow(&t, known); value > 0 {
				next = append(next, Play{n, t.Seed, value})
			}
			found = append(found, t)
		}
	}
	return found, next
}

// follow follows the search of a threshold through known games and returns the first value
// without one; 0 at its end.
func (s *Spec) follow(t *Threshold, known map[Play]Game) int {
	value := min(s.Unit.First(), s.Most)
	for {
		g, played := known[Play{t.N, t.Seed, value}]
		if !played {
			return value
		}
		if s.reaches(g) {
			t.Value = value
		} else {
			t.Below = value
		}
		switch {
		case t.Value == 0 && value == s.Most:
			t.Done = true
			return 0
		case t.Value == 0:
			value = min(2*value, s.Most)
		case t.Value-t.Below <= 1 || float64(t.Value) <= float64(t.Below)*(1+s.Tolerance):
			t.Done = true
			return 0
		default:
			middle := int(math.Round(math.Sqrt(float64(max(t.Below, 1)) * float64(t.Value))))
			value = max(t.Below+1, min(middle, t.Value-1))
		}
	}
}

// MostGames returns the largest number of games that the search can play.
func (s *Spec) MostGames() int {
	steps := 2
	for value := s.Unit.First(); value < s.Most; value *= 2 {
		steps++
	}
	bracket := max(s.Most/2, s.Unit.First())
	for width := bracket; width > 1; width = (width + 1) / 2 {
		steps++
	}
	return steps * s.Seeds * len(s.Counts)
}
