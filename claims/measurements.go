package claims

import (
	"errors"
	"fmt"
	"slices"

	"backfire/stats"
)

// ErrMeasurements is wrapped by every refusal of measurements that contradict
// themselves or cannot be.
var ErrMeasurements = errors.New("bad measurements")

// The defenses that the claims are about, by the names of package defenses.
// Games with another one may be among the measurements; no claim looks at them.
const (
	NoDefense         = "none"
	CutMix            = "cutmix"
	AgentAugmentation = "agent_augmentation"
	AgentIndexing     = "indexing"
)

// Labels says how the attackers of a game chose their target labels.
type Labels string

// The choices of labels.
const (
	Same     Labels = "same"     // one for all
	Distinct Labels = "distinct" // no two attackers share one
	Mixed    Labels = "mixed"    // some share one
	Random   Labels = "random"   // each at random, and anew for each seed
)

// LabelsOf returns how labels were chosen that were not drawn at random. One
// attacker alone has Same.
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

// Measurements are games of one experiment: one dataset, scale and reading, and
// several seeds.
type Measurements struct {
	// Reading names the readings (and the scale, if the caller likes) that the
	// games were played under; it goes into every verdict.
	Reading string
	// Rate is the p in (0, 1] at which N, labels and defenses are compared;
	// the paper's is 0.2.
	Rate  float64
	Games []Game
}

// Game is one game as one defender ended it.
type Game struct {
	Seed    uint64
	Defense string
	// Labels of a game with a single attacker is Random if its target was
	// drawn, otherwise anything else.
	Labels        Labels
	CleanAccuracy stats.Number // standard accuracy in [0, 1]
	Collapsed     bool         // it predicts no better than chance; its ASRs mean nothing
	Attackers     []Attacker
	// Models names the trained models behind the game (such as the hashes of
	// their cells), so that each is counted once; agent indexing has several.
	Models []string
}

// Attacker is one attacker of a game.
type Attacker struct {
	ID     int     // identity: the same trigger in every game of a seed
	Target int     // class
	Rate   float64 // its p in [0, 1]
	ASR    stats.Number
	Lift   stats.Number
	// Divergence is the distance between the attacker's feature distribution
	// and everybody's (appendix 7.1 of the paper), at least 0.
	Divergence stats.Number
}

// validate refuses measurements that no experiment gives.
func (m Measurements) validate() error {
	if !(m.Rate > 0 && m.Rate <= 1) {
		return fmt.Errorf("%w: p = %v: must be above 0 and at most 1", ErrMeasurements, m.Rate)
	}
	seen := map[uint64]map[slot]Game{}
	for _, g := range m.Games {
		if err := g.validate(); err != nil {
			return fmt.Errorf("%w: seed %d: %w", ErrMeasurements, g.Seed, err)
		}
		if seen[g.Seed] == nil {
			seen[g.Seed] = map[slot]Game{}
		}
		s := slotOf(g)
		if first, twice := seen[g.Seed][s]; twice && !slices.Equal(first.Models, g.Models) {
			return fmt.Errorf("%w: seed %d: %s: two results, of models %v and %v", ErrMeasurements, g.Seed, s, first.Models, g.Models)
		}
		seen[g.Seed][s] = g
	}
	return nil
}

func (g Game) validate() error {
	if len(g.Attackers) == 0 {
		return errors.New("a game without attackers")
	}
	if len(g.Models) == 0 {
		return errors.New("a game without the names of its models")
	}
	if err := inRange("standard accuracy", g.CleanAccuracy, 0, 1); err != nil {
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
		return fmt.Errorf("labels are said to be %q, but the targets are %v", g.Labels, targets)
	}
}

func (a Attacker) validate() error {
	if !(a.Rate >= 0 && a.Rate <= 1) {
		return fmt.Errorf("p = %v: must be from 0 to 1", a.Rate)
	}
	if err := inRange("ASR", a.ASR, 0, 1); err != nil {
		return err
	}
	if err := inRange("lift", a.Lift, -1, 1); err != nil {
		return err
	}
	if a.Divergence.Defined() && a.Divergence < 0 {
		return fmt.Errorf("divergence = %v: must be at least 0", float64(a.Divergence))
	}
	return nil
}

// inRange refuses a number outside of [low, high]; NaN, one that does not exist,
// may stand.
func inRange(name string, n stats.Number, low, high float64) error {
	if float64(n) < low || float64(n) > high {
		return fmt.Errorf("%s = %v: must be from %v to %v", name, float64(n), low, high)
	}
	return nil
}

// Measure is a quantity that statements are about.
type Measure string

// The measures, all shares; see package game.
const (
	ASR           Measure = "asr"
	Lift          Measure = "lift"
	CleanAccuracy Measure = "clean_accuracy"
)

// String returns the measure's name for people.
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

// of returns the attacker's ASR or lift, NaN where it does not exist.
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

// mean returns the measure's mean over the game's attackers, or the game's
// standard accuracy.
func (m Measure) mean(g Game) float64 {
	if m == CleanAccuracy {
		return float64(g.CleanAccuracy)
	}
	return float64(stats.Summarize(m.values(g)).Mean)
}
