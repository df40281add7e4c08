package game

import (
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// tally counts images by true label (row) and prediction (column).
type tally [][]int

// noClass, as the class to exclude, excludes none.
const noClass = -1

// newTally returns an empty tally.
func newTally(classes int) tally {
	t := make(tally, classes)
	counts := make([]int, classes*classes)
	for i := range t {
		t[i] = counts[i*classes : (i+1)*classes]
	}
	return t
}

// count adds one image.
func (t tally) count(label, predicted uint8) { t[label][predicted]++ }

// replaced returns t with the images counted in out replaced by those in in.
func (t tally) replaced(out, in tally) tally {
	r := newTally(len(t))
	for i, row := range t {
		for j, n := range row {
			r[i][j] = n - out[i][j] + in[i][j]
		}
	}
	return r
}

// rate returns the share, among the images whose label is not excluded, of those
// predicted as the class that hit returns for their label.
func (t tally) rate(excluded int, hit func(label int) int) Rate {
	var r Rate
	for label, row := range t {
		if label == excluded {
			continue
		}
		for _, n := range row {
			r.Of += n
		}
		r.Hits += row[hit(label)]
	}
	return r
}

// predictedAs returns the share of images predicted as target, without those
// whose label is excluded.
func (t tally) predictedAs(target, excluded int) Rate {
	return t.rate(excluded, func(int) int { return target })
}

// correct returns the share of images predicted as their true label, without
// those whose label is excluded.
func (t tally) correct(excluded int) Rate {
	return t.rate(excluded, func(label int) int { return label })
}

// chanceLevel is the probability that the number of correct uniform guesses is
// at most tally.chance.
const chanceLevel = 0.99

// chance returns the highest rate of correct predictions that still counts as
// guessing; see Score.Collapsed.
func (t tally) chance() Rate {
	n, commonest := 0, 0
	for _, row := range t {
		class := 0
		for _, k := range row {
			class += k
		}
		n, commonest = n+class, max(commonest, class)
	}
	guess := distuv.Binomial{N: float64(n), P: 1 / float64(len(t))}
	quantile := sort.Search(n, func(k int) bool { return guess.CDF(float64(k)) >= chanceLevel })
	return Rate{Hits: max(quantile, commonest), Of: n}
}
