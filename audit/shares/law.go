package shares

import (
	"fmt"
	"slices"
	"strings"

	"backfire/claims"
	"backfire/stats"
)

// Margin is the default of the smallest distance between the measured and the predicted
// ASR that counts, a share in [0, 1]: twice claims.EffectMargin, since a prediction is
// itself made of a measured ASR.
const Margin = 2 * claims.EffectMargin

// Law is the verdict on the law of shares.
type Law struct {
	// Margin is the smallest distance that counts.
	Margin float64 `json:"margin"`
	// Conditions holds the answer of each condition, in the order of their first game.
	Conditions []Condition `json:"conditions"`
	// Outcome is claims.Supported if the law holds in every condition that can tell,
	// Opposite if it fails in one, NoEffect if the others change nothing in all conditions
	// in which the law has them take a share, and otherwise Undecided.
	Outcome claims.Outcome `json:"outcome"`
	// Needed is the number of seeds with which an undecided law would be answered with a
	// probability of 80 %; 0: the games do not tell.
	Needed int `json:"seeds_needed"`
	// Error, OfSingle and ByMatrix are the mean absolute distances, over the attackers of
	// all games, of the measured ASR from the law's by design, from the single ASR (no
	// interference) and from the law's by the cross-trigger matrix.
	Error    stats.Number `json:"mean_error"`
	OfSingle stats.Number `json:"mean_error_of_single"`
	ByMatrix stats.Number `json:"mean_error_by_matrix"`
	// Ranks correlates predicted and measured ASRs over all attackers.
	Ranks stats.Correlation `json:"ranks"`
	// Attackers is the number of predictions.
	Attackers int `json:"attackers"`
	// Sentence states in words what follows.
	Sentence string `json:"sentence"`
}

// Condition is the answer of the games that differ in the seed alone. Its numbers are means
// over the attackers of a game, then over the seeds.
type Condition struct {
	Name string `json:"name"`
	// Conflict is the share of the single success that the law has the attackers lose.
	Conflict float64 `json:"conflict"`
	// Told is the distinguishability that the law was tested with, and Measured that by the
	// cross-trigger matrix.
	Told      float64      `json:"distinguishability"`
	Measured  stats.Number `json:"measured_distinguishability"`
	Single    float64      `json:"single_asr"`
	Predicted float64      `json:"predicted_asr"`
	ASR       float64      `json:"asr"`
	// Residual is the measured less the predicted ASR, Interference the measured less the
	// single one, by the seed: below the margin, beyond it, or within it.
	Residual     claims.Statistic `json:"residual"`
	Interference claims.Statistic `json:"interference"`
	// Tells reports whether the law predicts a loss of twice the margin or more. Otherwise
	// law and "no interference" cannot be told apart.
	Tells bool `json:"tells"`
	// Outcome is Supported if the residual lies within the margin, Opposite if it lies
	// beyond it, NoEffect if the interference lies within it although the law predicts a
	// loss, and otherwise Undecided; at 5 %, not corrected for other conditions.
	Outcome claims.Outcome `json:"outcome"`
}

// Test tests the law of shares on predictions with a margin in (0, 1); 0 stands for Margin.
// The error wraps ErrGames.
func Test(predictions []Prediction, margin float64) (*Law, error) {
	if margin == 0 {
		margin = Margin
	}
	if !(margin > 0 && margin < 1) {
		return nil, fmt.Errorf("shares: %w: margin %v: must be between 0 and 1", ErrGames, margin)
	}
	l := &Law{Margin: margin, Conditions: []Condition{}, Attackers: len(predictions)}
	var names []string
	var pairs [][2]float64
	for _, p := range predictions {
		if !slices.Contains(names, p.Condition) {
			names = append(names, p.Condition)
		}
		pairs = append(pairs, [2]float64{p.Predicted, p.ASR})
	}
	for _, name := range names {
		c, err := condition(name, predictions, margin)
		if err != nil {
			return nil, err
		}
		l.Conditions = append(l.Conditions, c)
	}
	distance := func(from func(Prediction) float64) stats.Number {
		return stats.Over(predictions, func(p Prediction) float64 { return max(p.ASR-from(p), from(p)-p.ASR) }).Mean
	}
	l.Error = distance(func(p Prediction) float64 { return p.Predicted })
	l.OfSingle = distance(func(p Prediction) float64 { return p.Single })
	l.ByMatrix = distance(func(p Prediction) float64 { return float64(p.ByMatrix) })
	l.Ranks = stats.Correlate(pairs)
	return l, l.decide()
}

