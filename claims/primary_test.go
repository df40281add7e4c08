package claims

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Only the primary claims are verdicts and corrected for each other. The number of them
// is the number that was chosen, whatever was played.
func TestPrimaryClaims(t *testing.T) {
	m := paperLike.play(24)
	m.Primary = []string{"C5", "c4", "C2"}
	verdicts, err := Judge(m, "C1", "C4", "C5")
	require.NoError(t, err)
	require.Equal(t, []string{"C4", "C5", "C1"}, []string{verdicts[0].Claim, verdicts[1].Claim, verdicts[2].Claim}, "the primary ones first")
	for i, v := range verdicts {
		require.Equal(t, i == 2, v.Exploratory)
		require.Equal(t, []int{3, 3, 1}[i], v.Claims)
	}
	require.InDelta(t, float64(verdicts[2].P), float64(verdicts[2].Adjusted), 0, "an exploratory answer is not corrected")
	require.Contains(t, Text(verdicts), "C1 backfiring: SUPPORTED (exploratory)\n")
	require.NotContains(t, Text(verdicts[:2]), "exploratory")

	m.Primary = nil
	verdicts, err = Judge(m)
	require.NoError(t, err)
	for _, v := range verdicts {
		require.True(t, v.Exploratory)
		require.Equal(t, 1, v.Claims)
	}
}

// A larger margin is harder to pass, and easier to stay within.
func TestMargins(t *testing.T) {
	outcome := func(after, effect float64) Outcome {
		m := cutMixMeasurements(times(40, 90), times(40, after))
		m.Margins = Margins{Effect: effect, Accuracy: 0.01, Correlation: 0.5}
		verdicts, err := Judge(m, "C5")
		require.NoError(t, err)
		require.InDelta(t, -effect, verdicts[0].Statistics[0].Bound, 0)
		return verdicts[0].Outcome
	}
	require.Equal(t, []Outcome{Supported, Undecided}, []Outcome{outcome(30, 0.05), outcome(30, 0.55)})
	require.Equal(t, []Outcome{Undecided, NoEffect}, []Outcome{outcome(80, 0.05), outcome(80, 0.4)})
	for _, margin := range []float64{-0.1, 0, 1} {
		m := cutMixMeasurements(times(6, 90), times(6, 80))
		m.Margins = Margins{Effect: margin, Accuracy: 0.01, Correlation: 0.5}
		_, err := Judge(m)
		require.ErrorIs(t, err, ErrMeasurements)
	}
}

// Whatever the answers of ASR and lift are, a claim has an answer only if one statement
// has it on both, and its sentence is about such a statement.
func TestAnswersAgreeWithinAStatement(t *testing.T) {
	level := 1 - confidence
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.OneOf(rapid.Just(1.), rapid.Float64Range(0, 0.1))
		triple := rapid.Custom(func(t *rapid.T) answers {
			all := []*answers{{p.Draw(t, "p"), 1, 1}, {1, p.Draw(t, "p"), 1}, {1, 1, p.Draw(t, "p")}}
			return *rapid.SampledFrom(all).Draw(t, "answer")
		})
		n := rapid.IntRange(1, 3).Draw(t, "statements")
		v := Verdict{Says: "it is so", Seeds: make([]uint64, 12)}
		for i := range n {
			v.Statistics = append(v.Statistics, statistic(i, ASR, triple.Draw(t, "ASR")), statistic(i, Lift, triple.Draw(t, "lift")))
		}
		verdicts := []Verdict{v}
		require.NoError(t, correct(verdicts, 1))
		v = verdicts[0]
		of := func(s Statistic) float64 {
			return map[Outcome]float64{Supported: s.p.supported, Opposite: float64(n) * s.p.opposite, NoEffect: float64(n) * s.p.noEffect}[v.Outcome]
		}
		agreeing := 0
		for i := range n {
			if of(v.Statistics[2*i]) <= level && of(v.Statistics[2*i+1]) <= level {
				agreeing++
			}
		}
		switch v.Outcome {
		case Undecided:
			require.NotContains(t, v.Sentence, "lift agrees")
			return
		case Supported:
			require.Equal(t, n, agreeing)
		default:
			require.Positive(t, agreeing)
		}
		deciding := v.deciding()
		require.LessOrEqual(t, max(of(deciding[0]), of(deciding[1])), level)
		require.Equal(t, deciding[0].Statement, deciding[1].Statement)
		require.Contains(t, v.Sentence, fmt.Sprintf("change %d of ASR", deciding[0].Statement))
		require.Contains(t, v.Sentence, "lift agrees")
	})
}

// No text counts zero seeds.
func TestNoZeroSeeds(t *testing.T) {
	for _, w := range []world{paperLike, upsideDown} {
		m := w.play(2)
		for i := range m.Games {
			m.Games[i].Collapsed = len(m.Games[i].Attackers) == 5 || m.Games[i].Labels == Distinct
		}
		verdicts, err := Judge(m)
		require.NoError(t, err)
		require.NotRegexp(t, `\b0 (seeds|models)`, Text(verdicts))
	}
}

// Numbers of few images have no decimal, and bounds keep theirs.
func TestDecimalsOfFewImages(t *testing.T) {
	sentence := func(images int) string {
		m := cutMixMeasurements(both(90.26, 90.26), both(80, 80))
		for i := range m.Games {
			m.Games[i].Attackers[0].Images = images
		}
		verdicts, err := Judge(m, "C5")
		require.NoError(t, err)
		require.Equal(t, 2*images, verdicts[0].Statistics[0].Images)
		return Text(verdicts)
	}
	require.Contains(t, sentence(250), "change of mean ASR by CutMix is -10.3 points (95 % CI ")
	require.Contains(t, sentence(249), "change of mean ASR by CutMix is -10 points (95 % CI -88 to +86); supported below -5.0")
}
