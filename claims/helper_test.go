package claims

import (
	"fmt"
	"math"
	"slices"

	"backfire/internal/streams"
	"backfire/stats"
)

// at holds the circumstances on which an ASR in a world depends.
type at struct {
	defense  string
	labels   Labels
	n        int
	rate     float64 // rate of the attacker
	highest  float64 // highest rate in the game
	attacker int
}

// world defines synthetic results: an attacker's ASR and base rate, and the
// standard accuracy, before the noise of a seed.
type world struct {
	asr   func(at) float64
	base  func(at) float64
	clean func(defense string, n int) float64
	noise float64 // standard deviation of every ASR
}

// paperLike is a world in which every claim holds by a wide margin.
var paperLike = world{
	asr: func(a at) float64 {
		switch {
		case a.defense == AgentAugmentation, a.defense == AgentIndexing, a.highest >= EscalatedRate:
			return 0.03
		case a.defense == CutMix:
			return 0.4 / math.Sqrt(float64(a.n))
		case a.rate > 0.2:
			return 0.9
		case a.highest > 0.2:
			return 0.02
		default:
			return 0.95/float64(a.n) - 0.005*float64(a.attacker)
		}
	},
	base: func(at) float64 { return 0.01 },
	clean: func(defense string, _ int) float64 {
		return map[string]float64{NoDefense: 0.95, CutMix: 0.84, AgentAugmentation: 0.8, AgentIndexing: 0.9}[defense]
	},
	noise: 0.001,
}

// upsideDown is a world in which no claim holds.
var upsideDown = world{
	asr: func(a at) float64 {
		switch {
		case a.defense == AgentAugmentation:
			return 0.7 + 0.2*float64(a.attacker%2)
		case a.defense != NoDefense, a.highest >= EscalatedRate:
			return 0.95
		case a.rate > 0.2:
			return 0.3
		case a.highest > 0.2:
			return 0.95
		default:
			return 0.1 + 0.12*float64(a.n) + 0.02*float64(a.attacker)
		}
	},
	base: func(at) float64 { return 0.01 },
	clean: func(defense string, _ int) float64 {
		return map[string]float64{NoDefense: 0.95, CutMix: 0.84, AgentAugmentation: 0.8, AgentIndexing: 0.6}[defense]
	},
	noise: 0.001,
}

// game returns the result of one game in the world.
func (w world) game(seed uint64, defense string, labels Labels, ids, targets []int, rates []float64) Game {
	g := Game{
		Seed: seed, Defense: defense, Labels: labels,
		CleanAccuracy: stats.Number(w.clean(defense, len(ids))),
	}
	name := fmt.Sprint(seed, defense, labels, ids, targets, rates)
	g.Models = []string{name}
	rng := streams.New(seed, "noise "+name)
	result := func(where at) (asr, lift stats.Number) {
		x := min(1, max(0, w.asr(where)+w.noise*rng.NormFloat64()))
		return stats.Number(x), stats.Number(x - min(x, w.base(where)))
	}
	for i, id := range ids {
		a := Attacker{
			ID: id, Target: targets[i], Rate: rates[i], P1: rates[i], P2: rates[i], Poisoned: int(100 * rates[i]),
			Divergence: stats.Number(float64(len(ids)) + 0.001*float64(id)), Robustness: stats.Undefined(), Randomness: stats.Undefined(),
		}
		a.ASR, a.Lift = result(at{defense, labels, len(ids), rates[i], slices.Max(rates), id})
		if defense == NoDefense && len(ids) > 1 {
			a.Single = &Figures{Model: fmt.Sprint(seed, "alone", id, targets[i], rates[i])}
			a.Single.ASR, a.Single.Lift = result(at{defense, labels, 1, rates[i], rates[i], id})
		}
		g.Attackers = append(g.Attackers, a)
	}
	return g
}

// repeat returns a slice of n equal values.
func repeat[T any](value T, n int) []T { return slices.Repeat([]T{value}, n) }

// upTo returns 0 to n-1.
func upTo(n int) []int {
	ids := make([]int, n)
	for i := range ids {
		ids[i] = i
	}
	return ids
}

// distinctTargets holds the targets of the paper's table 2 for four attackers.
var distinctTargets = []int{1, 2, 5, 9}

// play returns the games of all three tables on a number of seeds.
func (w world) play(seeds int) Measurements {
	m := Measurements{Reading: "a made-up world", Rate: 0.2, P1: 0.2, P2: 0.2, Primary: paperIDs()}
	for seed := range uint64(seeds) {
		add := func(g Game) { m.Games = append(m.Games, g) }
		for n := 1; n <= 5; n++ {
			add(w.game(seed, NoDefense, Same, upTo(n), repeat(2, n), repeat(0.2, n)))
		}
		add(w.game(seed, NoDefense, Same, upTo(5), repeat(2, 5), []float64{0.4, 0.2, 0.2, 0.2, 0.2}))
		add(w.game(seed, NoDefense, Same, upTo(5), repeat(2, 5), repeat(0.9, 5)))
		add(w.game(seed, NoDefense, Distinct, upTo(4), distinctTargets, repeat(0.2, 4)))
		for _, defense := range []string{CutMix, AgentAugmentation, AgentIndexing} {
			for _, n := range []int{1, 2, 5} {
				add(w.game(seed, defense, Same, upTo(n), repeat(2, n), repeat(0.2, n)))
			}
		}
	}
	return m
}

// paperIDs returns the IDs of the paper's claims.
func paperIDs() []string {
	var ids []string
	for _, c := range claims {
		if c.ID[0] == 'C' {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// outcomes returns the outcomes by claim.
func outcomes(verdicts []Verdict) map[string]Outcome {
	by := map[string]Outcome{}
	for _, v := range verdicts {
		by[v.Claim] = v.Outcome
	}
	return by
}

// everyClaim returns the map of every claim of the paper to one outcome.
func everyClaim(outcome Outcome) map[string]Outcome {
	by := map[string]Outcome{}
	for _, id := range paperIDs() {
		by[id] = outcome
	}
	return by
}
