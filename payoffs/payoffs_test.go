package payoffs_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/equilibrium"
	"backfire/payoffs"
)

// rate returns a strategy with a poison rate.
func rate(name string, p0 float64) payoffs.Strategy { return payoffs.Strategy{Name: name, P0: &p0} }

// twoRates returns a game of two attackers with two poison rates.
func twoRates() *payoffs.Spec {
	return &payoffs.Spec{
		Format: payoffs.Format, Name: "two", Players: 2, Strategies: []payoffs.Strategy{rate("low", 0.2), rate("high", 0.9)},
		Seeds: 6, FirstSeed: 1, Prices: []float64{0, 0.0005, 0.01}, Margin: 0.05,
	}
}

// trials returns the trials of all profiles and seeds, given what a player of a strategy gets.
func trials(s *payoffs.Spec, defender string, of func(p equilibrium.Profile, strategy int, seed uint64) payoffs.Attacker) []payoffs.Trial {
	var all []payoffs.Trial
	for i := range uint64(s.Seeds) {
		for _, p := range s.Profiles() {
			t := payoffs.Trial{Profile: p, Seed: s.FirstSeed + i, Defender: defender, CleanAccuracy: 0.8, Models: []string{"abc"}}
			for _, player := range s.Seat(p, t.Seed) {
				for _, seat := range player.Seats {
					a := of(p, player.Strategy, t.Seed)
					a.Seat = seat
					t.Attackers = append(t.Attackers, a)
				}
			}
			all = append(all, t)
		}
	}
	return all
}

// dilemma pays 0.6 and 0.3 where both choose low or high, and 0.1 and 0.8 where they differ.
func dilemma(p equilibrium.Profile, strategy int, seed uint64) payoffs.Attacker {
	lift := map[[2]int]float64{{2, 0}: 0.6, {1, 0}: 0.1, {1, 1}: 0.8, {0, 1}: 0.3}[[2]int{p[0], strategy}]
	noise := 0.01 * float64(seed%3)
	return payoffs.Attacker{ASR: lift + noise + 0.1, Lift: lift + noise, Poisoned: []int{100, 900}[strategy], Found: []int{10, 0}[strategy]}
}

// A dilemma is told as such, with its loss; a price ends it, and a filter lowers what the
// found images bring.
func TestADilemmaIsMutuallyAssuredDestruction(t *testing.T) {
	s := twoRates()
	s.Filter = "spectral_signatures"
	require.NoError(t, s.Check())
	r, err := s.Analyze(trials(s, "", dilemma), 200)
	require.NoError(t, err)
	require.Len(t, r.Games, 2)
	bare, filtered := r.Games[0], r.Games[1]
	require.Equal(t, equilibrium.Dilemma, bare.Answer.Kind)
	require.Contains(t, bare.Sentence, "dilemma")
	require.Equal(t, equilibrium.IsEquilibrium, bare.Common[1].Verdict)
	require.NotNil(t, bare.Destruction)
	require.True(t, bare.Destruction.Assured)
	require.InDelta(t, 0.3, float64(bare.Destruction.Loss.Value), 1e-9)
	require.InDelta(t, 0.61, float64(bare.Common[0].Payoff.Value), 1e-9)
	require.InDelta(t, 0.71, float64(bare.Common[0].ASR), 1e-9)
	require.False(t, bare.Common[0].Found.Defined())
	require.InDelta(t, 0.61*0.9, float64(filtered.Common[0].Payoff.Value), 1e-9)
	require.InDelta(t, 0.1, float64(filtered.Common[0].Found), 1e-9)
	// high pays 0.2 more against low and against high, and costs 800 images more
	all := bare.Ranges[2]
	require.Equal(t, equilibrium.Profile{0, 2}, all.Profile)
	require.InDelta(t, 0.2/800, float64(all.To.Value), 1e-9)
	require.Equal(t, []equilibrium.Profile{{2, 0}}, bare.Prices[1].Answer.Pure)
	name, values := s.Attribute()
	require.Equal(t, "mean p0", name)
	require.Equal(t, []float64{0.2, 0.9}, values)
}

// Seeds without all profiles do not count, and a game without a whole seed has no answer.
func TestSeedsNeedAllProfiles(t *testing.T) {
	s := twoRates()
	all := trials(s, "", dilemma)
	r, err := s.Analyze(all[:len(all)-1], 50)
	require.NoError(t, err)
	require.Equal(t, []uint64{1, 2, 3, 4, 5}, r.Games[0].Seeds)
	r, err = s.Analyze(all[:2], 50)
	require.NoError(t, err)
	require.Empty(t, r.Games)
}

