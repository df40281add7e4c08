package claims

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/internal/streams"
	"backfire/stats"
)

var regen = flag.Bool("regen", false, "regenerate the golden files")

// many is a number of seeds that settles every claim of the made-up worlds.
const many = 64

func TestWorlds(t *testing.T) {
	verdicts, err := Judge(paperLike.play(many), paperIDs()...)
	require.NoError(t, err)
	require.Equal(t, everyClaim(Supported), outcomes(verdicts))
	for _, v := range verdicts {
		require.Len(t, v.Seeds, many)
		require.Equal(t, "a made-up world", v.Reading)
		require.Empty(t, v.Missing)
		require.Empty(t, v.Excluded)
		require.Zero(t, v.Needed)
		require.Equal(t, 8, v.Claims)
		require.LessOrEqual(t, v.P, v.Adjusted)
	}
	verdicts, err = Judge(upsideDown.play(many), paperIDs()...)
	require.NoError(t, err)
	require.Equal(t, everyClaim(Opposite), outcomes(verdicts))
}

// Fewer seeds than MinSeeds settle no claim in any world, not even with equal values.
func TestFewSeedsSettleNothing(t *testing.T) {
	require.Equal(t, []int{6, 7, 7, 8, 8, 8, 9, 9}, minSeeds(1, 2, 3, 4, 5, 6, 7, 8))
	for _, w := range []world{paperLike, upsideDown} {
		w.noise = 0
		for _, seeds := range []int{1, 2, 5, 8} {
			verdicts, err := Judge(w.play(seeds), paperIDs()...)
			require.NoError(t, err)
			require.Equal(t, everyClaim(Undecided), outcomes(verdicts), "%d seeds", seeds)
			for _, v := range verdicts {
				require.Len(t, v.Seeds, seeds)
				require.Equal(t, 9, v.Needed)
				require.Contains(t, v.Sentence, "at least 9 seeds are needed for 8 claims judged together")
				for _, s := range v.Statistics {
					if seeds == 1 {
						require.False(t, s.Low.Defined())
					}
					if seeds < MinSeeds(1) {
						require.Equal(t, Undecided, s.Outcome)
					}
				}
			}
		}
	}
	verdicts, err := Judge(paperLike.play(0), paperIDs()...)
	require.NoError(t, err)
	require.Empty(t, verdicts, "a claim without games has no verdict")
}

// minSeeds returns MinSeeds of several numbers of claims.
func minSeeds(claims ...int) []int {
	var seeds []int
	for _, n := range claims {
		seeds = append(seeds, MinSeeds(n))
	}
	return seeds
}

// The order of the games does not matter, nor a game that two tables share.
func TestOrderDoesNotMatter(t *testing.T) {
	m := paperLike.play(3)
	judged := func(t require.TestingT, m Measurements) string {
		verdicts, err := Judge(m, paperIDs()...)
		require.NoError(t, err)
		text, err := json.Marshal(verdicts) // undefined numbers are equal in JSON
		require.NoError(t, err)
		return string(text)
	}
	want := judged(t, m)
	rapid.Check(t, func(t *rapid.T) {
		shuffled := m
		shuffled.Games = rapid.Permutation(append(slices.Clone(m.Games), m.Games[:7]...)).Draw(t, "games")
		require.Equal(t, want, judged(t, shuffled))
	})
}

// If the true effect equals the bound, at most one experiment in 40 supports the claim,
// also where the change is all or nothing by the seed.
func TestErrorRate(t *testing.T) {
	const trials, seeds = 1000, 12
	counts := map[Outcome]int{}
	for trial := range uint64(trials) {
		rng := streams.New(trial, "error rate")
		m := Measurements{Rate: 0.2, P1: 0.2, P2: 0.2, Primary: []string{"C5"}}
		for seed := range uint64(seeds) {
			w := paperLike
			w.noise = 0
			before, after := 0.0, 0.0
			if rng.Float64() < 0.9 {
				before = 1
			}
			if rng.Float64() < 0.9-EffectMargin {
				after = 1
			}
			w.asr = func(a at) float64 {
				if a.defense == CutMix {
					return after
				}
				return before
			}
			for _, defense := range []string{NoDefense, CutMix} {
				m.Games = append(m.Games, w.game(seed, defense, Same, upTo(2), []int{2, 2}, repeat(0.2, 2)))
			}
		}
		verdicts, err := Judge(m, "C5")
		require.NoError(t, err)
		counts[verdicts[0].Outcome]++
	}
	// Binomial(1000, 0.025) is above 40 in 2 of 1000 cases.
	require.LessOrEqual(t, counts[Supported], 40, "%v", counts)
	require.LessOrEqual(t, counts[Opposite]+counts[NoEffect], 40, "%v", counts)
}

