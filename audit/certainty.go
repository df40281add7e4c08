package audit

import (
	"math"

	"backfire/audit/design"
	"backfire/stats"
)

// Interval names the assumption behind the intervals of a screening.
type Interval string

// The assumptions.
const (
	// SymmetricValues assumes that the values of the seeds lie symmetrically about their mean (stats.Symmetric).
	SymmetricValues Interval = "symmetric"
	// BoundedValues assumes their range alone (stats.Bounded).
	BoundedValues Interval = "bounded"
)

// Sentence states the assumption.
func (i Interval) Sentence() string {
	if i == SymmetricValues {
		return "The intervals assume that the values of the seeds lie symmetrically about their mean, since the outcomes are graded or each training's own."
	}
	return "The intervals assume nothing but the range, since the trainings of a seed share their outcome or nothing has varied."
}

// The limits by which an interval is chosen.
const (
	atEnd         = 0.1  // a lift that is farther than this from 0 and from 1 is graded
	leastVariance = 0.01 // of a run's lift over the seeds, so that it says how trainings vary
	leastOwn      = 0.7  // the part of that variance that is a training's own
)

// intervalOf chooses the interval of what a screening finds, from the mean lifts of every run by seed and the lifts
// of all attackers. Where most lifts are graded, or each training succeeds or fails by itself, a difference of means
// over many runs lies about symmetrically around its expectation. Where lifts are all or nothing, and the trainings
// of a seed share their outcome or nothing varies, the next seed may turn many trainings at once, and only the range
// of the values is known.
func intervalOf(d design.Design, rows [][]float64, lifts []float64) Interval {
	graded := 0
	for _, lift := range lifts {
		if lift > atEnd && lift < 1-atEnd {
			graded++
		}
	}
	if graded > 0 && 2*graded >= len(lifts) {
		return SymmetricValues
	}
	if variance, own := variation(d, rows); variance >= leastVariance && own >= leastOwn*variance {
		return SymmetricValues
	}
	return BoundedValues
}

// variation returns the variance over the seeds of a run's value, the mean over the runs, and the part of it that is
// a training's own and not that of all trainings of a seed. A contrast has the own variance times 4/runs, unless an
// effect differs between seeds; the median of all contrasts leaves such ones out.
func variation(d design.Design, rows [][]float64) (variance, own float64) {
	if len(rows) < 2 {
		return 0, 0
	}
	over := func(of func(row []float64) float64) float64 {
		std := float64(stats.Over(rows, of).Std) // of the population
		return std * std * float64(len(rows)) / float64(len(rows)-1)
	}
	for run := range d.Runs() {
		variance += over(func(row []float64) float64 { return row[run] }) / float64(d.Runs())
	}
	var contrasts []float64
	for _, group := range d.Aliases() {
		contrasts = append(contrasts, over(func(row []float64) float64 { return contrast(d, group[0], row) }))
	}
	return variance, median(contrasts) * float64(d.Runs()) / 4
}

// method returns the method for values of seeds that are means of shares or differences of such means: from -1 to 1.
// The range is doubled if a value leaves it, as an effect on interference may.
func (i Interval) method(values []float64) stats.Method {
	if i == SymmetricValues {
		return stats.Symmetric(effectUnit)
	}
	most := 1.0
	for _, x := range values {
		for math.Abs(x) > most {
			most *= 2
		}
	}
	return stats.Bounded(stats.Range{Low: -most, High: most})
}

// interval chooses the interval of what the screening finds at one N.
func (s *Spec) interval(d design.Design, games played, seeds, n int) Interval {
	var rows [][]float64
	var lifts []float64
	for i := range seeds {
		seed := s.FirstSeed + uint64(i)
		row, ok := games.runsOf(d, seed, n, Lift)
		if !ok {
			continue
		}
		rows = append(rows, row)
		for run := range d.Runs() {
			for _, a := range games[playedKey{Condition{Stage: StageScreening, High: levelsOf(d, run)}, seed, n}].Attackers {
				if a.Lift.Defined() {
					lifts = append(lifts, float64(a.Lift))
				}
			}
		}
	}
	return intervalOf(d, rows, lifts)
}
