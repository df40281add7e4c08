package phase

import (
	"fmt"
	"math"
	"slices"

	"backfire/claims"
	"backfire/stats"
)

// Finding is the answer to the question whether the curves of all N coincide.
type Finding string

// The findings.
const (
	Coincide   Finding = "coincide"  // dilution explains everything
	Spoil      Finding = "spoil"     // among others, an attacker with as many poisoned images does worse
	Help       Finding = "help"      // it does better
	Cross      Finding = "cross"     // worse at some k or N, better at others
	NotDecided Finding = "undecided" // none of them is shown
)

// Coincidence compares the curves of the larger N with that of the smallest one at equal
// k. The statistics are differences within a seed, so nothing is assumed of the curves'
// form.
type Coincidence struct {
	// Reference is the smallest N.
	Reference int `json:"reference"`
	// Comparisons holds the comparison of each other N that shares a k with it.
	Comparisons []Comparison `json:"comparisons"`
	// Finding is Coincide if no N differs and each has no effect in the mean over the k.
	Finding Finding `json:"finding"`
	// Needed is the number of seeds, of all cells, with which an undecided question would
	// be answered with a probability of 80 %; 0: the games do not tell.
	Needed int `json:"seeds_needed"`
	// Margin is the smallest difference that counts.
	Margin float64 `json:"margin"`
	// Sentence states the finding in words.
	Sentence string `json:"sentence"`
}

// Comparison is the difference between one N and the reference, at equal k and within a
// seed. It is of ASRs, or of shares of successes where ASRs are undefined.
type Comparison struct {
	N       int            `json:"n"`
	Measure claims.Measure `json:"measure"` // claims.ASR, or Success
	// K lists the k that both N have.
	K []int `json:"k"`
	// Mean is the mean over all K, of the seeds that have all of them.
	Mean claims.Statistic `json:"mean"`
	// At holds the difference at each k, of all seeds that have it.
	At []AtK `json:"at"`
	// Outcome is claims.Supported if the others spoil the attack in the mean, Opposite if
	// they help, NoEffect if the mean lies within the margin; corrected for the other N.
	Outcome claims.Outcome `json:"outcome"`
	// Ratio is the factor by which the k at which half succeed is larger than that of the
	// reference, with the 95 % band over the seeds. It is undefined unless both lie within
	// the k that were played.
	Ratio stats.Number `json:"ratio"`
	Low   stats.Number `json:"low"`
	High  stats.Number `json:"high"`
}

// AtK is the difference at one k.
type AtK struct {
	K         int              `json:"k"`
	Statistic claims.Statistic `json:"statistic"`
	// Outcome is corrected for all k of all N; it is never claims.NoEffect.
	Outcome claims.Outcome `json:"outcome"`
}

// Success is the measure of a comparison of shares of successes.
const Success claims.Measure = "success"

// coincidence compares the curves of sorted games.
func coincidence(games []Game, b *bootstrap, options Options) (*Coincidence, error) {
	ns := numbers(games)
	c := &Coincidence{Reference: ns[0], Margin: options.Margin, Comparisons: []Comparison{}}
	for _, n := range ns[1:] {
		comparison, err := compare(games, c.Reference, n, options.Margin)
		if err != nil {
			return nil, err
		}
		if comparison == nil {
			continue
		}
		comparison.Ratio, comparison.Low, comparison.High = b.ratio(c.Reference, n)
		c.Comparisons = append(c.Comparisons, *comparison)
	}
	if len(c.Comparisons) == 0 {
		return nil, nil
	}
	return c, c.decide()
}

// compare returns the comparison of two N, or nil if they share no k.
func compare(games []Game, reference, n int, margin float64) (*Comparison, error) {
	type at struct {
		k    int
		seed uint64
	}
	byPlace := map[int]map[at]Game{reference: {}, n: {}}
	asr := true
	for _, g := range games {
		if own := byPlace[g.N]; own != nil {
			own[at{g.K, g.Seed}] = g
			asr = asr && g.ASR.Defined()
		}
	}
	c := &Comparison{N: n, Measure: Success}
	if asr {
		c.Measure = claims.ASR
	}
	differences := map[int][]claims.SeedValue{} // by k
	for _, g := range games {                   // sorted by k, then seed
		other, paired := byPlace[reference][at{g.K, g.Seed}]
		if g.N != n || !paired {
			continue
		}
		if len(c.K) == 0 || c.K[len(c.K)-1] != g.K {
			c.K = append(c.K, g.K)
		}
		differences[g.K] = append(differences[g.K], claims.SeedValue{Seed: g.Seed, Value: c.value(g) - c.value(other)})
	}
	if len(c.K) == 0 {
		return nil, nil
	}
	for _, k := range c.K {
		s, err := claims.Compare(fmt.Sprintf("N = %d less N = %d at k = %d", n, reference, k), c.Measure, differences[k], margin)
		if err != nil {
			return nil, fmt.Errorf("phase: %w", err)
		}
		c.At = append(c.At, AtK{K: k, Statistic: s, Outcome: claims.Undecided})
	}
	var err error
	c.Mean, err = claims.Compare(fmt.Sprintf("N = %d less N = %d, mean over k", n, reference), c.Measure, means(c.K, differences), margin)
	if err != nil {
		return nil, fmt.Errorf("phase: %w", err)
	}
	return c, nil
}

