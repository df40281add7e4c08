package claims

// What counts as an effect, and as enough to see one. ASR, lift and accuracy
// are shares in [0, 1].
const (
	// EffectMargin is the smallest difference of ASR or lift that counts as
	// one: 5 points. On 100 held-out images, about the number that the paper's
	// figures seem to be measured on, the standard error of an ASR is up to 5
	// points, so that nothing smaller can be seen in them; and no attacker or
	// defender decides differently for less.
	EffectMargin = 0.05
	// AccuracyMargin is the smallest difference of standard accuracy that
	// counts: 1 point. The defender's held-out set is the largest of all (4,800
	// images at the paper's scale, a standard error of 0.4 points at 90 %).
	AccuracyMargin = 0.01
	// CollapsedASR is the ASR below which an attack has collapsed: a trigger
	// that makes a model guess among ten classes is answered with the target
	// in 10 % of cases; EffectMargin more is an effect of the backdoor.
	CollapsedASR = 0.10 + EffectMargin
	// EvenSpread is the standard deviation over the attackers below which a
	// defense works evenly: its attackers differ by less than what counts as
	// an effect.
	EvenSpread = EffectMargin
	// ExplainedCorrelation is the size of a rank correlation from which on one
	// quantity explains another: a quarter of the ranks' variance.
	ExplainedCorrelation = 0.5
	// Room is the ASR or lift that must be there (for a gain: must be missing)
	// before "it did not change" can contradict a claim: twice EffectMargin. An
	// attack that never worked cannot be weakened, which says nothing about
	// what would weaken it (the "assay sensitivity" of clinical trials, ICH
	// guideline E10, 2000).
	Room = 2 * EffectMargin
	// MinSeeds is the smallest number of seeds that settles anything. One has
	// no spread; with two, rates over few images are easily equal by chance,
	// and an interval of no width would settle every claim.
	MinSeeds = 3
	// MinRanked is the smallest number of attackers whose ranks are correlated
	// within a seed: with 4, chance alone orders them perfectly once in 24.
	MinRanked = 5
	// EscalatedRate is the p that all attackers raise theirs to in C3.
	EscalatedRate = 0.9
)
