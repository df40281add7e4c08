package claims

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/stats"
)

// side is one defense's results on the seeds: ASRs and lifts in percent.
type side struct{ asr, lift []float64 }

// both returns a side whose lift equals its ASR.
func both(asr ...float64) side { return side{asr, asr} }

// times repeats a pattern of values.
func times(n int, pattern ...float64) side { return both(slices.Repeat(pattern, n)...) }

// cutMixMeasurements returns games of one attacker without a defense and with CutMix,
// made up by hand.
func cutMixMeasurements(before, after side) Measurements {
	m := Measurements{Rate: 0.2, Primary: []string{"C5"}}
	for seed := range before.asr {
		for defense, s := range map[string]side{NoDefense: before, CutMix: after} {
			m.Games = append(m.Games, Game{
				Seed: uint64(seed), Defense: defense, Labels: Same, CleanAccuracy: 0.9, Models: []string{fmt.Sprint(defense, seed)},
				Attackers: []Attacker{{
					Target: 2, Rate: 0.2, ASR: stats.Number(s.asr[seed] / 100), Lift: stats.Number(s.lift[seed] / 100),
					Divergence: stats.Undefined(), Robustness: stats.Undefined(), Randomness: stats.Undefined(),
				}},
			})
		}
	}
	return m
}

// Measurements with a known truth have the verdict that the truth demands.
func TestKnownTruth(t *testing.T) {
	ten := []float64{100, 97, 99, 100, 98, 100, 100, 99, 100, 100}
	for _, tc := range []struct {
		name          string
		before, after side
		want          Outcome
		sentence      string
	}{
		{"success becomes failure", times(2, ten...), times(2, 3, 0, 98, 1, 0, 0, 2, 100, 0, 0), Supported, "-78.9 points"},
		{"failure becomes success", times(2, 3, 0, 98, 1, 0, 0, 2, 100, 0, 0), times(2, ten...), Opposite, "above +5.0, and lift agrees"},
		{"nothing changes", times(12, ten...), times(12, ten...), NoEffect, "within -5.0 and +5.0, and lift agrees"},
		{"it falls either way", times(4, 100, 0, 98, 3, 100), times(4, 0, 100, 97, 100, 2), Undecided, "an interval too wide for an answer (supported below -5.0, opposite above +5.0; 8 of 20 seeds below, 8 above)"},
		{"equal on too few seeds", both(99, 99, 99, 99, 99), both(1, 1, 1, 1, 1), Undecided, "at least 6 seeds are needed"},
		{"a large fall on six seeds", both(99, 99, 99, 99, 99, 99), both(1, 1, 1, 1, 1, 1), Undecided, "6 of 6 seeds below, none above); about"},
		{"only the base rate falls", side{times(4, ten...).asr, times(40, 30).asr}, side{times(4, 40, 45, 42, 41, 40, 40, 39, 44, 40, 40).asr, times(40, 30).asr}, Undecided, "ASR and lift disagree: by ASR it is supported"},
		{"it never worked", times(12, 4, 5, 3, 6, 4, 5, 5, 4, 6, 5), times(120, 5), Undecided, "but only 4.7 points could change"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			verdicts, err := Judge(cutMixMeasurements(tc.before, tc.after), "C5")
			require.NoError(t, err)
			require.Equal(t, tc.want, verdicts[0].Outcome, verdicts[0].Sentence)
			require.Contains(t, verdicts[0].Sentence, tc.sentence)
		})
	}
}

// The second question needs fewer seeds where the effect is clearly smaller.
func TestSizes(t *testing.T) {
	for _, tc := range []struct {
		name           string
		before, after  side
		paper, repeats stats.Number
		want           Size
	}{
		{"no effect beside a large one", times(6, 100), times(6, 98), -0.86, 0.13, Smaller},
		{"as large", times(24, 100), times(24, 3), -0.5, 0.13, AsLarge},
		{"the distance within which the paper repeats", times(24, 100), times(24, 60), -0.5, 0.35, AsLarge},
		{"unclear", times(12, 100), times(12, 50), -0.5, 0.13, SizeUndecided},
		{"too few seeds", times(5, 100), times(5, 98), -0.86, 0.13, ""},
		{"the paper shows no fall", times(24, 100), times(24, 3), 0.02, 0.13, ""},
		{"no figure", times(24, 100), times(24, 3), stats.Undefined(), 0.13, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := cutMixMeasurements(tc.before, tc.after)
			if tc.paper.Defined() {
				m.Paper = Paper{cutMixMeasurements(both(50), both(100*float64(0.5+tc.paper))).Games, tc.repeats}
				if tc.paper < -0.5 {
					m.Paper.Games = cutMixMeasurements(both(100), both(100*float64(1+tc.paper))).Games
				}
			}
			verdicts, err := Judge(m, "C5")
			require.NoError(t, err)
			require.Equal(t, tc.want, verdicts[0].Size, verdicts[0].Sentence)
			if tc.want == Smaller {
				require.Contains(t, verdicts[0].Sentence, "The effect is smaller than the paper's (-86.0 points, which repeats within 13.0).")
			}
		})
	}
}

