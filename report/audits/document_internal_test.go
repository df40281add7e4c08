package audits

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/audit"
	"backfire/claims"
	"backfire/stats"
)

func TestAnswerText(t *testing.T) {
	t.Parallel()
	for want, answer := range map[string]*audit.Answer{
		"":                                 nil,
		"supported -16.9":                  {Outcome: claims.Supported, Estimate: -0.169},
		"undecided (about 127 seeds) +1.0": {Outcome: claims.Undecided, Estimate: 0.01, Seeds: 7, Needed: 127},
		"undecided (at least 6 seeds) -0.6": {
			Outcome: claims.Undecided, Estimate: -0.006, Seeds: 3, Needed: 6, TooFew: true,
		},
		"undecided +27.5": {Outcome: claims.Undecided, Estimate: 0.275},
		"undecided":       {Outcome: claims.Undecided, Estimate: stats.Undefined()},
	} {
		require.Equal(t, want, answerText(answer))
	}
}
