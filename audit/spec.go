// Package audit answers under which readings and at which scale each claim holds: pure functions from an audit's
// description and measured games to the games that are still to be played, the effects of readings, and verdicts.
//
// An audit has a primary reading and factors, each of which replaces one of its settings by another one. Its
// stages play games:
//
//   - primary: the primary reading, on enough seeds for verdicts that are corrected for each other;
//   - screening: a two-level fractional factorial (package design) over the factors, which shows the effect of
//     each factor on interference, lift and success;
//   - shares: some readings with triggers that can be told apart more or less, which shows whether attackers share
//     their success by their labels (package shares);
//   - phase: two factors in all four combinations, over the number k of poisoned images per attacker and the
//     number N of attackers, on few seeds first and on more where attackers neither succeed nor fail.
//
// Wanted returns the games to play, given those that were played. It depends on nothing else, so that any process
// can resume an audit.
package audit

import (
	"errors"
	"fmt"
	"slices"

	"backfire/audit/design"
	"backfire/claims"
)

// Format is the version of a Spec.
const Format = 1

// ErrSpec is wrapped by every refusal of an audit's description.
var ErrSpec = errors.New("bad audit")

// Spec describes an audit. Its hash names the choices that were fixed before anything is trained.
type Spec struct {
	Format int    `json:"format"`
	Name   string `json:"name"`
	Title  string `json:"title"`
	// Factors are the readings that the audit varies.
	Factors []Factor `json:"factors"`
	// Primary is judged with correction for several claims; all other answers are exploratory.
	Primary   Primary   `json:"primary"`
	Screening Screening `json:"screening"`
	// Shares is nil for an audit without games of its own for the law of shares.
	Shares *Shares `json:"shares,omitempty"`
	// Phase is nil for an audit without a phase diagram.
	Phase   *Phase         `json:"phase,omitempty"`
	Margins claims.Margins `json:"margins"`
	Budget  Budget         `json:"budget"`
	// FirstSeed is the first seed of every stage; the others follow it.
	FirstSeed uint64 `json:"first_seed"`
	// Base holds the settings that the file makes for all games, by key.
	Base map[string]string `json:"base"`
	// Games is the hash of the games that the audit plays in any case, and so of their images and all of their
	// settings.
	Games string `json:"games"`
}

// Factor is a reading with two levels.
type Factor struct {
	Name string `json:"name"`
	Low  Level  `json:"low"`
	High Level  `json:"high"`
}

// Level is one of a factor's two choices.
type Level struct {
	Name     string            `json:"name"`
	Settings map[string]string `json:"settings"` // values of keys
}

// Level returns the high or the low level.
func (f Factor) Level(high bool) Level {
	if high {
		return f.High
	}
	return f.Low
}

// Primary is the reading that is judged first.
type Primary struct {
	// High lists the names of the factors that have their high level; all others have their low one.
	High []string `json:"high"`
	// Claims lists the IDs of the claims that are corrected for each other.
	Claims []string `json:"claims"`
	Counts []int    `json:"counts"` // numbers of attackers
	Seeds  int      `json:"seeds"`
}

// Screening is the fractional factorial.
type Screening struct {
	Resolution int   `json:"resolution"`
	Runs       int   `json:"runs"`   // 0: the fewest that reach Resolution
	Counts     []int `json:"counts"` // numbers of attackers
	// Looks are the numbers of seeds after which the effects are read, ascending: the seeds of the next look are
	// played only if an effect on interference or lift is undecided. The intervals hold at every stop. A
	// screening of one look plays all seeds.
	Looks []int `json:"looks"`
	// FoldOver reports whether runs are added where two effects that matter are aliases.
	FoldOver bool `json:"fold_over"`
}

// Phase is the grid of the phase diagram.
type Phase struct {
	// Pair names the two factors in all combinations; empty: the two with the largest effects on interference in
	// the screening, of those that do not set how many images an attacker owns or poisons, which is an axis of the
	// diagram.
	Pair     []string `json:"pair,omitempty"`
	Poisoned []int    `json:"poisoned"` // images per attacker, k
	Counts   []int    `json:"counts"`   // numbers of attackers
	First    int      `json:"first"`    // seeds of every cell
	Step     int      `json:"step"`     // seeds that an undecided cell gets at a time
	Most     int      `json:"most"`     // seeds of a cell
}

// Budget bounds what an audit trains. A bound of 0 is none.
type Budget struct {
	Models int     `json:"models"` // of all stages
	Hours  float64 `json:"hours"`  // of training, summed over the models, as their results record them
}

// Check returns an error unless the spec describes an audit that can be played. The error wraps ErrSpec and names
// a choice that would do.
func (s *Spec) Check() error {
	for _, check := range []func() error{s.checkFactors, s.checkPrimary, s.checkScreening, s.checkShares, s.checkPhase} {
		if err := check(); err != nil {
			return fmt.Errorf("%w: %w", ErrSpec, err)
		}
	}
	if err := s.Margins.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrSpec, err)
	}
	return nil
}

