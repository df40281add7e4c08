package game

import (
	"fmt"

	"backfire/stats"
)

// AttackerScore holds one attacker's rules, its numbers of images and its rates.
type AttackerScore struct {
	// ID, Target, PoisonRate, P1 and P2 repeat the rules.
	ID         int         `json:"id"`
	Target     TargetLabel `json:"target"`
	PoisonRate float64     `json:"p0"`
	P1         float64     `json:"p1"`
	P2         float64     `json:"p2"`
	// Trigger is the trigger's ID; with jitter, that of which images carry a part. It is
	// empty with PerImage.
	Trigger string `json:"trigger"`
	// Mapping and Sources repeat the rules. With AllToAll, Target is NoTarget; results of
	// earlier versions have 0 there.
	Mapping Mapping `json:"mapping,omitempty"`
	Sources []int   `json:"sources,omitempty"`
	// Surrogate is the accuracy of the surrogate behind an adversarial trigger on the
	// attacker's held-out images without trigger; nil with other kinds.
	Surrogate *Rate `json:"surrogate,omitempty"`
	// Colludes repeats the rules: the ID of the attacker whose trigger this one
	// uses, or nil.
	Colludes *int `json:"colludes,omitempty"`
	// Contributed is the number of images contributed, Budget the number that p0
	// asks to poison, Poisoned the number poisoned (below Budget only if the
	// contribution has too few candidates), HeldOut the number held out.
	Contributed int `json:"contributed"`
	Budget      int `json:"budget"`
	Poisoned    int `json:"poisoned"`
	HeldOut     int `json:"held_out"`
	// ASR, BaseRate, Robustness and Lift are those of Success.
	ASR        Rate         `json:"asr"`
	BaseRate   Rate         `json:"base_rate"`
	Robustness Rate         `json:"robustness"`
	Lift       stats.Number `json:"lift"`
	// Randomness is nil in results of versions that did not measure it.
	Randomness *Randomness `json:"randomness,omitempty"`
}

// HonestScore holds the numbers of images of one honest contributor, and how the
// model serves it.
type HonestScore struct {
	ID          int `json:"id"` // its seat
	Contributed int `json:"contributed"`
	HeldOut     int `json:"held_out"`
	// Accuracy is the share of its held-out images that are predicted as their
	// true label.
	Accuracy Rate `json:"accuracy"`
}

// Score is the outcome of one game.
type Score struct {
	// Clean is the standard accuracy: the share of the defender's held-out
	// images that are predicted as their true label.
	Clean Rate `json:"clean"`
	// Chance is the highest Clean that still counts as chance; see Collapsed.
	Chance Rate `json:"chance"`
	// Collapsed reports whether Clean is at most Chance: the model then predicts
	// no better than guessing, and its attack success rates mean nothing. Chance
	// is the larger of the 99 % quantile of the binomial distribution (uniform
	// guesses among the classes on that many images) and the count of the most
	// frequent class among them (always the same guess).
	Collapsed bool `json:"collapsed"`
	// Attackers holds each attacker's score, in the order of Rules.Attackers.
	Attackers []AttackerScore `json:"attackers"`
	// Honest holds each honest contributor's score by ascending seat.
	Honest []HonestScore `json:"honest,omitempty"`
	// Cross is the cross-trigger matrix: Cross[i][j] is the share of attacker
	// i's held-out images with i's trigger that are predicted as j's target
	// (with ExcludeTargetClass: of those whose label is not j's target). It
	// always counts the attacker's own images; with Denominator Own its diagonal
	// holds the ASRs.
	Cross [][]Rate `json:"cross"`
	// ASR, BaseRate, Robustness and Lift summarise the attackers' rates. Rates
	// over zero images are left out and counted as undefined.
	ASR        stats.Summary `json:"asr"`
	BaseRate   stats.Summary `json:"base_rate"`
	Robustness stats.Summary `json:"robustness"`
	Lift       stats.Summary `json:"lift"`
}

// Score scores a model's predictions: one class for each probe, in the order of
// Probes. ASR, standard accuracy and robustness accuracy are those of section 3
// of the paper; base rate, lift and the cross-trigger matrix are defined at
// their fields. The error wraps ErrPredictions.
func (g *Game) Score(predicted []uint16) (*Score, error) {
	list := g.probeList()
	if len(predicted) != len(list) {
		return nil, fmt.Errorf("game: score: %w: %d predictions for %d probes", ErrPredictions, len(predicted), len(list))
	}
	classes := len(g.set.Classes)
	for i, p := range predicted {
		if int(p) >= classes {
			return nil, fmt.Errorf("game: score: %w: probe %d is predicted as class %d of %d classes", ErrPredictions, i, p, classes)
		}
	}

	t := g.rules.tallyProbes(classes, list, predicted)
	s := &Score{Clean: t.defender.correct(noClass), Chance: t.defender.chance()}
	s.Collapsed = s.Clean.Hits <= s.Chance.Hits
	for i := range g.deal.Attackers {
		s.Attackers = append(s.Attackers, g.attackerScore(i, t))
		row := make([]Rate, len(g.rules.Attackers))
		for j, other := range g.rules.Attackers {
			row[j] = g.rules.hits(other, t.stamped[i])
		}
		s.Cross = append(s.Cross, row)
	}
	for i, seat := range g.rules.honestSeats() {
		share := g.deal.Honest[i]
		s.Honest = append(s.Honest, HonestScore{
			ID: seat, Contributed: len(share.Contributed), HeldOut: len(share.HeldOut), Accuracy: t.honest[i].correct(noClass),
		})
	}
	s.summarize()
	return s, nil
}

// attackerScore returns the score of the attacker at a position.
func (g *Game) attackerScore(position int, t probeTallies) AttackerScore {
	a, share := g.rules.Attackers[position], g.deal.Attackers[position]
	success := g.rules.success(position, t)
	s := AttackerScore{
		ID: a.ID, Target: a.TargetLabel(), PoisonRate: a.PoisonRate, P1: a.Trigger.P1, P2: a.Trigger.P2, Colludes: a.Colludes,
		Mapping: a.Mapping, Sources: a.Sources, Contributed: len(share.Contributed), HeldOut: len(share.HeldOut),
		Budget: g.poison[position].budget, Poisoned: g.poison[position].poisoned,
		ASR: success.ASR, BaseRate: success.BaseRate, Robustness: success.Robustness, Lift: success.Lift,
	}
	randomness := randomnessOf(t.stamped[position], t.clean[position])
	s.Randomness = &randomness
	s.Surrogate = g.surrogateAccuracy(position)
	if g.rules.Sampling == PerAgent {
		s.Trigger = g.Triggers()[position].ID()
	}
	return s
}

// summarize sets the summaries over the attackers.
func (s *Score) summarize() {
	s.ASR = stats.Over(s.Attackers, func(a AttackerScore) float64 { return a.ASR.Value() })
	s.BaseRate = stats.Over(s.Attackers, func(a AttackerScore) float64 { return a.BaseRate.Value() })
	s.Robustness = stats.Over(s.Attackers, func(a AttackerScore) float64 { return a.Robustness.Value() })
	s.Lift = stats.Over(s.Attackers, func(a AttackerScore) float64 { return float64(a.Lift) })
}
