package game

import (
	"fmt"
	"strings"

	"backfire/datasets"
)

// refuse returns an error that wraps ErrRules.
func refuse(format string, args ...any) error {
	return fmt.Errorf("game: %w: %s", ErrRules, fmt.Sprintf(format, args...))
}

// Resolve returns the rules with a pool size of 0 replaced by the size of the
// dataset, so that rules with the same meaning are equal.
func (r Rules) Resolve(set *datasets.Set) Rules {
	if r.PoolSize == 0 {
		r.PoolSize = set.Len()
	}
	return r
}

// Validate returns an error if the rules do not fit the dataset: every value
// must be in its range, the pool must be one that can be drawn class-balanced,
// the defender and every other agent must contribute and hold out at least one
// image, and every attacker with p0 above 0 must poison at least one. The error
// wraps ErrRules (and triggers.ErrSpec) and names the value, the allowed values
// and a remedy.
//
// An attacker whose held-out images all belong to its target class is valid:
// its rates with ExcludeTargetClass are over zero images and undefined.
func (r Rules) Validate(set *datasets.Set) error {
	_, err := r.arrange(set)
	return err
}

// check refuses values that are wrong for every pool size.
func (r Rules) check(set outline) error {
	if r.PoolSize < 0 || r.PoolSize > set.images {
		return refuse("pool size is %d: %s has %d images: choose 1 to %d, or 0 for all", r.PoolSize, set.name, set.images, set.images)
	}
	for _, share := range []struct {
		name  string
		value float64
	}{{"defender's share", r.DefenderShare}, {"held-out share", r.HeldOut}} {
		// Written this way round, the condition refuses NaN too, as does the one
		// for p0.
		if allowed := share.value > 0 && share.value < 1; !allowed {
			return refuse("the %s is %v: it must be above 0 and below 1", share.name, share.value)
		}
	}
	if r.Sampling != PerAgent && r.Sampling != PerImage {
		return refuse("sampling is %q: it must be %s or %s", r.Sampling, PerAgent, PerImage)
	}
	if err := r.checkJitter(); err != nil {
		return err
	}
	if r.Denominator != Own && r.Denominator != Pooled {
		return refuse("denominator is %q: it must be %s or %s", r.Denominator, Own, Pooled)
	}
	if len(r.Attackers) == 0 {
		return refuse("0 attackers: a game needs at least 1")
	}
	if err := r.checkSeats(); err != nil {
		return err
	}
	if err := set.shape.Validate(); err != nil {
		return fmt.Errorf("game: %w: %s: %w", ErrRules, set.name, err)
	}
	seen := make(map[int]bool, len(r.Attackers))
	for _, a := range r.Attackers {
		if seen[a.ID] {
			return refuse("two attackers have the ID %d: IDs must differ", a.ID)
		}
		seen[a.ID] = true
		if err := a.check(set); err != nil {
			return err
		}
		if err := r.checkDrawnOnce(a); err != nil {
			return err
		}
		if a.Draw > 0 && r.Sampling == PerImage {
			return refuse("attacker %d: draw is %d: it must be 0 with sampling %s, where each image has a trigger of its own", a.ID, a.Draw, PerImage)
		}
	}
	if err := r.checkOrthogonal(); err != nil {
		return err
	}
	return r.checkCollusion()
}

// check refuses values that are wrong whatever the other attackers are.
func (a Attacker) check(set outline) error {
	if a.ID < 0 {
		return refuse("attacker ID %d: IDs must be at least 0", a.ID)
	}
	if a.Draw < 0 {
		return refuse("attacker %d: draw is %d: draws count from 0", a.ID, a.Draw)
	}
	if a.Target < 0 || a.Target >= len(set.classes) {
		return refuse("attacker %d: target label %d is not one of the %d classes of %s: choose 0 to %d (%s)",
			a.ID, a.Target, len(set.classes), set.name, len(set.classes)-1, strings.Join(set.classes, ", "))
	}
	if allowed := a.PoisonRate >= 0 && a.PoisonRate <= 1; !allowed {
		return refuse("attacker %d: p0 is %v: it must be between 0 and 1", a.ID, a.PoisonRate)
	}
	if a.LabelMode != DirtyLabel && a.LabelMode != CleanLabel {
		return refuse("attacker %d: label mode is %q: it must be %s or %s", a.ID, a.LabelMode, DirtyLabel, CleanLabel)
	}
	if a.Budget != NonTarget && (a.Budget != AnyImage || a.LabelMode == CleanLabel) {
		return refuse("attacker %d: budget is %q: it must be empty or, with %s labels, %s", a.ID, a.Budget, DirtyLabel, AnyImage)
	}
	if err := a.checkMapping(len(set.classes)); err != nil {
		return err
	}
	if err := a.Trigger.Validate(); err != nil {
		return fmt.Errorf("game: %w: attacker %d: %w", ErrRules, a.ID, err)
	}
	return nil
}