func (s *Spec) checkFactors() error {
	if len(s.Factors) < 2 || len(s.Factors) > design.MaxFactors {
		return fmt.Errorf("factors: there are %d: an audit has 2 to %d", len(s.Factors), design.MaxFactors)
	}
	for i, f := range s.Factors {
		switch {
		case f.Name == "":
			return fmt.Errorf("factors: factor %d has no name", i+1)
		case slices.Contains(ReservedNames(), f.Name):
			return fmt.Errorf("factors.%s: is a name that the audit gives its own settings: choose another one, such as %q", f.Name, "my "+f.Name)
		case slices.ContainsFunc(s.Factors[:i], func(other Factor) bool { return other.Name == f.Name }):
			return fmt.Errorf("factors: two are called %q", f.Name)
		case f.Low.Name == f.High.Name:
			return fmt.Errorf("factors.%s: both levels are called %q", f.Name, f.Low.Name)
		}
	}
	return nil
}

// ReservedNames returns the names of what points have beside the levels of factors, which no factor can have.
func ReservedNames() []string { return []string{"stage", "poisoned", "jitter", "N"} }

func (s *Spec) checkPrimary() error {
	p := s.Primary
	for _, name := range p.High {
		if s.factor(name) < 0 {
			return fmt.Errorf("primary.reading: there is no factor %q", name)
		}
	}
	if len(p.Claims) == 0 {
		return errors.New("primary.claims: must list the claims whose verdicts are corrected together")
	}
	for _, id := range p.Claims {
		if _, err := claims.Find(id); err != nil {
			return fmt.Errorf("primary.claims: %q: %w", id, err)
		}
	}
	if least := claims.MinSeeds(len(p.Claims)); p.Seeds < least {
		return fmt.Errorf("primary.seeds = %d: %d claims that are corrected together have no verdict from fewer than %d seeds: set %d, or fewer claims",
			p.Seeds, len(p.Claims), least, least)
	}
	return checkCounts("primary.counts", p.Counts)
}

// checkCounts requires ascending numbers of attackers of which one is above 1.
func checkCounts(key string, counts []int) error {
	if len(counts) == 0 || counts[len(counts)-1] < 2 || counts[0] < 1 {
		return fmt.Errorf("%s = %v: must be numbers of attackers of which one is above 1", key, counts)
	}
	if !slices.IsSorted(counts) || len(slices.Compact(slices.Clone(counts))) < len(counts) {
		return fmt.Errorf("%s = %v: must ascend", key, counts)
	}
	return nil
}

func (s *Spec) checkScreening() error {
	sc := s.Screening
	if len(sc.Looks) == 0 {
		return errors.New("screening.seeds: must be the number of seeds, at least 6")
	}
	if sc.Looks[0] < claims.MinSeeds(1) {
		return fmt.Errorf("screening: a look after %d seeds: no verdict comes from fewer than %d", sc.Looks[0], claims.MinSeeds(1))
	}
	for i := range sc.Looks[1:] {
		if sc.Looks[i+1] <= sc.Looks[i] {
			return fmt.Errorf("screening.looks = %v: must ascend", sc.Looks)
		}
	}
	if err := checkCounts("screening.counts", sc.Counts); err != nil {
		return err
	}
	_, err := s.Design()
	return err
}

func (s *Spec) checkPhase() error {
	p := s.Phase
	if p == nil {
		return nil
	}
	if n := len(p.Pair); n != 0 && n != 2 || n == 2 && p.Pair[0] == p.Pair[1] {
		return fmt.Errorf("phase.pair = %v: must name two factors, or be strongest", p.Pair)
	}
	for _, name := range p.Pair {
		if s.factor(name) < 0 {
			return fmt.Errorf("phase.pair: there is no factor %q", name)
		}
	}
	if len(p.Poisoned) < 2 || p.Poisoned[0] < 1 || !slices.IsSorted(p.Poisoned) || len(slices.Compact(slices.Clone(p.Poisoned))) < len(p.Poisoned) {
		return fmt.Errorf("phase.poisoned = %v: must be two or more numbers of images that ascend", p.Poisoned)
	}
	if err := checkCounts("phase.counts", p.Counts); err != nil {
		return err
	}
	if p.First < 2 || p.Step < 1 || p.Most < p.First {
		return fmt.Errorf("phase.seeds = {first: %d, step: %d, most: %d}: must be at least 2 seeds first, steps of at least 1, and no fewer in all than first",
			p.First, p.Step, p.Most)
	}
	return nil
}

// factor returns the position of a factor, -1 for none.
func (s *Spec) factor(name string) int {
	return slices.IndexFunc(s.Factors, func(f Factor) bool { return f.Name == name })
}

// Names returns the names of the factors.
func (s *Spec) Names() []string {
	var names []string
	for _, f := range s.Factors {
		names = append(names, f.Name)
	}
	return names
}

// Design returns the design of the screening before any fold-over. The error wraps design.ErrDesign.
func (s *Spec) Design() (design.Design, error) {
	return design.Find(len(s.Factors), s.Screening.Runs, s.Screening.Resolution)
}

// PrimaryLevels returns the levels of the primary reading: the set of factors that have the high one.
func (s *Spec) PrimaryLevels() design.Effect {
	var high design.Effect
	for _, name := range s.Primary.High {
		high |= design.Main(s.factor(name))
	}
	return high
}
