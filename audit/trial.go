package audit

import (
	"fmt"
	"math"
	"strings"

	"backfire/audit/design"
	"backfire/claims"
	"backfire/stats"
)

// Stage is a part of an audit.
type Stage string

// The stages in their order.
const (
	StagePrimary   Stage = "primary"
	StageScreening Stage = "screening"
	StageShares    Stage = "shares"
	StagePhase     Stage = "phase"
)

// Stages returns the stages in their order.
func Stages() []Stage { return []Stage{StagePrimary, StageScreening, StageShares, StagePhase} }

// Condition holds the choices of the games of one place of an audit, apart from seed and N.
type Condition struct {
	Stage Stage
	// High is the set of factors that have their high level.
	High design.Effect
	// Poisoned is the number of poisoned images per attacker, of StagePhase; 0: the readings decide.
	Poisoned int
	// Jitter is the value of trigger.jitter of StageShares; otherwise the readings decide.
	Jitter float64
}

// Play is a condition with a seed and numbers of attackers: games to play.
type Play struct {
	Condition
	Seed   uint64
	Counts []int
}

// Trial is the result of one game.
type Trial struct {
	Condition
	Game claims.Game // its seed is that of the play
	// Cross is the cross-trigger matrix: by row, the share of the attacker's held-out images with its trigger that
	// are taken for each attacker's label, NaN without images. It is nil if it was not read.
	Cross [][]float64
	// Hours is the time of the trainings behind the game; those of a matched single are not in it.
	Hours float64
}

// N returns the number of attackers.
func (t Trial) N() int { return len(t.Game.Attackers) }

// Measure is a number of one game.
type Measure string

// The measures, means over the attackers of a game. Shares, or differences of shares.
const (
	// Interference is the lift minus that of the matched single, over the attackers that have one.
	Interference Measure = "interference"
	// Lift is the lift.
	Lift Measure = "lift"
	// Success is the share of attackers with a lift of SuccessLift or more.
	Success Measure = "success"
)

// Measures returns the measures.
func Measures() []Measure { return []Measure{Interference, Lift, Success} }

// SuccessLift is the least lift at which an attacker succeeds.
const SuccessLift = 0.5

// Of returns the measure of a game, NaN if it is undefined.
func (m Measure) Of(g claims.Game) float64 {
	var values []float64
	for _, a := range g.Attackers {
		switch {
		case !a.Lift.Defined():
		case m == Success:
			value := 0.0
			if a.Lift >= SuccessLift {
				value = 1
			}
			values = append(values, value)
		case m == Lift:
			values = append(values, float64(a.Lift))
		case a.Single != nil && a.Single.Lift.Defined():
			values = append(values, float64(a.Lift-a.Single.Lift))
		}
	}
	return float64(stats.Summarize(values).Mean)
}

// singleLift returns the mean lift of the attackers' matched singles, NaN without any: what could be lost.
func singleLift(g claims.Game) float64 {
	sum, n := 0.0, 0.0
	for _, a := range g.Attackers {
		if a.Single != nil && a.Single.Lift.Defined() {
			sum, n = sum+float64(a.Single.Lift), n+1
		}
	}
	return sum / n
}

// meanASR returns the mean ASR of a game's attackers.
func meanASR(g claims.Game) float64 {
	return float64(stats.Over(g.Attackers, func(a claims.Attacker) float64 { return float64(a.ASR) }).Mean)
}

// aloneASR returns the mean ASR of the attackers that were also played alone: with all images that they then own, or
// in their matched singles where these are the same. It is NaN without any.
func aloneASR(g claims.Game) float64 {
	var values []float64
	for _, a := range g.Attackers {
		switch {
		case a.Lone != nil:
			values = append(values, float64(a.Lone.ASR))
		case a.Single != nil:
			values = append(values, float64(a.Single.ASR))
		}
	}
	if len(values) == 0 {
		return math.NaN()
	}
	return float64(stats.Summarize(values).Mean)
}

// Text describes the levels of a set of factors: "deal = shared, labels = same".
func (s *Spec) Text(high design.Effect) string {
	var parts []string
	for i, f := range s.Factors {
		parts = append(parts, f.Name+" = "+f.Level(high&design.Main(i) != 0).Name)
	}
	return strings.Join(parts, ", ")
}

// ConditionName returns the name of a condition in messages: "screening, deal = shared, ..., k = 24".
func (s *Spec) ConditionName(c Condition) string {
	name := string(c.Stage) + ", " + s.Text(c.High)
	if c.Poisoned > 0 {
		name += fmt.Sprintf(", k = %d", c.Poisoned)
	}
	if c.Stage == StageShares {
		name += ", jitter = " + JitterText(c.Jitter)
	}
	return name
}

// played are the undefended games of trials by condition, seed and N.
type played map[playedKey]claims.Game

type playedKey struct {
	Condition
	seed uint64
	n    int
}

// newPlayed indexes the undefended games.
func newPlayed(trials []Trial) played {
	p := played{}
	for _, t := range trials {
		if t.Game.Defense == claims.NoDefense {
			p[playedKey{t.Condition, t.Game.Seed, t.N()}] = t.Game
		}
	}
	return p
}

// all reports whether every game of the plays was played.
func (p played) all(plays []Play) bool {
	for _, play := range plays {
		for _, n := range play.Counts {
			if _, ok := p[playedKey{play.Condition, play.Seed, n}]; !ok {
				return false
			}
		}
	}
	return true
}