// statistic returns a statistic with the given answers.
func statistic(statement int, measure Measure, p answers) Statistic {
	outcome := Undecided
	if best, level := p.best(); level <= 1-confidence {
		outcome = best
	}
	return Statistic{
		Statement: statement, Name: fmt.Sprintf("change %d of %s", statement, measure), Measure: measure, Unit: Difference,
		Side: Below, Bound: -EffectMargin, OppositeBound: EffectMargin, Room: stats.Undefined(), Outcome: outcome, p: p, within: Difference.within(),
		Estimate: stats.Undefined(), Low: stats.Undefined(), High: stats.Undefined(),
	}
}

// The statement is the unit: a claim has an answer only if one statement has it on
// both of its measures.
func TestStatementsAreTheUnit(t *testing.T) {
	yes, no := answers{0.001, 1, 1}, answers{1, 0.001, 1}
	none, open := answers{1, 1, 0.001}, answers{0.5, 0.5, 0.5}
	for _, tc := range []struct {
		name       string
		statements [][2]answers // on ASR and on lift
		want       Outcome
		sentence   string
	}{
		{"all supported", [][2]answers{{yes, yes}, {yes, yes}}, Supported, "change 0 of ASR"},
		{"each opposite on one measure only", [][2]answers{{no, open}, {open, no}}, Undecided, "ASR and lift disagree"},
		{"one opposite on both", [][2]answers{{yes, yes}, {no, no}}, Opposite, "change 1 of ASR"},
		{"one opposite on both, another by ASR", [][2]answers{{no, yes}, {no, no}}, Opposite, "change 1 of ASR"},
		{"one without effect", [][2]answers{{yes, yes}, {none, none}}, NoEffect, "change 1 of ASR"},
		{"without effect by ASR, opposite by lift", [][2]answers{{none, no}}, Undecided, "ASR and lift disagree"},
		{"one opposite on both, too weakly for one of two", [][2]answers{{yes, yes}, {{1, 0.04, 1}, {1, 0.04, 1}}}, Undecided, "enough for a claim of one statement, but not of 2"},
		{"one open", [][2]answers{{yes, yes}, {open, open}}, Undecided, "change 1 of ASR"},
		{"one supported by ASR alone", [][2]answers{{yes, open}}, Undecided, "ASR and lift disagree: by ASR it is supported"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v := Verdict{Claim: "C9", Says: "it is so", Seeds: []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}
			for i, s := range tc.statements {
				v.Statistics = append(v.Statistics, statistic(i, ASR, s[0]), statistic(i, Lift, s[1]))
			}
			verdicts := []Verdict{v}
			require.NoError(t, correct(verdicts, 1))
			require.Equal(t, tc.want, verdicts[0].Outcome)
			require.Contains(t, verdicts[0].Sentence, tc.sentence)
		})
	}
}

// Claims that are judged together are corrected for each other.
func TestCorrection(t *testing.T) {
	claim := func(p float64) Verdict {
		return Verdict{
			Says: "it is so", Seeds: []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
			Statistics: []Statistic{statistic(0, ASR, answers{p, 1, 1}), statistic(0, Lift, answers{p, 1, 1})},
		}
	}
	verdicts := []Verdict{claim(0.02), claim(0.001), claim(0.03)}
	require.NoError(t, correct(verdicts, 3))
	require.Equal(t, []Outcome{Supported, Supported, Supported}, []Outcome{verdicts[0].Outcome, verdicts[1].Outcome, verdicts[2].Outcome})
	verdicts = []Verdict{claim(0.03), claim(0.001), claim(0.03)}
	require.NoError(t, correct(verdicts, 3))
	require.Equal(t, []Outcome{Undecided, Supported, Undecided}, []Outcome{verdicts[0].Outcome, verdicts[1].Outcome, verdicts[2].Outcome})
	require.Contains(t, verdicts[0].Sentence, `judged by itself the answer would be "supported" (p = 0.030), but not corrected for 3 claims judged together (p = 0.060)`)
}

// A lift can lie outside the range of an ASR.
func TestRangeOfLifts(t *testing.T) {
	before, after := times(10, 60), times(10, 10)
	before.lift, after.lift = slices.Repeat([]float64{60}, 10), slices.Repeat([]float64{-60}, 10)
	verdicts, err := Judge(cutMixMeasurements(before, after), "C5")
	require.NoError(t, err)
	s := verdicts[0].Statistics[1]
	require.InDelta(t, -1.2, float64(s.Estimate), 1e-12)
	require.GreaterOrEqual(t, float64(s.Low), -2.0)
}
