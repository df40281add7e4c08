package features_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"backfire/defenses/features"
	"backfire/internal/streams"
)

// congruential returns the sample that scripts/reference/twomeans.py draws.
func congruential(seed uint64, n, d int) *mat.Dense {
	values := make([]float64, n*d)
	for i := range values {
		total := 0
		for range 4 {
			seed = seed*6364136223846793005 + 1442695040888963407
			total += int((seed >> 33) % 101)
		}
		values[i] = float64(total - 200)
	}
	return mat.NewDense(n, d, values)
}

// TestTwoClustersAreTheBestOfScikitLearn compares two clusters of samples without clear
// clusters with the best of scikit-learn's 50 starts, for several generators. Samples
// of this kind have many optima within a thousandth of the best.
func TestTwoClustersAreTheBestOfScikitLearn(t *testing.T) {
	data, err := os.ReadFile("testdata/twomeans.json")
	require.NoError(t, err)
	var cases []struct {
		Seed uint64
		N, D int
		Best float64
	}
	require.NoError(t, json.Unmarshal(data, &cases))
	require.Len(t, cases, 29)
	fits, reached := 0, 0
	for _, c := range cases {
		x := congruential(c.Seed, c.N, c.D)
		for start := range uint64(3) {
			clusters, err := features.KMeans(x, 2, streams.New(start, "test"))
			require.NoError(t, err)
			require.LessOrEqual(t, clusters.Inertia, c.Best*(1+1e-4), "sample %d, generator %d", c.Seed, start)
			if fits++; clusters.Inertia <= c.Best*(1+1e-9) {
				reached++
			}
		}
	}
	t.Logf("%d of %d fits reach scikit-learn's best or are better", reached, fits)
	require.GreaterOrEqual(t, reached, fits-2)
}