// condition returns the answer of one condition.
func condition(name string, predictions []Prediction, margin float64) (Condition, error) {
	own := slices.DeleteFunc(slices.Clone(predictions), func(p Prediction) bool { return p.Condition != name })
	bySeed := map[uint64][]Prediction{}
	var seeds []uint64
	for _, p := range own {
		if bySeed[p.Seed] == nil {
			seeds = append(seeds, p.Seed)
		}
		bySeed[p.Seed] = append(bySeed[p.Seed], p)
	}
	slices.Sort(seeds)
	perSeed := func(of func(Prediction) float64) []claims.SeedValue {
		var values []claims.SeedValue
		for _, seed := range seeds {
			values = append(values, claims.SeedValue{Seed: seed, Value: float64(stats.Over(bySeed[seed], of).Mean)})
		}
		return values
	}
	mean := func(of func(Prediction) float64) stats.Number {
		return stats.Over(perSeed(of), func(v claims.SeedValue) float64 { return v.Value }).Mean
	}
	c := Condition{
		Name: name, Told: float64(mean(func(p Prediction) float64 { return p.Design })), Conflict: float64(mean(Prediction.conflictByDesign)), Measured: mean(func(p Prediction) float64 { return float64(p.Measured) }),
		Single: float64(mean(func(p Prediction) float64 { return p.Single })), ASR: float64(mean(func(p Prediction) float64 { return p.ASR })),
		Predicted: float64(mean(func(p Prediction) float64 { return p.Predicted })),
	}
	var err error
	if c.Residual, err = claims.Compare(name+": measured less predicted ASR", claims.ASR, perSeed(Prediction.Residual), margin); err != nil {
		return c, fmt.Errorf("shares: %w", err)
	}
	if c.Interference, err = claims.Compare(name+": measured less single ASR", claims.ASR, perSeed(Prediction.Interference), margin); err != nil {
		return c, fmt.Errorf("shares: %w", err)
	}
	c.Tells = c.Single-c.Predicted >= 2*margin
	c.Outcome = c.answer()
	return c, nil
}

// answer returns the outcome of a condition.
func (c Condition) answer() claims.Outcome {
	switch {
	case c.Residual.Outcome == claims.NoEffect:
		return claims.Supported
	case c.Tells && c.Interference.Outcome == claims.NoEffect:
		return claims.NoEffect
	case c.Residual.Outcome == claims.Supported || c.Residual.Outcome == claims.Opposite:
		return claims.Opposite
	default:
		return claims.Undecided
	}
}

// decide sets the outcome, the needed seeds and the sentence.
func (l *Law) decide() error {
	telling := slices.DeleteFunc(slices.Clone(l.Conditions), func(c Condition) bool { return !c.Tells })
	all := func(of []Condition, outcome claims.Outcome) bool {
		return len(telling) > 0 && !slices.ContainsFunc(of, func(c Condition) bool { return c.Outcome != outcome })
	}
	switch {
	case all(telling, claims.NoEffect):
		l.Outcome = claims.NoEffect
	case all(l.Conditions, claims.Supported):
		l.Outcome = claims.Supported
	case l.fails():
		l.Outcome = claims.Opposite
	default:
		l.Outcome = claims.Undecided
	}
	if l.Outcome == claims.Undecided {
		for i := range l.Conditions {
			if l.Conditions[i].Outcome != claims.Undecided {
				continue
			}
			seeds, err := l.Conditions[i].Residual.Needed()
			if err != nil {
				return fmt.Errorf("shares: %w", err)
			}
			if seeds == 0 {
				l.Needed = 0
				break
			}
			l.Needed = max(l.Needed, seeds)
		}
	}
	l.Sentence = l.sentence(telling)
	return nil
}

// fails reports whether the residual of some condition lies beyond the margin, corrected
// for their number (stats.Holm).
func (l *Law) fails() bool {
	var levels []float64
	for i := range l.Conditions {
		below, above, _ := l.Conditions[i].Residual.ErrorLevels()
		levels = append(levels, min(below, above))
	}
	for i, p := range stats.Holm(levels) {
		if p <= 0.05 && len(l.Conditions[i].Residual.PerSeed) >= claims.MinSeeds(1) {
			return true
		}
	}
	return false
}

// sentence states in words what backfiring is, as far as the games tell.
func (l *Law) sentence(telling []Condition) string {
	points := func(n stats.Number) string { return fmt.Sprintf("%.1f", 100*float64(n)) }
	evidence := fmt.Sprintf("%d attackers in %d conditions: the mean distance of the measured ASR from the law's is %s points, from the single ASR %s",
		l.Attackers, len(l.Conditions), points(l.Error), points(l.OfSingle))
	switch {
	case l.Attackers == 0:
		return "No attacker has both an ASR among others and one alone, so the law of shares is not tested."
	case len(telling) == 0:
		return "In no condition does the law of shares predict a loss that could be seen, so it is not tested (" + evidence + ")."
	case l.Outcome == claims.Supported:
		return "Backfiring is a conflict of labels among triggers that the network cannot tell apart: each attacker keeps the share of its single success that is the share of poisoned images with its label (" + evidence + ")."
	case l.Outcome == claims.NoEffect:
		return "Nothing backfires: attackers keep their single ASR also where the law of shares has them lose it (" + evidence + ")."
	case l.Outcome == claims.Opposite:
		return "The law of shares does not hold: " + l.failures() + " (" + evidence + ")."
	default:
		text := fmt.Sprintf("Whether the law of shares holds within %g points is undecided (%s)", 100*l.Margin, evidence)
		if l.Needed > 0 {
			text += fmt.Sprintf("; about %d seeds would answer it", l.Needed)
		}
		return text + "."
	}
}

// failures names the conditions in which attackers have more or less than their share.
func (l *Law) failures() string {
	var texts []string
	for i := range l.Conditions {
		c := &l.Conditions[i]
		if c.Residual.Outcome == claims.Undecided || c.Residual.Outcome == claims.NoEffect {
			continue
		}
		than := "more"
		if c.Residual.Outcome == claims.Supported {
			than = "less"
		}
		texts = append(texts, fmt.Sprintf("with %s attackers reach %.0f %%, %s than the %.0f %% that it predicts", c.Name, 100*c.ASR, than, 100*c.Predicted))
	}
	return strings.Join(texts, "; ")
}
