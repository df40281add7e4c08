package payoffs

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"backfire/equilibrium"
)

// Format is the version of a Spec.
const Format = 1

// ErrSpec is wrapped by every refusal of a game's description.
var ErrSpec = errors.New("bad game")

// Spec describes a game between attackers. It is part of the hash of the sweep that plays
// it.
type Spec struct {
	Format     int        `json:"format"`
	Name       string     `json:"name"`
	Title      string     `json:"title"`
	Players    int        `json:"players"`
	Strategies []Strategy `json:"strategies"`
	Seeds      int        `json:"seeds"`
	FirstSeed  uint64     `json:"first_seed"` // the others follow it
	// Filter is the filter that q stands for, in the notation of defenders; empty: q is 0.
	Filter string `json:"filter,omitempty"`
	// Detector is the stack of the filter in JSON if it has settings of its own; otherwise it is empty, and the
	// filter has its default settings.
	Detector string `json:"detector,omitempty"`
	// Prices are the prices c of a poisoned image at which the game is solved, ascending from
	// 0 on.
	Prices []float64 `json:"prices"`
	// Margin is the regret below which a profile counts as an equilibrium, in (0, 1).
	Margin float64 `json:"margin"`
	// Defenders are the choices of a defender that moves first; empty: there is none, and the
	// model is trained without a defense.
	Defenders []string `json:"defenders,omitempty"`
	// Budget is the largest number of models; 0: none.
	Budget int `json:"budget,omitempty"`
	// OwnLabels are the target labels of players that do not share one, by player.
	OwnLabels []string `json:"own_labels,omitempty"`
	// P0 is the poison rate of strategies that leave theirs out.
	P0 float64 `json:"p0"`
	// Base holds the settings that the file makes for all profiles, by key.
	Base map[string]string `json:"base"`
}

// Strategy is a choice of an attacker. What it leaves out is as in the settings of the game.
type Strategy struct {
	Name string   `json:"name"`
	P0   *float64 `json:"p0,omitempty"` // poison rate
	P1   *float64 `json:"p1,omitempty"` // size of the trigger's box
	P2   *float64 `json:"p2,omitempty"` // share of perturbed pixels
	Kind string   `json:"kind,omitempty"`
	// Labels is LabelsShared or LabelsOwn.
	Labels string `json:"labels,omitempty"`
	// Coalition reports that all players with a strategy of the coalition use the trigger and
	// the target label of the first of them.
	Coalition bool `json:"coalition,omitempty"`
	// Seats is the number of seats over which the owner spreads its poisoned images, with one
	// trigger and one target label; 0: one.
	Seats int `json:"seats,omitempty"`
}

// The values of Strategy.Labels.
const (
	LabelsShared = "shared" // the common target label
	LabelsOwn    = "own"    // that of Spec.OwnLabels
)

// FilterKey returns the name by which results have what the filter finds; empty without a filter.
func (s *Spec) FilterKey() string { return cmp.Or(s.Detector, s.Filter) }

// SeatCount returns the number of seats of an owner that plays the strategy.
func (s Strategy) SeatCount() int { return max(1, s.Seats) }

// Check returns an error unless the spec describes a game that can be solved. The error
// wraps ErrSpec and names the key of the game's file.
func (s *Spec) Check() error {
	for _, check := range []func() error{s.checkSize, s.checkStrategies, s.checkPrices, s.checkDefender} {
		if err := check(); err != nil {
			return fmt.Errorf("%w: %w", ErrSpec, err)
		}
	}
	return nil
}

// checkSize refuses games of too few players or strategies, or of too many profiles.
func (s *Spec) checkSize() error {
	strategies := len(s.Strategies)
	switch {
	case s.Players < 2:
		return fmt.Errorf("players = %d: a game needs two at least: backfire cheapest answers for one attacker", s.Players)
	case strategies < 2:
		return fmt.Errorf("strategies: there is %d: a game needs two to choose from", strategies)
	case strategies > equilibrium.MaxStrategies:
		return fmt.Errorf("strategies: there are %d: at most %d can be solved", strategies, equilibrium.MaxStrategies)
	case s.Seeds < 1:
		return fmt.Errorf("seeds = %d: must be at least 1", s.Seeds)
	}
	profiles := equilibrium.ProfileCount(s.Players, strategies)
	if profiles > equilibrium.MaxProfiles {
		return fmt.Errorf("players = %d with %d strategies have %d profiles: at most %d can be solved", s.Players, strategies, profiles, equilibrium.MaxProfiles)
	}
	if models := s.Models(); s.Budget > 0 && models > s.Budget {
		return fmt.Errorf("budget.models = %d: %d players with %d strategies have %d profiles, which take %d models for %d seeds: set that many, or fewer players, strategies, defenders or seeds",
			s.Budget, s.Players, strategies, profiles, models, s.Seeds)
	}
	return nil
}

