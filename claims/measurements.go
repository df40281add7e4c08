package claims

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"backfire/stats"
)

// ErrMeasurements is wrapped by every refusal of measurements that are
// contradictory or out of range.
var ErrMeasurements = errors.New("bad measurements")

// ErrTwoResults is wrapped, beside ErrMeasurements, where two games of a seed differ in
// nothing that claims compare and are of different models.
var ErrTwoResults = errors.New("two results")

// The defenses that the claims are about. The names are those of package defenses,
// as a test checks: this package judges plain measurements and imports nothing
// that makes them. Measurements may contain games with other defenses, which no
// claim uses.
const (
	NoDefense         = "none"
	CutMix            = "cutmix"
	AgentAugmentation = "agent_augmentation"
	AgentIndexing     = "indexing"
)

// Labels is the way in which the attackers of a game chose their target labels.
type Labels string

// The choices of labels.
const (
	Same     Labels = "same"     // all attackers share one
	Distinct Labels = "distinct" // no two attackers share one
	Mixed    Labels = "mixed"    // some attackers share one
	Random   Labels = "random"   // drawn at random for each attacker and seed
)

// LabelsOf returns the choice of labels that gives the targets, which must not be
// drawn at random. For a single attacker it returns Same.
func LabelsOf(targets []int) Labels {
	distinct := len(slices.Compact(slices.Sorted(slices.Values(targets))))
	switch {
	case distinct <= 1:
		return Same
	case distinct == len(targets):
		return Distinct
	default:
		return Mixed
	}
}

// Measurements holds the games of one experiment: one dataset, scale and reading,
// and several seeds.
type Measurements struct {
	// Reading describes the readings (and, if the caller likes, the scale) with
	// which the games were played. Every verdict repeats it.
	Reading string
	// Rate is the p in (0, 1] at which N, labels and defenses are compared; the
	// paper's is 0.2.
	Rate  float64
	Games []Game
	// Primary lists the IDs of the claims that were chosen before anything was trained.
	// They are corrected for each other; every other claim is exploratory.
	Primary []string
	// Margins are the sizes of effects that count; zero: DefaultMargins.
	Margins Margins
	// Paper holds the paper's figures to compare the effects with, if there are any.
	Paper Paper
}

// Game is the result of one game with one defender.
type Game struct {
	Seed    uint64
	Defense string // NoDefense, or the name of a defense
	// Labels is the choice of labels. For a game with a single attacker it is
	// Random if the target was drawn, otherwise any other value.
	Labels        Labels
	CleanAccuracy stats.Number // standard accuracy in [0, 1]
	CleanImages   int          // images behind CleanAccuracy; 0: not known
	Collapsed     bool         // whether the model predicts no better than chance, so that its ASRs mean nothing
	Attackers     []Attacker
	// Models holds a name for each trained model behind the game (such as the hash
	// of its cell), so that each is counted once. Agent indexing has several.
	Models []string
}

// Attacker is one attacker of a game.
type Attacker struct {
	ID     int          // identity: the same ID has the same trigger in every game of a seed
	Target int          // class number of the target label
	Rate   float64      // p in [0, 1]
	ASR    stats.Number // in [0, 1]
	Lift   stats.Number // in [-1, 1]
	Images int          // images behind ASR and Lift; 0: not known
	// Divergence is the distance between the attacker's feature distribution and
	// that of all agents (appendix 7.1 of the paper), at least 0.
	Divergence stats.Number
}

// validate refuses contradictory or impossible measurements.
func (m Measurements) validate() error {
	if !(m.Rate > 0 && m.Rate <= 1) {
		return fmt.Errorf("%w: p = %v: must be above 0 and at most 1", ErrMeasurements, m.Rate)
	}
	if err := cmp.Or(m.Margins, DefaultMargins()).Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrMeasurements, err)
	}
	seen := map[uint64]map[gameKey]Game{}
	for _, g := range m.Games {
		if err := g.validate(); err != nil {
			return fmt.Errorf("%w: seed %d: %w", ErrMeasurements, g.Seed, err)
		}
		if seen[g.Seed] == nil {
			seen[g.Seed] = map[gameKey]Game{}
		}
		s := keyOf(g)
		if first, twice := seen[g.Seed][s]; twice && !slices.Equal(first.Models, g.Models) {
			return fmt.Errorf("%w: seed %d: %s: %w, of models %v and %v", ErrMeasurements, g.Seed, s, ErrTwoResults, first.Models, g.Models)
		}
		seen[g.Seed][s] = g
	}
	return nil
}

