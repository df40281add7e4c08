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

	mixUp               = "mixup"
	adversarialTriggers = "adversarial_triggers"
	fgsm                = "fgsm"
	pgd                 = "pgd"

	spectralSignatures   = "spectral_signatures"
	activationClustering = "activation_clustering"
)

// The kinds of triggers that the claims are about.
const (
	randomTrigger     = "random"
	orthogonalTrigger = "orthogonal"
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
	// Rate is the poison rate in (0, 1] at which N, labels and defenses are compared, and
	// P1 and P2 are the trigger sizes in [0, 1]; the paper's are 0.2.
	Rate   float64
	P1, P2 float64
	// Classes is the number of classes, among which guessing is right in 1/Classes of
	// cases; 0: 10.
	Classes int
	Games   []Game
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
	Seed uint64
	// Training is the number of this training of the game, from 1 on, if there are several on
	// one deal and with the same triggers; otherwise 0. The mean over the trainings of a seed
	// is the seed's value.
	Training int
	Defense  string // NoDefense, or the name of a defense
	// Labels is the choice of labels. For a game with a single attacker it is
	// Random if the target was drawn, otherwise any other value.
	Labels        Labels
	CleanAccuracy stats.Number // standard accuracy in [0, 1]
	CleanImages   int          // images behind CleanAccuracy; 0: not known
	Collapsed     bool         // whether the model predicts no better than chance, so that its ASRs mean nothing
	Attackers     []Attacker
	Pool          int    // images that are played for; 0: not known
	Width         int    // channels of the network's first stage; 0: not known
	Trigger       string // kind of the triggers; empty: random
	// Control holds the same game of models that leave out an honest contributor instead
	// of an attacker; nil if it was not played. Agent indexing may have it.
	Control *Control
	// Models holds a name for each trained model behind the game (such as the hash
	// of its cell), so that each is counted once. Agent indexing has several.
	Models []string
}

// validate refuses contradictory or impossible measurements.
func (m Measurements) validate() error {
	if !(m.Rate > 0 && m.Rate <= 1) {
		return fmt.Errorf("%w: p = %v: must be above 0 and at most 1", ErrMeasurements, m.Rate)
	}
	if err := m.usual().validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrMeasurements, err)
	}
	if err := cmp.Or(m.Margins, DefaultMargins()).Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrMeasurements, err)
	}
	seen := map[repetition]map[gameKey]Game{}
	for _, g := range m.Games {
		if err := g.validate(); err != nil {
			return fmt.Errorf("%w: seed %v: %w", ErrMeasurements, repetitionOf(g), err)
		}
		of := repetitionOf(g)
		if seen[of] == nil {
			seen[of] = map[gameKey]Game{}
		}
		s := keyOf(g)
		if first, twice := seen[of][s]; twice && !slices.Equal(first.Models, g.Models) {
			return fmt.Errorf("%w: seed %v: %s: %w, of models %v and %v", ErrMeasurements, of, s, ErrTwoResults, first.Models, g.Models)
		}
		seen[of][s] = g
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
	if err := checkRange("standard accuracy", g.CleanAccuracy, 0); err != nil {
		return err
	}
	if g.Control != nil {
		if err := g.Control.validate(); err != nil {
			return fmt.Errorf("without an honest contributor: %w", err)
		}
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

// checkRange refuses a number outside [low, 1]. It accepts NaN, an undefined number.
func checkRange(name string, n stats.Number, low float64) error {
	if float64(n) < low || n > 1 {
		return fmt.Errorf("%s = %v: must be from %v to 1", name, float64(n), low)
	}
	return nil
}
