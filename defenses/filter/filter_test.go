package filter_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"backfire/defenses/definition"
	"backfire/defenses/features"
	"backfire/defenses/filter"
	"backfire/internal/streams"
)

// reference is a case of testdata/reference.json: the images of one class, as
// scripts/reference/defenses.py filters them.
type reference struct {
	X             [][]float64
	Scores        []float64
	Spectral      []int
	ICA           []int   `json:"ica"`
	ICASilhouette float64 `json:"ica_silhouette"`
	PCA           []int   `json:"pca"`
	PCASilhouette float64 `json:"pca_silhouette"`
	Losses        []float64
	Isolated      []int
}

func references(t *testing.T) []reference {
	t.Helper()
	text, err := os.ReadFile("testdata/reference.json")
	require.NoError(t, err)
	var cases []reference
	require.NoError(t, json.Unmarshal(text, &cases))
	require.NotEmpty(t, cases)
	return cases
}

// input returns the input of a filter for images of class 1.
func (r reference) input() filter.Input {
	in := filter.Input{Features: mat.NewDense(len(r.X), len(r.X[0]), nil), Losses: r.Losses, Seed: 1}
	for i, row := range r.X {
		in.Features.SetRow(i, row)
		in.Labels = append(in.Labels, 1)
	}
	return in
}

// settings returns the default settings of a filter.
func settings[T any](d definition.Definition) *T { return d.Default().(*T) }

func TestSpectralSignaturesAgreeWithNumPy(t *testing.T) {
	for _, c := range references(t) {
		in := c.input()
		scores, err := filter.SpectralScores(in.Features)
		require.NoError(t, err)
		require.InDeltaSlice(t, c.Scores, scores, 1e-8)
		removed, err := settings[filter.Spectral](filter.SpectralSignatures).Remove(in)
		require.NoError(t, err)
		require.Equal(t, c.Spectral, removed)
	}
}

// scikit-learn reduces by FastICA, which rotates the whitened components that are
// clustered here: clusters and silhouettes are the same.
func TestActivationClusteringAgreesWithScikitLearn(t *testing.T) {
	for _, c := range references(t) {
		in := c.input()
		for reduction, want := range map[string][]int{filter.ReductionICA: c.ICA, filter.ReductionPCA: c.PCA} {
			method := settings[filter.Clustering](filter.ActivationClustering)
			method.Reduction, method.Components = reduction, 2
			removed, err := method.Remove(in)
			require.NoError(t, err)
			require.ElementsMatch(t, want, removed, reduction)
		}
	}
	separated := references(t)[0]
	in := separated.input()
	principal, err := features.PrincipalComponents(in.Features, 2)
	require.NoError(t, err)
	reduced := principal.Project(in.Features)
	clusters, err := features.KMeans(reduced, 2, streams.New(1, "test"))
	require.NoError(t, err)
	require.InDelta(t, separated.PCASilhouette, filter.MeanSilhouette(reduced, clusters.Assigned), 1e-9)
	require.Zero(t, filter.MeanSilhouette(reduced, make([]int, len(clusters.Assigned))))
}

func TestLossIsolationAgreesWithNumPy(t *testing.T) {
	for _, c := range references(t) {
		removed, err := settings[filter.Losses](filter.LossIsolation).Remove(c.input())
		require.NoError(t, err)
		require.Equal(t, c.Isolated, removed)
	}
	_, err := settings[filter.Losses](filter.LossIsolation).Remove(filter.Input{Labels: []uint8{1}})
	require.ErrorIs(t, err, filter.ErrInput)
}

// A random choice removes as many images of each class as the method, and the perfect
// filter exactly the poisoned ones.
func TestBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(4, 60).Draw(t, "images")
		in := filter.Input{Features: mat.NewDense(n, 3, nil), Seed: rapid.Uint64().Draw(t, "seed")}
		var poisoned []int
		for i := range n {
			in.Features.SetRow(i, rapid.SliceOfN(rapid.Float64Range(-9, 9), 3, 3).Draw(t, "features"))
			in.Labels = append(in.Labels, uint8(rapid.IntRange(0, 2).Draw(t, "label")))
			in.Losses = append(in.Losses, rapid.Float64Range(0, 5).Draw(t, "loss"))
			if in.Poisoned = append(in.Poisoned, rapid.Bool().Draw(t, "poisoned")); in.Poisoned[i] {
				poisoned = append(poisoned, i)
			}
		}
		perfect, err := new(filter.Perfect).Remove(in)
		require.NoError(t, err)
		require.Equal(t, poisoned, perfect)

		method := settings[filter.Spectral](filter.SpectralSignatures)
		method.Epsilon = 0.3
		chosen, err := method.Remove(in)
		require.NoError(t, err)
		method.Chosen = filter.AtRandom
		random, err := method.Remove(in)
		require.NoError(t, err)
		require.IsIncreasing(t, append([]int{-1}, random...))
		require.Equal(t, perClass(in, chosen), perClass(in, random))

		losses := settings[filter.Losses](filter.LossIsolation)
		isolated, err := losses.Remove(in)
		require.NoError(t, err)
		losses.Chosen = filter.AtRandom
		random, err = losses.Remove(in)
		require.NoError(t, err)
		require.Len(t, random, len(isolated))
	})
}

// perClass counts positions by label.
func perClass(in filter.Input, at []int) [3]int {
	var counts [3]int
	for _, i := range at {
		counts[in.Labels[i]]++
	}
	return counts
}

func TestFirstTrainings(t *testing.T) {
	require.Equal(t, 50, settings[filter.Spectral](filter.SpectralSignatures).FirstEpochs(50))
	require.Equal(t, 10, settings[filter.Losses](filter.LossIsolation).FirstEpochs(50))
	require.Equal(t, 1, settings[filter.Losses](filter.LossIsolation).FirstEpochs(2), "at least one epoch")
	require.Zero(t, new(filter.Perfect).FirstEpochs(50), "it needs no model")
}