// Models returns the least number of models that the game takes: one for each profile, seed
// and defender.
func (s *Spec) Models() int {
	return equilibrium.ProfileCount(s.Players, len(s.Strategies)) * s.Seeds * max(1, len(s.Defenders))
}

// checkStrategies refuses equal names, equal strategies and values out of range.
func (s *Spec) checkStrategies() error {
	for i, one := range s.Strategies {
		key := "strategies." + one.Name
		if one.Name == "" {
			return fmt.Errorf("strategies: strategy %d has no name", i+1)
		}
		for _, other := range s.Strategies[:i] {
			if other.Name == one.Name {
				return fmt.Errorf("%s: two strategies have this name", key)
			}
			if other.equal(one) {
				return fmt.Errorf("%s: is the same choice as %s", key, other.Name)
			}
		}
		for i, value := range []*float64{one.P0, one.P1, one.P2} {
			if value != nil && !(*value >= 0 && *value <= 1) {
				return fmt.Errorf("%s.p%d = %v: must be in [0,1]", key, i, *value)
			}
		}
		if one.Labels != "" && one.Labels != LabelsShared && one.Labels != LabelsOwn {
			return fmt.Errorf("%s.labels = %q: must be %s or %s", key, one.Labels, LabelsShared, LabelsOwn)
		}
		if one.Labels == LabelsOwn && len(s.OwnLabels) < s.Players {
			return fmt.Errorf("own_labels: has %d target labels for %d players, each of which may want its own (%s)", len(s.OwnLabels), s.Players, key)
		}
		if one.Seats < 0 {
			return fmt.Errorf("%s.seats = %d: must be at least 1", key, one.Seats)
		}
	}
	return s.checkOwnLabels()
}

// checkOwnLabels refuses own labels that are the same, or that no strategy uses.
func (s *Spec) checkOwnLabels() error {
	used := slices.ContainsFunc(s.Strategies, func(one Strategy) bool { return one.Labels == LabelsOwn })
	if len(s.OwnLabels) > 0 && !used {
		return fmt.Errorf("own_labels: has no effect: no strategy has labels: %s", LabelsOwn)
	}
	for i, label := range s.OwnLabels {
		if slices.Contains(s.OwnLabels[:i], label) {
			return fmt.Errorf("own_labels: names %s twice", label)
		}
	}
	return nil
}

// equal reports whether two strategies are the same choice under two names.
func (s Strategy) equal(other Strategy) bool {
	same := func(a, b *float64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }
	return same(s.P0, other.P0) && same(s.P1, other.P1) && same(s.P2, other.P2) && s.Kind == other.Kind &&
		s.Labels == other.Labels && s.Coalition == other.Coalition && s.SeatCount() == other.SeatCount()
}

func (s *Spec) checkPrices() error {
	if len(s.Prices) == 0 || s.Prices[0] != 0 {
		return fmt.Errorf("prices = %v: must begin with 0, the game without a price", s.Prices)
	}
	for i := range s.Prices[1:] {
		if !(s.Prices[i+1] > s.Prices[i]) {
			return fmt.Errorf("prices = %v: must ascend", s.Prices)
		}
	}
	if !(s.Margin > 0 && s.Margin < 1) {
		return fmt.Errorf("margin = %v: must be in (0,1)", s.Margin)
	}
	return nil
}

func (s *Spec) checkDefender() error {
	switch {
	case len(s.Defenders) == 1:
		return fmt.Errorf("defenders = %v: a defender that moves first chooses among two at least", s.Defenders)
	case len(s.Defenders) > 0 && s.Filter != "":
		return fmt.Errorf("filter = %s: has no place beside defenders: let the filter be one of them", s.Filter)
	}
	return nil
}

// Names returns the names of the strategies.
func (s *Spec) Names() []string {
	var names []string
	for _, one := range s.Strategies {
		names = append(names, one.Name)
	}
	return names
}

// Profiles returns all profiles, in the order of equilibrium.Profiles.
func (s *Spec) Profiles() []equilibrium.Profile {
	return equilibrium.Profiles(s.Players, len(s.Strategies))
}
