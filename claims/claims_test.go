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

func TestWorlds(t *testing.T) {
	verdicts, err := Judge(paperLike.play(4))
	require.NoError(t, err)
	require.Equal(t, everyClaim(Supported), outcomes(verdicts))
	for _, v := range verdicts {
		require.Equal(t, []uint64{0, 1, 2, 3}, v.Seeds)
		require.Equal(t, "a made-up world", v.Reading)
		require.Empty(t, v.Missing)
		require.Empty(t, v.Excluded)
	}
	verdicts, err = Judge(upsideDown.play(4))
	require.NoError(t, err)
	require.Equal(t, everyClaim(Contradicted), outcomes(verdicts))
}

// One or two seeds settle no claim in any world.
func TestFewSeedsAreInconclusive(t *testing.T) {
	for _, w := range []world{paperLike, upsideDown} {
		w.noise = 0
		for seeds := range MinSeeds {
			verdicts, err := Judge(w.play(seeds))
			require.NoError(t, err)
			require.Equal(t, everyClaim(Inconclusive), outcomes(verdicts), "%d seeds", seeds)
			for _, v := range verdicts {
				require.Len(t, v.Seeds, seeds)
				for _, s := range v.Statistics {
					require.Equal(t, seeds > 1, s.Low.Defined())
					require.Equal(t, Inconclusive, s.Outcome)
				}
			}
		}
	}
}