// validate refuses a contradictory or impossible game.
func (g Game) validate() error {
	if len(g.Attackers) == 0 {
		return errors.New("a game without attackers")
	}
	if len(g.Models) == 0 {
		return errors.New("a game without the names of its models")
	}
	if err := checkRange("standard accuracy", g.CleanAccuracy, 0, 1); err != nil {
		return err
	}
	ids := map[int]bool{}
	targets := make([]int, len(g.Attackers))
	for i, a := range g.Attackers {
		if ids[a.ID] {
			return fmt.Errorf("two attackers %d in one game", a.ID)
		}
		ids[a.ID], targets[i] = true, a.Target
		if err := a.validate(); err != nil {
			return fmt.Errorf("attacker %d: %w", a.ID, err)
		}
	}
	switch {
	case g.Labels == Random, len(targets) == 1, g.Labels == LabelsOf(targets):
		return nil
	default:
		return fmt.Errorf("labels is %q, but the targets are %v", g.Labels, targets)
	}
}

// validate refuses values out of range.
func (a Attacker) validate() error {
	if !(a.Rate >= 0 && a.Rate <= 1) {
		return fmt.Errorf("p = %v: must be from 0 to 1", a.Rate)
	}
	if err := checkRange("ASR", a.ASR, 0, 1); err != nil {
		return err
	}
	if err := checkRange("lift", a.Lift, -1, 1); err != nil {
		return err
	}
	if a.Divergence.Defined() && a.Divergence < 0 {
		return fmt.Errorf("divergence = %v: must be at least 0", float64(a.Divergence))
	}
	return nil
}

// checkRange refuses a number outside [low, high]. It accepts NaN, an undefined
// number.
func checkRange(name string, n stats.Number, low, high float64) error {
	if float64(n) < low || float64(n) > high {
		return fmt.Errorf("%s = %v: must be from %v to %v", name, float64(n), low, high)
	}
	return nil
}

// Measure is a quantity on which statements are evaluated.
type Measure string

// The measures, all of them shares. Package game defines them.
const (
	ASR           Measure = "asr"
	Lift          Measure = "lift"
	CleanAccuracy Measure = "clean_accuracy"
)

// String returns the measure's name as shown to the user.
func (m Measure) String() string {
	switch m {
	case ASR:
		return "ASR"
	case CleanAccuracy:
		return "standard accuracy"
	default:
		return string(m)
	}
}

// of returns the attacker's ASR or lift, NaN if it is undefined.
func (m Measure) of(a Attacker) float64 {
	if m == Lift {
		return float64(a.Lift)
	}
	return float64(a.ASR)
}

// values returns the measure of each of the game's attackers.
func (m Measure) values(g Game) []float64 {
	values := make([]float64, len(g.Attackers))
	for i, a := range g.Attackers {
		values[i] = m.of(a)
	}
	return values
}

// images returns the number of images behind the measure's mean over the game's
// attackers, or behind its standard accuracy; 0 if it is not known.
func (m Measure) images(g Game) int {
	if m == CleanAccuracy {
		return g.CleanImages
	}
	images := 0
	for _, a := range g.Attackers {
		images += a.Images
	}
	return images
}

// mean returns the measure's mean over the game's attackers, or the game's
// standard accuracy.
func (m Measure) mean(g Game) float64 {
	if m == CleanAccuracy {
		return float64(g.CleanAccuracy)
	}
	return float64(stats.Summarize(m.values(g)).Mean)
}
