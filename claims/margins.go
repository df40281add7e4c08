package claims

// The sizes of effects and samples that verdicts require. ASR, lift and accuracy
// are shares in [0, 1].
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
	// CollapsedASR is the ASR below which an attack has collapsed. A trigger that
	// makes a model guess among ten classes is predicted as the target in 10 % of
	// cases; EffectMargin more is an effect of the backdoor.
	CollapsedASR = 0.10 + EffectMargin
	// EvenSpread is the standard deviation over the attackers below which a defense
	// works evenly: the attackers differ by less than an effect.
	EvenSpread = EffectMargin
	// ExplainedCorrelation is the absolute rank correlation from which one quantity
	// explains another: it explains a quarter of the ranks' variance.
	ExplainedCorrelation = 0.5
	// Room is the least ASR or lift that can be lost (for a gain: that can be
	// gained) if "it did not change" is to contradict a claim: twice EffectMargin.
	// An attack that never worked cannot be weakened, so it does not show whether a
	// defense weakens attacks (the "assay sensitivity" of clinical trials, ICH
	// guideline E10, 2000).
	Room = 2 * EffectMargin
	// MinSeeds is the smallest number of seeds by which a claim is settled. One
	// seed has no spread. With two, rates over few images are easily equal by
	// chance, and an interval of width zero would settle every claim.
	MinSeeds = 3
	// MinRanked is the smallest number of attackers whose ranks are correlated
	// within a seed: 4 are ordered perfectly by chance once in 24.
	MinRanked = 5
	// EscalatedRate is the p to which all attackers raise theirs in C3.
	EscalatedRate = 0.9
)
