package payoffs

import (
	"math"

	"backfire/equilibrium"
	"backfire/stats"
)

// Commitment is the choice of a defender that moves first, to whose defense the attackers
// answer with a symmetric equilibrium.
type Commitment struct {
	Choices []Choice `json:"choices"` // in the order of Spec.Defenders
	// Chosen is the defender's choice: of those that lose no more of the standard accuracy
	// than the margin, the one whose worst answer leaves it most. Empty: no game is solved.
	Chosen string `json:"chosen"`
}

// Choice is one defense with the attackers' answer that is worst for the defender.
type Choice struct {
	Defender string              `json:"defender"`
	Answer   equilibrium.Mixture `json:"answer"`
	// Equilibria is the number of symmetric equilibria, of which Answer is the worst.
	Equilibria int `json:"equilibria"`
	// ASR is the mean ASR of the attackers, the defender's payoff is 1 - ASR.
	ASR           stats.Number `json:"asr"`
	Payoff        stats.Number `json:"payoff"`
	CleanAccuracy stats.Number `json:"clean_accuracy"`
	// Accurate reports that the standard accuracy is at most the margin below the highest.
	Accurate bool `json:"accurate"`
}

// Sibling is the equilibrium that the sibling of the paper (arXiv 2201.12211, experiment E4) claims for attackers and
// defender, as payoffs of 0 to 1 that sum to 1: the ASR, and what it leaves.
var Sibling = [2]float64{0.203, 0.797}

// commit chooses the defender's defense.
func (r *Result) commit(trials []Trial) {
	c := &Commitment{Choices: []Choice{}}
	r.Commitment = c
	highest := math.Inf(-1)
	for _, solved := range r.Games {
		t := newTable(r.Spec, trials, solved.Defender)
		choice := Choice{Defender: solved.Defender, Payoff: stats.Undefined(), Equilibria: len(solved.Answer.Mixtures)}
		for _, m := range solved.Answer.Mixtures {
			asr := t.expected(m.Mixture, meanASR)
			if choice.Payoff.Defined() && 1-asr >= choice.Payoff {
				continue
			}
			choice.Answer, choice.ASR, choice.Payoff = m.Mixture, asr, 1-asr
			choice.CleanAccuracy = t.expected(m.Mixture, func(trial *Trial) float64 { return trial.CleanAccuracy })
		}
		if choice.Payoff.Defined() {
			highest = max(highest, float64(choice.CleanAccuracy))
		}
		c.Choices = append(c.Choices, choice)
	}
	best := math.Inf(-1)
	for i := range c.Choices {
		one := &c.Choices[i]
		one.Accurate = one.Payoff.Defined() && float64(one.CleanAccuracy) >= highest-r.Spec.Margin
		if one.Accurate && float64(one.Payoff) > best {
			best, c.Chosen = float64(one.Payoff), one.Defender
		}
	}
}
