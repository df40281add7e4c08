package payoffs

import (
	"math"
	"slices"

	"backfire/equilibrium"
	"backfire/stats"
)

// Trial holds the measurements of the model of one profile, seed and defender.
type Trial struct {
	Profile  equilibrium.Profile `json:"profile"`
	Seed     uint64              `json:"seed"`
	Defender string              `json:"defender,omitempty"` // empty: none
	// Attackers are those on the seats of the players, in any order.
	Attackers     []Attacker `json:"attackers"`
	CleanAccuracy float64    `json:"clean_accuracy"`
	// Models are the hashes of the models behind the trial.
	Models []string `json:"models"`
}

// Attacker is the attacker on one seat.
type Attacker struct {
	Seat int `json:"seat"`
	// ASR and Lift are those of package game.
	ASR  float64 `json:"asr"`
	Lift float64 `json:"lift"`
	// Poisoned counts its poisoned images, Found those of them that the filter finds.
	Poisoned int `json:"poisoned"`
	Found    int `json:"found"`
}

// Outcome is the outcome of a strategy in a trial, as the mean over the players that play it.
type Outcome struct {
	equilibrium.Outcome
	ASR float64
}

// outcomes returns the outcome of each strategy of a trial; NaN for one that is not played.
// The lift of a player with several seats is the mean over them, its cost the sum.
func (s *Spec) outcomes(t Trial) []Outcome {
	all, players := make([]Outcome, len(s.Strategies)), make([]float64, len(s.Strategies))
	for _, player := range s.Seat(t.Profile, t.Seed) {
		var one Outcome
		found, seats := 0, 0.0
		for _, a := range t.Attackers {
			if !slices.Contains(player.Seats, a.Seat) {
				continue
			}
			one.ASR, one.Success = one.ASR+a.ASR, one.Success+a.Lift
			one.Cost, found = one.Cost+float64(a.Poisoned), found+a.Found
			seats++
		}
		if one.Cost > 0 {
			one.Found = float64(found) / one.Cost
		}
		o := &all[player.Strategy]
		o.ASR, o.Success = o.ASR+one.ASR/seats, o.Success+one.Success/seats
		o.Found, o.Cost = o.Found+one.Found, o.Cost+one.Cost
		players[player.Strategy]++
	}
	for i := range all {
		n := players[i]
		if n == 0 {
			n = math.NaN()
		}
		o := &all[i]
		o.ASR, o.Success, o.Found, o.Cost = o.ASR/n, o.Success/n, o.Found/n, o.Cost/n
	}
	return all
}

// table holds the trials of one defender by seed and profile.
type table struct {
	spec     *Spec
	seeds    []uint64 // with a trial of every profile, ascending
	trials   map[uint64]map[string]*Trial
	outcomes map[*Trial][]Outcome
}

// newTable returns the trials of a defender.
func newTable(spec *Spec, trials []Trial, defender string) *table {
	t := &table{spec: spec, trials: map[uint64]map[string]*Trial{}, outcomes: map[*Trial][]Outcome{}}
	for i := range trials {
		one := &trials[i]
		if one.Defender != defender {
			continue
		}
		if t.trials[one.Seed] == nil {
			t.trials[one.Seed] = map[string]*Trial{}
		}
		t.trials[one.Seed][Key(one.Profile)] = one
		t.outcomes[one] = spec.outcomes(*one)
	}
	for seed, of := range t.trials {
		if len(of) == len(spec.Profiles()) {
			t.seeds = append(t.seeds, seed)
		}
	}
	slices.Sort(t.seeds)
	return t
}

// at returns the trial of a profile on a seed with all profiles, given its index.
func (t *table) at(seed int, p equilibrium.Profile) *Trial { return t.trials[t.seeds[seed]][Key(p)] }

// game returns the outcomes for the solver, with what a filter finds or without.
func (t *table) game(filtered bool) (*equilibrium.Outcomes, error) {
	return equilibrium.NewOutcomes(t.spec.Players, len(t.spec.Strategies), len(t.seeds), func(seed int, p equilibrium.Profile, strategy int) equilibrium.Outcome {
		o := t.outcomes[t.at(seed, p)][strategy].Outcome
		if !filtered {
			o.Found = 0
		}
		return o
	})
}

// expected returns the mean over the seeds of a number of each trial, expected where every
// player draws its strategy from a mixture.
func (t *table) expected(m equilibrium.Mixture, number func(trial *Trial) float64) stats.Number {
	sum := 0.0
	for _, p := range t.spec.Profiles() {
		chance := 1.0
		left := t.spec.Players
		for s, count := range p {
			chance *= choose(left, count) * math.Pow(m[s], float64(count))
			left -= count
		}
		if chance == 0 {
			continue
		}
		for seed := range t.seeds {
			sum += chance * number(t.at(seed, p)) / float64(len(t.seeds))
		}
	}
	return stats.Number(sum)
}

// choose returns the binomial coefficient.
func choose(n, k int) float64 {
	c := 1.0
	for i := 1; i <= k; i++ {
		c *= float64(n-k+i) / float64(i)
	}
	return c
}

// meanASR returns the mean ASR over the attackers of a trial.
func meanASR(t *Trial) float64 {
	return float64(stats.Over(t.Attackers, func(a Attacker) float64 { return a.ASR }).Mean)
}
