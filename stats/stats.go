// Package stats summarises small samples of measurements: mean, standard
// deviation, the confidence interval of the mean, and rank correlations. Undefined
// measurements (a rate over zero images) are NaN; they are left out and counted.
package stats

import (
	"encoding/json"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Number is a float64 that may be undefined. An undefined number is NaN in Go and
// null in JSON, which has no NaN.
type Number float64

// Undefined returns the undefined Number.
func Undefined() Number { return Number(math.NaN()) }

// Defined reports whether n is a finite number.
func (n Number) Defined() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// MarshalJSON writes n as a JSON number, or as null if it is not Defined.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Defined() {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON reads a JSON number, or null as an undefined one.
func (n *Number) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*n = Undefined()
		return nil
	}
	return json.Unmarshal(data, (*float64)(n))
}

// Summary describes a sample of n measurements x.
type Summary struct {
	// N is the number of defined measurements, of which the statistics below are
	// computed.
	N int `json:"n"`
	// Undefined is the number of undefined measurements, which are left out.
	Undefined int `json:"undefined"`
	// Mean is sum(x)/n. It is undefined if N is 0.
	Mean Number `json:"mean"`
	// Std is the population standard deviation sqrt(sum((x-mean)^2)/n), the
	// sigma beside each mean in the paper's Table 3. It is undefined if N is 0.
	Std Number `json:"std"`
	// CI95 is the half width of the 95 % confidence interval of the mean,
	// t(0.975, n-1) s/sqrt(n), with Student's t and the sample standard
	// deviation s = sqrt(sum((x-mean)^2)/(n-1)) (Student, "The Probable Error
	// of a Mean", 1908). It is undefined if N is below 2.
	CI95 Number `json:"ci95"`
}

// confidence is the two-sided level of Summary.CI95.
const confidence = 0.95

// Over summarises one measure of all items. NaN is treated as in Summarize.
func Over[T any](items []T, measure func(item T) float64) Summary {
	values := make([]float64, len(items))
	for i, item := range items {
		values[i] = measure(item)
	}
	return Summarize(values)
}

// Summarize summarises values. NaN stands for an undefined measurement.
func Summarize(values []float64) Summary {
	defined := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) {
			defined = append(defined, v)
		}
	}
	s := Summary{N: len(defined), Undefined: len(values) - len(defined), Mean: Undefined(), Std: Undefined(), CI95: Undefined()}
	if s.N == 0 {
		return s
	}
	mean, std := stat.PopMeanStdDev(defined, nil)
	s.Mean, s.Std = Number(mean), Number(std)
	if s.N > 1 {
		t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(s.N - 1)}.Quantile(1 - (1-confidence)/2)
		s.CI95 = Number(t * stat.StdErr(stat.StdDev(defined, nil), float64(s.N)))
	}
	return s
}