// value returns the measure of a comparison.
func (c *Comparison) value(g Game) float64 {
	if c.Measure == claims.ASR {
		return float64(g.ASR)
	}
	return g.Share()
}

// means returns the mean over the k of the seeds that have all of them.
func means(ks []int, differences map[int][]claims.SeedValue) []claims.SeedValue {
	sums, counts := map[uint64]float64{}, map[uint64]int{}
	for _, k := range ks {
		for _, d := range differences[k] {
			sums[d.Seed] += d.Value
			counts[d.Seed]++
		}
	}
	complete := []claims.SeedValue{}
	for _, d := range differences[ks[0]] {
		if counts[d.Seed] == len(ks) {
			complete = append(complete, claims.SeedValue{Seed: d.Seed, Value: sums[d.Seed] / float64(len(ks))})
		}
	}
	return complete
}

// errorLevel is the probability of a wrong finding.
const errorLevel = 0.05

// decide sets the outcomes of the comparisons, the finding, the needed seeds and the
// sentence. That some curve differs may be found in the means or at single k, each at
// half of the error and corrected over all of them (stats.Holm). That all curves coincide
// needs each of them to show it, so no correction.
func (c *Coincidence) decide() error {
	var levels []float64
	var place [][2]int
	for i := range c.Comparisons {
		supported, opposite, _ := c.Comparisons[i].Mean.ErrorLevels()
		levels = append(levels, min(supported, opposite))
		for j := range c.Comparisons[i].At {
			place = append(place, [2]int{i, j})
		}
	}
	for i, p := range stats.Holm(levels) {
		s := &c.Comparisons[i].Mean
		supported, opposite, same := s.ErrorLevels()
		c.Comparisons[i].Outcome = claims.Undecided
		switch enough := len(s.PerSeed) >= claims.MinSeeds(1); {
		case enough && p <= errorLevel/2:
			c.Comparisons[i].Outcome = side(supported, opposite)
		case enough && same <= errorLevel:
			c.Comparisons[i].Outcome = claims.NoEffect
		}
	}
	levels = levels[:0]
	for _, at := range place {
		supported, opposite, _ := c.Comparisons[at[0]].At[at[1]].Statistic.ErrorLevels()
		levels = append(levels, min(supported, opposite))
	}
	for i, p := range stats.Holm(levels) {
		at := &c.Comparisons[place[i][0]].At[place[i][1]]
		if len(at.Statistic.PerSeed) >= claims.MinSeeds(1) && p <= errorLevel/2 {
			supported, opposite, _ := at.Statistic.ErrorLevels()
			at.Outcome = side(supported, opposite)
		}
	}
	c.Finding = c.find()
	if c.Finding == NotDecided {
		if err := c.need(); err != nil {
			return err
		}
	}
	c.Sentence = c.sentence()
	return nil
}

// side returns the likelier one of two answers.
func side(supported, opposite float64) claims.Outcome {
	if supported <= opposite {
		return claims.Supported
	}
	return claims.Opposite
}

// find returns the finding from the outcomes.
func (c *Coincidence) find() Finding {
	lower, higher, same := false, false, true
	for _, comparison := range c.Comparisons {
		outcomes := []claims.Outcome{comparison.Outcome}
		for _, at := range comparison.At {
			outcomes = append(outcomes, at.Outcome)
		}
		lower = lower || slices.Contains(outcomes, claims.Supported)
		higher = higher || slices.Contains(outcomes, claims.Opposite)
		same = same && comparison.Outcome == claims.NoEffect
	}
	switch {
	case lower && higher:
		return Cross
	case lower:
		return Spoil
	case higher:
		return Help
	case same:
		return Coincide
	default:
		return NotDecided
	}
}

// need sets the number of needed seeds: that of the comparison which needs the most.
func (c *Coincidence) need() error {
	c.Needed = 0
	for i := range c.Comparisons {
		if c.Comparisons[i].Outcome != claims.Undecided {
			continue
		}
		seeds, err := c.Comparisons[i].Mean.Needed()
		switch {
		case err != nil:
			return fmt.Errorf("phase: %w", err)
		case seeds == 0:
			c.Needed = 0
			return nil
		default:
			c.Needed = max(c.Needed, seeds)
		}
	}
	return nil
}

// ratio returns the ratio of the k at which half succeed, of n to the reference, and its
// band; see Comparison.
func (b *bootstrap) ratio(reference, n int) (ratio, low, high stats.Number) {
	one, ok := b.curve(reference)
	other, also := b.curve(n)
	if !ok || !also {
		return stats.Undefined(), stats.Undefined(), stats.Undefined()
	}
	if one.Position != Within || other.Position != Within {
		return stats.Undefined(), stats.Undefined(), stats.Undefined()
	}
	var all []float64
	for at := range b.fits[n] {
		all = append(all, other.clamped(b.fits[n][at])-one.clamped(b.fits[reference][at]))
	}
	ratio = stats.Number(math.Exp2(all[0]))
	seeds := min(one.Seeds, other.Seeds)
	if seeds < 2 {
		return ratio, stats.Undefined(), stats.Undefined()
	}
	from, to := band(all[0], all[1:], seeds)
	return ratio, stats.Number(math.Exp2(from)), stats.Number(math.Exp2(to))
}
