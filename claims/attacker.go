package claims

import (
	"fmt"

	"backfire/stats"
)

// Attacker is one attacker of a game.
type Attacker struct {
	ID       int          // identity: the same ID has the same trigger in every game of a seed with one trigger size
	Target   int          // class number of the target label
	Rate     float64      // poison rate p0 in [0, 1]
	P1, P2   float64      // trigger sizes in [0, 1]
	Poisoned int          // images that carry the trigger; 0: none, or not known
	ASR      stats.Number // in [0, 1]
	Lift     stats.Number // in [-1, 1]
	Images   int          // images behind ASR and Lift; 0: not known
	// Single is the attacker's matched single, in which it is alone with the images that it
	// has in this game, without a defense. Lone is the game in which it is alone with all
	// images, where that is another one. Each is nil if it was not played.
	Single, Lone *Figures
	// Robustness is the robustness accuracy in [0, 1], undefined if it was not measured.
	Robustness stats.Number
	// Randomness is the total-variation distance, in [0, 1], of the predictions on the
	// attacker's stamped images from the uniform distribution, undefined if it was not
	// measured.
	Randomness stats.Number
	// Divergence is the distance between the attacker's feature distribution and
	// that of all agents (appendix 7.1 of the paper), at least 0.
	Divergence stats.Number
}

// Figures are those of an attacker in another game.
type Figures struct {
	ASR       stats.Number // in [0, 1]
	Lift      stats.Number // in [-1, 1]
	Model     string       // name of the trained model, as in Game.Models
	Collapsed bool         // as in Game
}

// Control holds the results of a game's models that were trained without the images of an
// honest contributor: of as many images as those without an attacker's. ASR and Lift are
// means over the models and their attackers, CleanAccuracy is a mean over the models.
type Control struct {
	ASR           stats.Number // in [0, 1]
	Lift          stats.Number // in [-1, 1]
	CleanAccuracy stats.Number // in [0, 1]
	Models        []string     // as in Game
	Collapsed     bool         // whether one of the models collapsed
}

// strength is what an attacker raises: its poison rate and its trigger's sizes.
type strength struct{ p0, p1, p2 float64 }

// usual returns the strength at which N, labels and defenses are compared.
func (m Measurements) usual() strength { return strength{m.Rate, m.P1, m.P2} }

// strength returns the strength of the attacker.
func (a Attacker) strength() strength { return strength{a.Rate, a.P1, a.P2} }

// validate refuses values out of range.
func (s strength) validate() error {
	for _, p := range []struct {
		name  string
		value float64
	}{{"p", s.p0}, {"p1", s.p1}, {"p2", s.p2}} {
		if !(p.value >= 0 && p.value <= 1) {
			return fmt.Errorf("%s = %v: must be from 0 to 1", p.name, p.value)
		}
	}
	return nil
}

// validate refuses values out of range.
func (a Attacker) validate() error {
	if err := a.strength().validate(); err != nil {
		return err
	}
	if a.Poisoned < 0 {
		return fmt.Errorf("%d poisoned images: must be at least 0", a.Poisoned)
	}
	if err := (Figures{ASR: a.ASR, Lift: a.Lift}).validate(); err != nil {
		return err
	}
	for _, other := range []*Figures{a.Single, a.Lone} {
		if other != nil {
			if err := other.validate(); err != nil {
				return fmt.Errorf("alone: %w", err)
			}
		}
	}
	if err := checkRange("robustness accuracy", a.Robustness, 0); err != nil {
		return err
	}
	if err := checkRange("distance from uniform predictions", a.Randomness, 0); err != nil {
		return err
	}
	if a.Divergence.Defined() && a.Divergence < 0 {
		return fmt.Errorf("divergence = %v: must be at least 0", float64(a.Divergence))
	}
	return nil
}

// validate refuses values out of range.
func (f Figures) validate() error {
	if err := checkRange("ASR", f.ASR, 0); err != nil {
		return err
	}
	return checkRange("lift", f.Lift, -1)
}

// validate refuses values out of range.
func (c Control) validate() error {
	if err := (Figures{ASR: c.ASR, Lift: c.Lift}).validate(); err != nil {
		return err
	}
	return checkRange("standard accuracy", c.CleanAccuracy, 0)
}
