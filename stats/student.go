package stats

import (
	"math"
	"sync"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Student computes Student's t interval, mean +- t(1-(1-level)/2, n-1) s/sqrt(n),
// which assumes normally distributed values (Student, "The Probable Error of a
// Mean", 1908). With fewer than two values it has no limits.
type Student struct{}

// Interval implements Method.
func (Student) Interval(values []float64, level float64) (Interval, error) {
	if err := checkSample("student", values, unbounded, level); err != nil {
		return Interval{}, err
	}
	if len(values) < 2 {
		return Interval{Number(math.Inf(-1)), Number(math.Inf(1))}, nil
	}
	mean, std := stat.MeanStdDev(values, nil)
	half := quantileT(level, len(values)) * stat.StdErr(std, float64(len(values)))
	return Interval{Number(mean - half), Number(mean + half)}, nil
}

// studentFactor identifies a factor of Student's interval.
type studentFactor struct {
	level float64
	n     int
}

// studentFactors holds the factors that were computed: the quantile takes most of the time of a
// summary, and recurs.
var studentFactors sync.Map // studentFactor -> float64

// quantileT returns the factor of Student's interval for n values.
func quantileT(level float64, n int) float64 {
	key := studentFactor{level, n}
	if known, ok := studentFactors.Load(key); ok {
		return known.(float64)
	}
	factor := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}.Quantile(1 - (1-level)/2)
	studentFactors.Store(key, factor)
	return factor
}
