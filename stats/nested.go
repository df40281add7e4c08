package stats

import (
	"fmt"
	"math"
)

// Nested holds the values of a nested design: Nested[s][t][a] is the value of attacker a in
// training t of the game of seed s. Trainings and attackers are nested in the seed: two
// seeds have neither in common. Every seed has the same number of trainings, at least two,
// and every training the same number of attackers, at least one.
//
// The model is that of random effects (Searle, Casella and McCulloch, "Variance
// Components", 1992):
//
//	value = mean + game(s) + attacker(s, a) + training(s, t) + rest(s, t, a)
//
// The game's effect is that of its deal and triggers on all attackers, the attacker's that
// of its own images and trigger; both stay when the game is trained once more. The
// training's effect on all attackers and the rest are drawn anew by each training.
type Nested [][][]float64

// Component is the variance of one effect, in the square of the values' unit.
type Component struct {
	// Variance is the estimate by the method of moments, which is that of the balanced analysis
	// of variance; one below 0 counts as 0. It is undefined if the design does not tell.
	Variance Number `json:"variance"`
	// Low to High is the confidence interval.
	Low  Number `json:"ci_low"`
	High Number `json:"ci_high"`
}

// Components are the parts of the variance of a design.
type Components struct {
	Seeds     int `json:"seeds"`
	Trainings int `json:"trainings"` // of each seed
	Attackers int `json:"attackers"` // of each game
	// Game and Training are the variances of the effects on all attackers, Attacker and Rest
	// those of single attackers, nil for one attacker.
	Game     Component  `json:"game"`
	Attacker *Component `json:"attacker,omitempty"`
	Training Component  `json:"training"`
	Rest     *Component `json:"rest,omitempty"`
	// TrainingShare is the share of the whole variance that is drawn anew by each training: of
	// Training and Rest. It is undefined if all values are equal.
	TrainingShare Number `json:"training_share"`
	ShareLow      Number `json:"share_ci_low"`
	ShareHigh     Number `json:"share_ci_high"`
}

// undefinedComponent is the component of which a design does not tell.
func undefinedComponent() Component { return Component{Undefined(), Undefined(), Undefined()} }

// seedMoments are the statistics of one seed: its mean, the mean of the squared values, and
// unbiased estimates of the components within the seed.
type seedMoments struct {
	mean, square             float64
	attacker, training, rest float64
}

// within returns the estimate of the variance that is drawn anew by each training.
func (m seedMoments) within() float64 { return m.training + m.rest }

// about returns the mean square of the values about a centre.
func (m seedMoments) about(centre float64) float64 {
	return m.square - 2*centre*m.mean + centre*centre
}

// noise returns the part of the variance of the seed's mean that is not the game's.
func (m seedMoments) noise(trainings, attackers int) float64 {
	t, a := float64(trainings), float64(attackers)
	return m.training/t + m.attacker/a + m.rest/(t*a)
}

// check refuses a design without the stated form, and values outside a range. It returns
// the numbers of trainings and attackers.
func (n Nested) check(within Range, level float64) (trainings, attackers int, err error) {
	if len(n) == 0 || len(n[0]) < 2 || len(n[0][0]) == 0 {
		return 0, 0, fmt.Errorf("stats: nested design: %w: must have a seed, two trainings of it and an attacker", ErrSample)
	}
	trainings, attackers = len(n[0]), len(n[0][0])
	for _, seed := range n {
		if len(seed) != trainings {
			return 0, 0, fmt.Errorf("stats: nested design: %w: %d and %d trainings: must be as many for each seed", ErrSample, trainings, len(seed))
		}
		for _, values := range seed {
			if len(values) != attackers {
				return 0, 0, fmt.Errorf("stats: nested design: %w: %d and %d attackers: must be as many in each game", ErrSample, attackers, len(values))
			}
			if err := checkSample("nested design", values, within, level); err != nil {
				return 0, 0, err
			}
		}
	}
	return trainings, attackers, nil
}