// A claim for which no seed has all games has no verdict, and one for which some seed
// lacks a game is undecided.
func TestMissingGames(t *testing.T) {
	complete := paperLike.play(10)
	without := func(drop func(g Game) bool) Measurements {
		m := complete
		m.Games = slices.DeleteFunc(slices.Clone(m.Games), drop)
		return m
	}
	for _, tc := range []struct {
		name    string
		drop    func(g Game) bool
		claim   string
		missing []string // none: no verdict
		seeds   int
	}{
		{"N = 5 on one seed", func(g Game) bool {
			return g.Seed == 2 && len(g.Attackers) == 5 && g.Attackers[4].Rate == 0.2 && g.Attackers[0].Rate == 0.2
		}, "C1", []string{"N = 5, label 2, p = 0.2, no defense (seed 2)"}, 9},
		{"only singles", func(g Game) bool { return len(g.Attackers) > 1 }, "C1", nil, 0},
		{"no attacker raises p", func(g Game) bool { return g.Attackers[0].Rate > 0.2 }, "C2", nil, 0},
		{"no attacker raises p", func(g Game) bool { return g.Attackers[0].Rate > 0.2 }, "C3", nil, 0},
		{"no game to compare with", func(g Game) bool {
			return len(g.Attackers) == 5 && g.Attackers[4].Rate == 0.2 && g.Attackers[0].Rate == 0.2
		}, "C3", nil, 0},
		{"no distinct labels", func(g Game) bool { return g.Labels == Distinct }, "C4", nil, 0},
		{"no CutMix", func(g Game) bool { return g.Defense == CutMix }, "C5", nil, 0},
		{"no CutMix", func(g Game) bool { return g.Defense == CutMix }, "C6", nil, 0},
		{"singles alone", func(g Game) bool { return g.Defense != NoDefense && len(g.Attackers) > 1 }, "C6", []string{"games with several attackers and agent_augmentation"}, 10},
		{"nothing at all", func(Game) bool { return true }, "C7", nil, 0},
	} {
		t.Run(tc.claim+" "+tc.name, func(t *testing.T) {
			verdicts, err := Judge(without(tc.drop), tc.claim)
			require.NoError(t, err)
			if tc.missing == nil {
				require.Empty(t, verdicts)
				return
			}
			require.Equal(t, Undecided, verdicts[0].Outcome)
			require.Equal(t, tc.missing, verdicts[0].Missing)
			require.Len(t, verdicts[0].Seeds, tc.seeds)
			require.Contains(t, verdicts[0].Sentence, tc.missing[0])
		})
	}
}

// The claim is about p = 0.9, not about smaller rises.
func TestAllRaiseToLess(t *testing.T) {
	m := paperLike.play(3)
	m.Games = slices.DeleteFunc(m.Games, func(g Game) bool { return g.Attackers[0].Rate == EscalatedRate })
	for seed := range uint64(3) {
		m.Games = append(m.Games, paperLike.game(seed, NoDefense, Same, upTo(5), repeat(2, 5), repeat(0.5, 5)))
	}
	verdicts, err := Judge(m, "C3")
	require.NoError(t, err)
	require.Empty(t, verdicts)
}