// A defender commits to the defense whose worst equilibrium leaves it most, but to none that
// loses accuracy.
func TestADefenderCommits(t *testing.T) {
	s := twoRates()
	s.Prices, s.Defenders = []float64{0}, []string{"none", "cutmix", "ruin"}
	all := trials(s, "none", dilemma)
	all = append(all, trials(s, "cutmix", func(p equilibrium.Profile, strategy int, seed uint64) payoffs.Attacker {
		a := dilemma(p, strategy, seed)
		a.ASR, a.Lift = a.ASR/4, a.Lift/4
		return a
	})...)
	ruin := trials(s, "ruin", func(equilibrium.Profile, int, uint64) payoffs.Attacker { return payoffs.Attacker{} })
	for i := range ruin {
		ruin[i].CleanAccuracy = 0.1
	}
	r, err := s.Analyze(append(all, ruin...), 50)
	require.NoError(t, err)
	require.Equal(t, "cutmix", r.Commitment.Chosen)
	require.InDelta(t, 0.41, float64(r.Commitment.Choices[0].ASR), 1e-9)
	require.InDelta(t, 1-0.41/4, float64(r.Commitment.Choices[1].Payoff), 1e-9)
	require.False(t, r.Commitment.Choices[2].Accurate)
}

// Over as many seeds as there are players, every strategy of a profile has every block of
// seats equally often; players of a coalition follow the first of them.
func TestSeatsAreDealtFairly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &payoffs.Spec{Players: rapid.IntRange(2, 6).Draw(t, "players")}
		for i := range rapid.IntRange(2, 4).Draw(t, "strategies") {
			s.Strategies = append(s.Strategies, payoffs.Strategy{Seats: rapid.IntRange(0, 3).Draw(t, "seats"), Coalition: i == 0})
		}
		p := rapid.SampledFrom(s.Profiles()).Draw(t, "profile")
		times := map[[2]int]int{}
		first := rapid.Uint64Range(0, 1<<40).Draw(t, "seed")
		for seed := first; seed < first+uint64(s.Players); seed++ {
			used, leader := map[int]bool{}, -1
			for block, player := range s.Seat(p, seed) {
				require.Equal(t, block, player.Block)
				require.Len(t, player.Seats, s.Strategies[player.Strategy].SeatCount())
				for _, seat := range player.Seats {
					require.False(t, used[seat])
					used[seat] = true
					require.Equal(t, block, seat/s.BlockSize())
				}
				if player.Strategy == 0 {
					if leader < 0 {
						leader = player.Seats[0]
					}
					require.Equal(t, leader, player.Leader)
				} else {
					require.Equal(t, player.Seats[0], player.Leader)
				}
				times[[2]int{player.Strategy, block}]++
			}
		}
		for key, n := range times {
			require.Equal(t, p[key[0]], n)
		}
	})
}

func TestKeysAreRead(t *testing.T) {
	s := twoRates()
	for _, p := range s.Profiles() {
		read, err := s.ParseKey(payoffs.Key(p))
		require.NoError(t, err)
		require.Equal(t, p, read)
	}
	for _, text := range []string{"", "1", "1,x", "1,-1", "2,2", "1,1,0"} {
		_, err := s.ParseKey(text)
		require.ErrorIs(t, err, payoffs.ErrSpec, text)
	}
}

// An owner with several seats is paid their mean lift and pays for all of their images.
func TestSybilsPayForAllSeats(t *testing.T) {
	s := twoRates()
	s.Strategies = []payoffs.Strategy{{Name: "one"}, {Name: "three", Seats: 3}}
	seats := 0.0
	r, err := s.Analyze(trials(s, "", func(_ equilibrium.Profile, strategy int, _ uint64) payoffs.Attacker {
		if strategy == 0 {
			return payoffs.Attacker{Lift: 0.5, Poisoned: 90}
		}
		seats++
		return payoffs.Attacker{Lift: 0.3 * float64(int(seats)%3), Poisoned: 30} // 0.3, 0.6, 0
	}), 50)
	require.NoError(t, err)
	three := r.Games[0].Common[1]
	require.InDelta(t, 0.3, float64(three.Lift), 1e-9)
	require.InDelta(t, 90, float64(three.Poisoned), 1e-9)
	name, _ := s.Attribute()
	require.Equal(t, "share of three", name)
}

// On a simulated surface with noise over seeds, the interval of the loss covers its true
// value in at least 90 of 100 games of 12 seeds.
func TestSimulatedSurfaceIsRecovered(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	s := twoRates()
	s.Seeds, s.Prices = 12, []float64{0}
	covered := 0
	for range 100 {
		noise := map[uint64]float64{}
		r, err := s.Analyze(trials(s, "", func(p equilibrium.Profile, strategy int, seed uint64) payoffs.Attacker {
			if p[1] == 2 && noise[seed] == 0 {
				noise[seed] = 0.05 * rng.NormFloat64()
			}
			a := dilemma(p, strategy, 0)
			if p[1] == 2 {
				a.Lift += noise[seed]
			}
			return a
		}), 400)
		require.NoError(t, err)
		require.NotNil(t, r.Games[0].Destruction)
		require.Equal(t, "high", r.Games[0].Destruction.Equilibrium)
		if r.Games[0].Destruction.Loss.Interval.Contains(0.3) {
			covered++
		}
	}
	require.GreaterOrEqual(t, covered, 90)
}