// moments returns the statistics of each seed, of values moved by -low and divided by width.
func (n Nested) moments(low, width float64) []seedMoments {
	all := make([]seedMoments, len(n))
	for s, seed := range n {
		all[s] = momentsOf(seed, low, width)
	}
	return all
}

// momentsOf returns the statistics of one seed: the mean squares of the two-way table of
// trainings and attackers, and the components that follow from their expectations.
func momentsOf(seed [][]float64, low, width float64) seedMoments {
	trainings, attackers := len(seed), len(seed[0])
	t, a := float64(trainings), float64(attackers)
	byTraining, byAttacker := make([]float64, trainings), make([]float64, attackers)
	var m seedMoments
	scaled := func(i, j int) float64 { return (seed[i][j] - low) / width }
	for i := range trainings {
		for j := range attackers {
			x := scaled(i, j)
			byTraining[i] += x / a
			byAttacker[j] += x / t
			m.mean += x / (t * a)
			m.square += x * x / (t * a)
		}
	}
	var ofTrainings, ofAttackers, ofRest float64 // sums of squares
	for i := range trainings {
		ofTrainings += a * square(byTraining[i]-m.mean)
		for j := range attackers {
			ofRest += square(scaled(i, j) - byTraining[i] - byAttacker[j] + m.mean)
		}
	}
	for j := range attackers {
		ofAttackers += t * square(byAttacker[j]-m.mean)
	}
	if attackers == 1 {
		m.training = ofTrainings / (t - 1)
		return m
	}
	m.rest = ofRest / ((t - 1) * (a - 1))
	m.training = (ofTrainings/(t-1) - m.rest) / a
	m.attacker = (ofAttackers/(a-1) - m.rest) / t
	return m
}

func square(x float64) float64 { return x * x }

// estimate returns the components without intervals; scale is the square of a value's unit.
func estimate(all []seedMoments, trainings, attackers int, scale float64) Components {
	c := Components{
		Seeds: len(all), Trainings: trainings, Attackers: attackers, Game: undefinedComponent(), Training: undefinedComponent(),
		TrainingShare: Undefined(), ShareLow: 0, ShareHigh: 1,
	}
	mean := func(of func(seedMoments) float64) float64 { return float64(Over(all, of).Mean) }
	set := func(variance float64) Component {
		return Component{Number(max(0, variance*scale)), Undefined(), Undefined()}
	}
	within := mean(seedMoments.within)
	c.Training = set(mean(func(m seedMoments) float64 { return m.training }))
	attacker := mean(func(m seedMoments) float64 { return m.attacker })
	if attackers > 1 {
		one, rest := set(attacker), set(mean(func(m seedMoments) float64 { return m.rest }))
		c.Attacker, c.Rest = &one, &rest
	}
	if len(all) < 2 {
		return c
	}
	means := Over(all, func(m seedMoments) float64 { return m.mean })
	between := square(float64(means.Std)) * float64(len(all)) / float64(len(all)-1)
	game := between - mean(func(m seedMoments) float64 { return m.noise(trainings, attackers) })
	c.Game = set(game)
	if total := within + max(0, game+attacker); total > roundoff {
		c.TrainingShare = Number(within / total)
	}
	return c
}

// roundoff is the largest variance of scaled values that rounding may leave of equal ones.
const roundoff = 1e-24

// Components returns the parts of the variance of values in a finite range, with intervals
// that assume nothing but the range and that the seeds are independent; see betNested. The
// error wraps ErrSample.
func (n Nested) Components(within Range, level float64) (Components, error) {
	trainings, attackers, err := n.check(within, level)
	if err != nil {
		return Components{}, err
	}
	if math.IsInf(within.Low, 0) || math.IsInf(within.High, 0) {
		return Components{}, fmt.Errorf("stats: nested design: %w: the range must be finite", ErrSample)
	}
	width := within.High - within.Low
	all := n.moments(within.Low, width)
	c := estimate(all, trainings, attackers, width*width)
	b, err := newNestedBets(all, trainings, attackers, level)
	if err != nil {
		return Components{}, err
	}
	b.setIntervals(&c, width*width)
	return c, nil
}