// Without lifts it is unknown how much of an ASR is a base rate.
func TestMissingMeasures(t *testing.T) {
	m := paperLike.play(many)
	for i := range m.Games {
		for j := range m.Games[i].Attackers {
			a := &m.Games[i].Attackers[j]
			a.Lift, a.Divergence = stats.Undefined(), stats.Undefined()
			if a.Single != nil {
				a.Single.Lift = stats.Undefined()
			}
		}
	}
	verdicts, err := Judge(m, paperIDs()...)
	require.NoError(t, err)
	require.Len(t, verdicts, 7, "none about the divergence")
	for _, v := range verdicts {
		require.Equal(t, Undecided, v.Outcome, v.Claim)
		require.Contains(t, v.Missing, "lift", v.Claim)
		require.Equal(t, Supported, v.Statistics[0].Outcome, "the outcome by ASR is still reported")
	}
}

// A fall of the ASR that is only a fall of the base rate does not support C1.
func TestASRAndLiftDisagree(t *testing.T) {
	w := paperLike
	w.base = func(a at) float64 { // all of the ASR beyond 0.3 is base rate
		return max(0, w.asr(a)-0.3)
	}
	w.asr = func(a at) float64 { return 0.95 - 0.1*float64(a.n) }
	verdicts, err := Judge(w.play(120), "C1")
	require.NoError(t, err)
	v := verdicts[0]
	require.Equal(t, Undecided, v.Outcome)
	require.Zero(t, v.Needed, "no number of seeds settles it")
	require.Equal(t, Supported, v.Statistics[0].Outcome)
	require.NotEqual(t, Supported, v.Statistics[1].Outcome)
	require.Contains(t, v.Sentence, "ASR and lift disagree: by ASR it is supported")
}

// If the attack never worked, an unchanged ASR is not the absence of an effect.
func TestNothingToLose(t *testing.T) {
	w := paperLike
	w.asr = func(at) float64 { return 0.05 }
	verdicts, err := Judge(w.play(120), "C1", "C4", "C5", "C7")
	require.NoError(t, err)
	for _, v := range verdicts {
		require.Equal(t, Undecided, v.Outcome, v.Claim)
		require.Zero(t, v.Needed)
		require.Regexp(t, `, but only (4|5)\.\d points could change\.$`, v.Sentence, v.Claim)
	}
	w.asr = func(at) float64 { return 0.98 } // there is too little to gain, either
	verdicts, err = Judge(w.play(120), "C2")
	require.NoError(t, err)
	require.Equal(t, Undecided, verdicts[0].Statistics[0].Outcome)
}

func TestCollapsedModels(t *testing.T) {
	collapse := func(m Measurements, which func(g Game) bool) Measurements {
		for i := range m.Games {
			m.Games[i].Collapsed = which(m.Games[i])
		}
		return m
	}
	verdicts, err := Judge(collapse(paperLike.play(40), func(g Game) bool { return g.Seed == 1 && len(g.Attackers) == 5 }), "C1", "C4")
	require.NoError(t, err)
	require.Equal(t, Supported, verdicts[0].Outcome)
	require.Len(t, verdicts[0].Seeds, 39)
	require.NotContains(t, verdicts[0].Seeds, uint64(1))
	require.Equal(t, []string{"collapsed model, its seed left out: N = 5, label 2, p = 0.2, no defense (seed 1)"}, verdicts[0].Excluded)
	require.Empty(t, verdicts[1].Excluded, "C4 does not need that game")
	require.Len(t, verdicts[1].Seeds, 40)

	// A game that collapses in every seed is left out; the others count.
	verdicts, err = Judge(collapse(paperLike.play(40), func(g Game) bool { return len(g.Attackers) == 5 }), "C1", "C3", "C5")
	require.NoError(t, err)
	require.Equal(t, Supported, verdicts[0].Outcome)
	require.Contains(t, verdicts[0].Statistics[0].Name, "at N = 4")
	require.Equal(t, []string{"collapsed model, the game left out: N = 5, label 2, p = 0.2, no defense"}, verdicts[0].Excluded)
	require.Equal(t, Undecided, verdicts[1].Outcome, "no game is left to judge by")
	require.Empty(t, verdicts[1].Seeds)
	require.Equal(t, Supported, verdicts[2].Outcome)
	require.Len(t, verdicts[2].Seeds, 40)
	require.Contains(t, Text(verdicts), "\n  Excluded: collapsed model, the game left out: N = 5, label 2, p = 0.2, no defense\n")

	verdicts, err = Judge(collapse(paperLike.play(4), func(Game) bool { return true }), paperIDs()...)
	require.NoError(t, err)
	require.Equal(t, everyClaim(Undecided), outcomes(verdicts))
	for _, v := range verdicts {
		require.NotEmpty(t, v.Excluded, v.Claim)
		require.Empty(t, v.Missing, v.Claim)
		require.Contains(t, v.Sentence, "a model of each of its comparisons collapsed", v.Claim)
	}
}

