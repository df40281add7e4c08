package filter_test

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/filter"
)

// scripts/reference/reclassify.py made the cases.
func TestReclassifiedAgreesWithTheAuthorsRule(t *testing.T) {
	text, err := os.ReadFile("testdata/reclassified.json")
	require.NoError(t, err)
	var cases []struct {
		Predicted []int
		Label     uint16
		Poisoned  bool
	}
	require.NoError(t, json.Unmarshal(text, &cases))
	require.Len(t, cases, 60)
	for _, c := range cases {
		predicted := make([]uint16, len(c.Predicted))
		for i, class := range c.Predicted {
			predicted[i] = uint16(class)
		}
		require.Equal(t, c.Poisoned, filter.Reclassified(predicted, c.Label), c)
	}
}

// The model that classifies a cluster is trained without the smaller clusters of all classes, and
// its answer decides, not silhouette and size.
func TestReclassification(t *testing.T) {
	in := references(t)[0].input() // its poisoned images are one cluster
	method := settings[filter.Clustering](filter.ActivationClustering)
	method.Components = 2
	cluster, err := method.Remove(in)
	require.NoError(t, err)
	require.NotEmpty(t, cluster)

	method.Reclassify, method.Size, method.Silhouette = true, 0.01, 1
	require.True(t, method.Retrains())
	require.False(t, method.Reads("size"))
	require.True(t, method.Reads("components"))
	for _, tc := range []struct {
		share   float64 // of the cluster that gets its label
		removed []int
	}{{0.2, cluster}, {0.8, []int{}}} {
		in.Retrain = func(without []int) ([]uint16, error) {
			require.Equal(t, cluster, without)
			predicted := slices.Clone(in.Labels)
			for i, at := range without {
				if float64(i) >= tc.share*float64(len(without)) {
					predicted[at] = 3
				}
			}
			return predicted, nil
		}
		removed, err := method.Remove(in)
		require.NoError(t, err)
		require.ElementsMatch(t, tc.removed, removed)
	}
	failure := errors.New("no memory")
	for _, retrain := range []func([]int) ([]uint16, error){
		func([]int) ([]uint16, error) { return nil, failure },
		func([]int) ([]uint16, error) { return []uint16{1}, nil },
	} {
		in.Retrain = retrain
		_, err = method.Remove(in)
		require.ErrorIs(t, err, filter.ErrInput)
	}
}