// The order of the games does not matter, nor a game that two tables share.
func TestOrderDoesNotMatter(t *testing.T) {
	m := paperLike.play(3)
	judged := func(t require.TestingT, m Measurements) string {
		verdicts, err := Judge(m)
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

// If the true effect equals the bound, one experiment in 40 supports and one in 40
// contradicts: the 2.5 % on either side of a 95 % interval.
func TestNominalRate(t *testing.T) {
	const trials, seeds = 4000, 4
	counts := map[Outcome]int{}
	for trial := range uint64(trials) {
		rng := streams.New(trial, "nominal rate")
		m := Measurements{Rate: 0.2}
		for seed := range uint64(seeds) {
			w := paperLike
			w.noise = 0
			before := 0.5 + 0.1*rng.NormFloat64() // cancels in the pair's difference
			change := -EffectMargin + 0.02*rng.NormFloat64()
			w.asr = func(a at) float64 {
				if a.defense == CutMix {
					return before + change
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
	// Binomial(4000, 0.025) has mean 100 and standard deviation 9.9; the tolerance
	// is 4 of them.
	require.InDelta(t, 100, counts[Supported], 40, "%v", counts)
	require.InDelta(t, 100, counts[Contradicted], 40, "%v", counts)
}

func TestMissingGames(t *testing.T) {
	complete := paperLike.play(4)
	without := func(drop func(g Game) bool) Measurements {
		m := complete
		m.Games = slices.DeleteFunc(slices.Clone(m.Games), drop)
		return m
	}
	for _, tc := range []struct {
		name    string
		drop    func(g Game) bool
		claim   string
		missing []string
		seeds   int
	}{
		{"N = 3 on one seed", func(g Game) bool { return g.Seed == 2 && len(g.Attackers) == 3 }, "C1", []string{"N = 3, label 2, p = 0.2, no defense (seed 2)"}, 3},
		{"nothing but one N", func(g Game) bool { return len(g.Attackers) != 4 }, "C1", []string{"games with another number of attackers than 4"}, 4},
		{"only singles", func(g Game) bool { return len(g.Attackers) > 1 }, "C1", []string{"games with several attackers at p = 0.2 without a defense"}, 0},
		{"no attacker raises p", func(g Game) bool { return g.Attackers[0].Rate > 0.2 }, "C2", []string{"games in which one attacker's p is above 0.2"}, 0},
		{"no attacker raises p", func(g Game) bool { return g.Attackers[0].Rate > 0.2 }, "C3", []string{"games in which all attackers' p is 0.9"}, 0},
		{"no game to compare with", func(g Game) bool {
			return len(g.Attackers) == 5 && g.Attackers[4].Rate == 0.2 && g.Attackers[0].Rate == 0.2
		}, "C3", []string{"N = 5, label 2, p = 0.2, no defense"}, 0},
		{"a single ASR", func(g Game) bool { return g.Seed > 1 && g.Attackers[0].Target == 9 }, "C4", []string{"attacker 3 alone, label 9, p = 0.2, no defense (seeds 2, 3)"}, 2},
		{"no distinct labels", func(g Game) bool { return g.Labels == Distinct }, "C4", []string{"games with distinct labels at p = 0.2 without a defense"}, 0},
		{"no CutMix", func(g Game) bool { return g.Defense == CutMix }, "C5", []string{"games with cutmix at p = 0.2"}, 0},
		{"no CutMix", func(g Game) bool { return g.Defense == CutMix }, "C6", []string{
			"attacker 0 alone, label 2, p = 0.2, cutmix", "N = 2, label 2, p = 0.2, cutmix", "N = 5, label 2, p = 0.2, cutmix",
		}, 0},
		{"singles alone", func(g Game) bool { return g.Defense != NoDefense && len(g.Attackers) > 1 }, "C6", []string{"games with several attackers and agent_augmentation"}, 4},
		{"nothing at all", func(Game) bool { return true }, "C7", []string{"games with indexing at p = 0.2"}, 0},
	} {
		t.Run(tc.claim+" "+tc.name, func(t *testing.T) {
			verdicts, err := Judge(without(tc.drop), tc.claim)
			require.NoError(t, err)
			require.Equal(t, Inconclusive, verdicts[0].Outcome)
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
	require.Equal(t, []string{"games in which all attackers' p is 0.9"}, verdicts[0].Missing)
}

// Without lifts it is unknown how much of an ASR is a base rate.
func TestMissingMeasures(t *testing.T) {
	m := paperLike.play(3)
	for i := range m.Games {
		for j := range m.Games[i].Attackers {
			a := &m.Games[i].Attackers[j]
			a.Lift, a.Divergence = stats.Undefined(), stats.Undefined()
		}
	}
	verdicts, err := Judge(m)
	require.NoError(t, err)
	require.Equal(t, everyClaim(Inconclusive), outcomes(verdicts))
	for _, v := range verdicts[:7] {
		require.Contains(t, v.Missing, "lift", v.Claim)
		require.Equal(t, Supported, v.Statistics[0].Outcome, "the outcome by ASR is still reported")
	}
	require.Equal(t, []string{"divergences of attackers at p = 0.2 without a defense"}, verdicts[7].Missing)
}

// A fall of the ASR that is only a fall of the base rate does not support C1.
func TestASRAndLiftDisagree(t *testing.T) {
	w := paperLike
	w.base = func(a at) float64 { // all of the ASR beyond 0.3 is base rate
		return max(0, w.asr(a)-0.3)
	}
	w.asr = func(a at) float64 { return 0.95 - 0.1*float64(a.n) }
	verdicts, err := Judge(w.play(3), "C1")
	require.NoError(t, err)
	v := verdicts[0]
	require.Equal(t, Inconclusive, v.Outcome)
	require.Equal(t, []Outcome{Supported, Contradicted}, []Outcome{v.Statistics[0].Outcome, v.Statistics[1].Outcome})
	require.Contains(t, v.Sentence, "ASR and lift disagree: by ASR it is supported")
}

// If the attack never worked, an unchanged ASR contradicts no claim.
func TestNothingToLose(t *testing.T) {
	w := paperLike
	w.asr = func(at) float64 { return 0.05 }
	verdicts, err := Judge(w.play(4), "C1", "C4", "C5", "C7")
	require.NoError(t, err)
	for _, v := range verdicts {
		require.Equal(t, Inconclusive, v.Outcome, v.Claim)
		require.Regexp(t, `, but only (4|5)\.\d points could change\.$`, v.Sentence, v.Claim)
	}
	w.asr = func(at) float64 { return 0.98 } // there is too little to gain, either
	verdicts, err = Judge(w.play(4), "C2")
	require.NoError(t, err)
	require.Equal(t, Inconclusive, verdicts[0].Statistics[0].Outcome)
}

func TestCollapsedModels(t *testing.T) {
	collapse := func(m Measurements, which func(g Game) bool) Measurements {
		for i := range m.Games {
			m.Games[i].Collapsed = which(m.Games[i])
		}
		return m
	}
	verdicts, err := Judge(collapse(paperLike.play(4), func(g Game) bool { return g.Seed == 1 && len(g.Attackers) == 3 }), "C1", "C4")
	require.NoError(t, err)
	require.Equal(t, Supported, verdicts[0].Outcome)
	require.Equal(t, []uint64{0, 2, 3}, verdicts[0].Seeds)
	require.Equal(t, []string{"collapsed model, its seed left out: N = 3, label 2, p = 0.2, no defense (seed 1)"}, verdicts[0].Excluded)
	require.Empty(t, verdicts[1].Excluded, "C4 does not need that game")
	require.Len(t, verdicts[1].Seeds, 4)

	// A game that collapses in every seed is left out; the others count.
	verdicts, err = Judge(collapse(paperLike.play(4), func(g Game) bool { return len(g.Attackers) == 5 }), "C1", "C3", "C5")
	require.NoError(t, err)
	require.Equal(t, Supported, verdicts[0].Outcome)
	require.Contains(t, verdicts[0].Statistics[0].Name, "N = 1 to 4")
	require.Equal(t, []string{"collapsed model, the game left out: N = 5, label 2, p = 0.2, no defense"}, verdicts[0].Excluded)
	require.Equal(t, Inconclusive, verdicts[1].Outcome, "no game is left to judge by")
	require.Empty(t, verdicts[1].Seeds)
	require.Equal(t, Supported, verdicts[2].Outcome)
	require.Len(t, verdicts[2].Seeds, 4)
	require.Contains(t, Text(verdicts), "\n  Excluded: collapsed model, the game left out: N = 5, label 2, p = 0.2, no defense\n")

	verdicts, err = Judge(collapse(paperLike.play(4), func(Game) bool { return true }))
	require.NoError(t, err)
	require.Equal(t, everyClaim(Inconclusive), outcomes(verdicts))
	for _, v := range verdicts {
		require.NotEmpty(t, v.Excluded, v.Claim)
		require.Empty(t, v.Missing, v.Claim)
		require.Contains(t, v.Sentence, "0 seeds, and 3 are needed", v.Claim)
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
		"two attackers 0 in one game":                   func(m *Measurements) { m.Games[5].Attackers[1].ID = 0 },
		`labels is "same", but the targets`:             func(m *Measurements) { m.Games[5].Attackers[1].Target = 1 },
		`labels is "", but the targets`:                 func(m *Measurements) { m.Games[5].Labels = "" },
		"seed 0: N = 2, label 2, p = 0.2, no defense: ": func(m *Measurements) { g := m.Games[5]; g.Models = []string{"other"}; m.Games = append(m.Games, g) },
	} {
		m := valid()
		spoil(&m)
		_, err := Judge(m)
		require.ErrorIs(t, err, ErrMeasurements, name)
		require.ErrorContains(t, err, name)
	}
	_, err := Judge(valid(), "C9")
	require.ErrorIs(t, err, ErrUnknownClaim)
	require.EqualError(t, err, `claims: judge "C9": no such claim: there are C1 to C8`)
}

func TestClaimsOfTables(t *testing.T) {
	require.Equal(t, []string{"C1", "C2", "C3", "C8"}, ForTable(1))
	require.Equal(t, []string{"C4", "C8"}, ForTable(2))
	require.Equal(t, []string{"C1", "C5", "C6", "C7", "C8"}, ForTable(3))
	require.Empty(t, ForTable(4))
	for i, c := range All() {
		require.Equal(t, fmt.Sprintf("C%d", i+1), c.ID)
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
	held, err := Judge(paperLike.play(4))
	require.NoError(t, err)
	golden(t, "supported.golden", Text(held))
	broken, err := Judge(upsideDown.play(4))
	require.NoError(t, err)
	golden(t, "contradicted.golden", Text(broken))
	noisy := paperLike
	noisy.noise = 0.3
	open, err := Judge(noisy.play(3), "C1", "C2", "C5", "C8")
	require.NoError(t, err)
	golden(t, "noise.golden", Text(open))
	data, err := json.MarshalIndent(held[:1], "", " ")
	require.NoError(t, err)
	golden(t, "verdict.json.golden", string(data)+"\n")
}