func TestJudgeRefuses(t *testing.T) {
	valid := func() Measurements { return paperLike.play(1) }
	for name, spoil := range map[string]func(m *Measurements){
		"p = 0: must be above 0":                        func(m *Measurements) { m.Rate = 0 },
		"p = NaN: must be above 0":                      func(m *Measurements) { m.Rate = math.NaN() },
		"a game without attackers":                      func(m *Measurements) { m.Games[0].Attackers = nil },
		"without the names of its models":               func(m *Measurements) { m.Games[0].Models = nil },
		"standard accuracy = 95":                        func(m *Measurements) { m.Games[0].CleanAccuracy = 95 },
		"attacker 0: ASR = 95.3":                        func(m *Measurements) { m.Games[0].Attackers[0].ASR = 95.3 },
		"attacker 0: lift = -2":                         func(m *Measurements) { m.Games[0].Attackers[0].Lift = -2 },
		"attacker 0: p = 20":                            func(m *Measurements) { m.Games[0].Attackers[0].Rate = 20 },
		"divergence = -1":                               func(m *Measurements) { m.Games[0].Attackers[0].Divergence = -1 },
		"two attackers 0 in one game":                   func(m *Measurements) { m.Games[1].Attackers[1].ID = 0 },
		`labels is "same", but the targets`:             func(m *Measurements) { m.Games[1].Attackers[1].Target = 1 },
		`labels is "", but the targets`:                 func(m *Measurements) { m.Games[1].Labels = "" },
		"seed 0: N = 2, label 2, p = 0.2, no defense: ": func(m *Measurements) { g := m.Games[1]; g.Models = []string{"other"}; m.Games = append(m.Games, g) },
	} {
		m := valid()
		spoil(&m)
		_, err := Judge(m, paperIDs()...)
		require.ErrorIs(t, err, ErrMeasurements, name)
		require.ErrorContains(t, err, name)
	}
	_, err := Judge(valid(), "C9")
	require.ErrorIs(t, err, ErrUnknownClaim)
	require.EqualError(t, err, `claims: judge "C9": no such claim: there are C1 to C8 and S1 to S9`)
}

func TestClaimsOfTables(t *testing.T) {
	require.Equal(t, []string{"C1", "C2", "C3", "C8"}, ForTable(1))
	require.Equal(t, []string{"C4", "C8"}, ForTable(2))
	require.Equal(t, []string{"C1", "C5", "C6", "C7", "C8"}, ForTable(3))
	require.Empty(t, ForTable(4))
	for i, c := range All() {
		if i < 8 {
			require.Equal(t, fmt.Sprintf("C%d", i+1), c.ID)
			continue
		}
		require.Equal(t, fmt.Sprintf("S%d", i-7), c.ID)
		require.Empty(t, c.Tables)
	}
}

// golden compares text with a golden file.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *regen {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), text)
}

func TestGolden(t *testing.T) {
	held, err := Judge(paperLike.play(many), paperIDs()...)
	require.NoError(t, err)
	golden(t, "supported.golden", Text(held))
	broken, err := Judge(upsideDown.play(many), paperIDs()...)
	require.NoError(t, err)
	golden(t, "opposite.golden", Text(broken))
	noisy := paperLike
	noisy.noise = 0.3
	some := noisy.play(12)
	some.Primary = []string{"C1", "C2", "C5", "C6"} // C6 is not judged, and still counts
	open, err := Judge(some, "C1", "C2", "C5", "C8")
	require.NoError(t, err)
	golden(t, "noise.golden", Text(open))
	data, err := json.MarshalIndent(open[:1], "", " ")
	require.NoError(t, err)
	golden(t, "verdict.json.golden", string(data)+"\n")
}
