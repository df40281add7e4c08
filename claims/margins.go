package claims

import "fmt"

// Margins holds the sizes of effects that count, which are fixed before anything is
// trained. ASR, lift and accuracy are shares in [0, 1].
type Margins struct {
	Effect      float64 `json:"effect"`      // difference of ASR or lift; see EffectMargin
	Accuracy    float64 `json:"accuracy"`    // difference of standard accuracy; see AccuracyMargin
	Correlation float64 `json:"correlation"` // rank correlation; see ExplainedCorrelation
}

// DefaultMargins returns the margins of a verdict for which no others are chosen.
func DefaultMargins() Margins {
	return Margins{Effect: EffectMargin, Accuracy: AccuracyMargin, Correlation: ExplainedCorrelation}
}

// Check returns an error if a margin is not between 0 and 1.
func (m Margins) Check() error {
	for _, one := range []struct {
		name   string
		margin float64
	}{{"effect", m.Effect}, {"accuracy", m.Accuracy}, {"correlation", m.Correlation}} {
		if !(one.margin > 0 && one.margin < 1) {
			return fmt.Errorf("margin of %s = %v: must be between 0 and 1", one.name, one.margin)
		}
	}
	return nil
}

// evenSpread returns the standard deviation over the attackers below which a defense
// works evenly: the attackers differ by less than an effect.
func (m Margins) evenSpread() float64 { return m.Effect }

// room returns the least ASR or lift that can be lost (for a gain: that can be gained)
// if "it did not change" is to count as no effect: twice Effect. An attack that never
// worked cannot be weakened, so it does not show whether a defense weakens attacks (the
// "assay sensitivity" of clinical trials, ICH guideline E10, 2000).
func (m Margins) room() float64 { return 2 * m.Effect }

// The margins of DefaultMargins, and the sizes of samples that verdicts require. ASR,
// lift and accuracy are shares in [0, 1].
const (
	// EffectMargin is the smallest difference of ASR or lift that counts as an
	// effect: 5 points. On 100 held-out images, about the number on which the
	// paper's figures seem to be measured, the standard error of an ASR is up to 5
	// points, so that they cannot show smaller differences; and a smaller one would
	// change no decision of an attacker or defender.
	EffectMargin = 0.05
	// AccuracyMargin is the smallest difference of standard accuracy that counts as
	// an effect: 1 point. The defender's held-out set is the largest of all (4,800
	// images at the paper's scale, with a standard error of 0.4 points at 90 %).
	AccuracyMargin = 0.01
	// ExplainedCorrelation is the absolute rank correlation from which one quantity
	// explains another: it explains a quarter of the ranks' variance.
	ExplainedCorrelation = 0.5
	// correlationUnit is the size of the differences between correlations that the
	// betting is tuned to.
	correlationUnit = 0.1
	// usualClasses is the number of classes of the paper's datasets.
	usualClasses = 10
	// minRanked is the smallest number of attackers whose ranks are correlated
	// within a seed: 4 are ordered perfectly by chance once in 24.
	minRanked = 5
	// EscalatedRate is the value to which all attackers raise theirs in C3.
	EscalatedRate = 0.9
)
