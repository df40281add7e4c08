package game

import (
	"maps"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// tally counts images by true label and prediction. It holds the pairs that occur alone,
// since a game of many classes and attackers has many tallies.
type tally struct {
	classes int
	counts  map[outcome]int
}

// outcome is the label of an image and the class as which it is predicted.
type outcome struct{ label, predicted int }

// noClass, as the class to exclude, excludes none.
const noClass = -1

// newTally returns an empty tally.
func newTally(classes int) tally {
	return tally{classes: classes, counts: map[outcome]int{}}
}

// count adds one image.
func (t tally) count(label, predicted uint16) {
	t.counts[outcome{int(label), int(predicted)}]++
}

// replaced returns t with the images counted in out replaced by those in in.
func (t tally) replaced(out, in tally) tally {
	r := tally{classes: t.classes, counts: maps.Clone(t.counts)}
	for pair, n := range out.counts {
		r.counts[pair] -= n
	}
	for pair, n := range in.counts {
		r.counts[pair] += n
	}
	return r
}

// rate returns the share, among the images whose label is not excluded, of those
// predicted as the class that hit returns for their label.
func (t tally) rate(excluded int, hit func(label int) int) Rate {
	var r Rate
	for pair, n := range t.counts {
		if pair.label == excluded {
			continue
		}
		r.Of += n
		if pair.predicted == hit(pair.label) {
			r.Hits += n
		}
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
	n, commonest, byLabel := 0, 0, map[int]int{}
	for pair, k := range t.counts {
		byLabel[pair.label] += k
		n, commonest = n+k, max(commonest, byLabel[pair.label])
	}
	guess := distuv.Binomial{N: float64(n), P: 1 / float64(t.classes)}
	quantile := sort.Search(n, func(k int) bool { return guess.CDF(float64(k)) >= chanceLevel })
	return Rate{Hits: max(quantile, commonest), Of: n}
}
