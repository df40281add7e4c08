package cheapest

import (
	"fmt"
	"math"

	"backfire/stats"
)

// Cost is the threshold of one number of attackers over the seeds.
type Cost struct {
	N int `json:"n"`
	// Mean is the geometric mean over the seeds, with its 95 % interval by Student's t on the
	// logarithms; undefined if a seed never reaches the target, or is still searched.
	Mean     stats.Number   `json:"mean"`
	Interval stats.Interval `json:"interval"`
	// Reached and Never count the seeds, Open those whose search has not ended.
	Reached int `json:"reached"`
	Never   int `json:"never"`
	Open    int `json:"open"`
}

// Trend is how the threshold changes with the number of attackers.
type Trend string

// The trends of the threshold from the smallest to the largest number of attackers.
const (
	// Flat: the interval of the ratio lies between 1/Spec.Margin and Spec.Margin: no backfiring.
	Flat Trend = "flat"
	// Rising: the interval of the ratio lies above 1: backfiring, as a price.
	Rising Trend = "rising"
	// Falling: it lies below 1.
	Falling Trend = "falling"
	// Unclear: none of these, or fewer than two seeds.
	Unclear Trend = "undecided"
)

// Result holds the answers of a search.
type Result struct {
	Spec       *Spec          `json:"spec"`
	Hash       string         `json:"hash"` // the name of the sweep
	Costs      []Cost         `json:"costs"`
	Trend      Trend          `json:"trend"`
	Ratio      stats.Number   `json:"ratio"` // of the largest N to the smallest, geometric mean over the seeds
	Interval   stats.Interval `json:"interval"`
	Sentence   string         `json:"sentence"`
	Thresholds []Threshold    `json:"thresholds"`
	Games      []Game         `json:"games"`
}

// level is the nominal probability of the intervals.
const level = 0.95

// none is an undefined interval.
func none() stats.Interval {
	return stats.Interval{Low: stats.Undefined(), High: stats.Undefined()}
}

// Analyze joins the thresholds of all games.
func (s *Spec) Analyze(games []Game) *Result {
	r := &Result{Spec: s, Games: games, Ratio: stats.Undefined(), Interval: none(), Trend: Unclear}
	r.Thresholds, _ = s.Search(games)
	logs := map[int][]float64{} // by N, of each seed; NaN: never reached, or open
	for _, n := range s.Counts {
		c := Cost{N: n, Mean: stats.Undefined(), Interval: none()}
		for _, t := range r.Thresholds {
			if t.N != n {
				continue
			}
			value := math.NaN()
			switch {
			case !t.Done:
				c.Open++
			case t.Value == 0:
				c.Never++
			default:
				c.Reached++
				value = math.Log(float64(t.Value))
			}
			logs[n] = append(logs[n], value)
		}
		if c.Open+c.Never == 0 {
			c.Mean, c.Interval = geometric(logs[n])
		}
		r.Costs = append(r.Costs, c)
	}
	first, last := logs[s.Counts[0]], logs[s.Counts[len(s.Counts)-1]]
	var ratios []float64
	for i := range first {
		if ratio := last[i] - first[i]; !math.IsNaN(ratio) {
			ratios = append(ratios, ratio)
		}
	}
	if len(s.Counts) > 1 && len(ratios) == s.Seeds {
		r.Ratio, r.Interval = geometric(ratios)
		r.Trend = trend(r.Interval, s.Margin)
	}
	r.Sentence = r.sentence()
	return r
}

// geometric returns the exponential of the mean of logarithms, with its interval.
func geometric(logs []float64) (stats.Number, stats.Interval) {
	mean := stats.Summarize(logs).Mean
	interval, err := stats.Student{}.Interval(logs, level)
	if err != nil || !interval.Low.Defined() || !interval.High.Defined() {
		return stats.Number(math.Exp(float64(mean))), none()
	}
	interval.Low, interval.High = stats.Number(math.Exp(float64(interval.Low))), stats.Number(math.Exp(float64(interval.High)))
	return stats.Number(math.Exp(float64(mean))), interval
}

// trend returns the trend by the interval of the ratio, given the largest ratio that counts as none.
func trend(ratio stats.Interval, margin float64) Trend {
	switch low, high := float64(ratio.Low), float64(ratio.High); {
	case low >= 1/margin && high <= margin:
		return Flat
	case low > 1:
		return Rising
	case high < 1:
		return Falling
	default:
		return Unclear
	}
}

// sentence states the answer.
func (r *Result) sentence() string {
	first, last := r.Costs[0], r.Costs[len(r.Costs)-1]
	what := "number of poisoned images"
	if r.Spec.Unit == Percent {
		what = "p"
	}
	head := fmt.Sprintf("The smallest %s with which each of N attackers reaches a mean ASR of %.0f %%", what, 100*r.Spec.Target)
	switch {
	case len(r.Costs) == 1:
		return head + " was searched for one N alone."
	case first.Open+last.Open > 0:
		return head + " is still being searched."
	case first.Never == 0 && last.Never > 0:
		return fmt.Sprintf("%s is %s at N = %d; at N = %d, %d of %d seeds do not reach it with %s: backfiring makes it dearer than that.",
			head, r.Spec.Unit.Text(float64(first.Mean)), first.N, last.N, last.Never, r.Spec.Seeds, r.Spec.Unit.Text(float64(r.Spec.Most)))
	case first.Never+last.Never > 0:
		return fmt.Sprintf("%s is not reached by %d of %d seeds at N = %d.", head, first.Never, r.Spec.Seeds, first.N)
	}
	ratio := fmt.Sprintf("%.2f times", float64(r.Ratio))
	if r.Interval.Low.Defined() {
		ratio += fmt.Sprintf(" [%.2f, %.2f]", float64(r.Interval.Low), float64(r.Interval.High))
	}
	at := fmt.Sprintf("at N = %d it is %s that at N = %d", last.N, ratio, first.N)
	switch r.Trend {
	case Flat:
		return fmt.Sprintf("%s does not depend on N by more than the factor %g (%s): the attacks do not backfire.", head, r.Spec.Margin, at)
	case Rising:
		return fmt.Sprintf("%s rises with N (%s): backfiring is a price, not a wall.", head, at)
	case Falling:
		return fmt.Sprintf("%s falls with N (%s): the attackers help each other.", head, at)
	default:
		return fmt.Sprintf("Whether it depends on N is undecided. %s: %s.", head, at)
	}
}
