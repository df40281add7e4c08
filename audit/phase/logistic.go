package phase

import "math"

// binomial is the outcome of the trials at one value of the predictor. With weights,
// successes and trials need not be whole.
type binomial struct{ x, successes, trials float64 }

// logistic is the curve of a probability p against x: log(p/(1-p)) = Intercept + Slope x.
type logistic struct{ Intercept, Slope float64 }

// at returns the probability at x.
func (l logistic) at(x float64) float64 { return 1 / (1 + math.Exp(-l.Intercept-l.Slope*x)) }

// Limits of the iteration of fitFirth.
const (
	mostSteps = 200
	mostStep  = 5    // largest change of a coefficient in one step
	converged = 1e-9 // of a coefficient in one step
)

// fitFirth fits a logistic regression with Firth's penalty: it maximises the likelihood
// times the square root of the determinant of the information, the prior of Jeffreys
// (Firth, "Bias Reduction of Maximum Likelihood Estimates", Biometrika 80, 1993). Its
// estimates are finite also where the outcomes are separated: where all trials below some
// x fail and all above it succeed, or where all have one outcome (Heinze and Schemper, "A
// Solution to the Problem of Separation in Logistic Regression", Statistics in Medicine
// 21, 2002). It returns false unless there are trials at two values of x.
func fitFirth(data []binomial) (logistic, bool) {
	centre, trials := 0.0, 0.0
	low, high := math.Inf(1), math.Inf(-1)
	for _, d := range data {
		if d.trials > 0 {
			centre, trials = centre+d.trials*d.x, trials+d.trials
			low, high = min(low, d.x), max(high, d.x)
		}
	}
	if !(low < high) {
		return logistic{}, false
	}
	// Centred and scaled, the two coefficients hardly depend on each other.
	centre, scale := centre/trials, high-low
	scaled := make([]binomial, 0, len(data))
	for _, d := range data {
		scaled = append(scaled, binomial{(d.x - centre) / scale, d.successes, d.trials})
	}
	var fit logistic
	value := penalised(scaled, fit)
	for range mostSteps {
		step := scoring(scaled, fit)
		if math.Hypot(step[0], step[1]) < converged {
			break
		}
		shrink := min(1, mostStep/max(math.Abs(step[0]), math.Abs(step[1])))
		next, better := fit, false
		for ; shrink > 1e-12; shrink /= 2 {
			next = logistic{fit.Intercept + shrink*step[0], fit.Slope + shrink*step[1]}
			if v := penalised(scaled, next); v >= value-1e-12 {
				value, better = v, true
				break
			}
		}
		if !better { // as near to the maximum as a float64 resolves
			break
		}
		fit = next
	}
	slope := fit.Slope / scale
	return logistic{fit.Intercept - slope*centre, slope}, true
}

// information returns the elements of the information matrix of the coefficients.
func information(data []binomial, fit logistic) (a, b, c float64) {
	for _, d := range data {
		p := fit.at(d.x)
		w := d.trials * p * (1 - p)
		a, b, c = a+w, b+w*d.x, c+w*d.x*d.x
	}
	return a, b, c
}

// penalised returns the logarithm of the penalised likelihood.
func penalised(data []binomial, fit logistic) float64 {
	sum := 0.0
	for _, d := range data {
		eta := fit.Intercept + fit.Slope*d.x
		sum += d.successes*eta - d.trials*softplus(eta)
	}
	a, b, c := information(data, fit)
	return sum + math.Log(a*c-b*b)/2
}

// softplus returns log(1 + exp(x)).
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// scoring returns the step of Fisher's scoring, by Firth's modified score.
func scoring(data []binomial, fit logistic) (step [2]float64) {
	var score [2]float64
	a, b, c := information(data, fit)
	det := a*c - b*b
	for _, d := range data {
		p := fit.at(d.x)
		leverage := d.trials * p * (1 - p) * (c - 2*b*d.x + a*d.x*d.x) / det
		u := d.successes - d.trials*p + leverage*(0.5-p)
		score[0], score[1] = score[0]+u, score[1]+u*d.x
	}
	return [2]float64{(c*score[0] - b*score[1]) / det, (a*score[1] - b*score[0]) / det}
}
