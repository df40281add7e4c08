package detect_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"backfire/defenses/detect"
	"backfire/defenses/features"
	"backfire/internal/streams"
)

// width is the length of the synthetic feature vectors: a direction for each of
// two classes, then one for each agent's trigger.
const width = 8

// backdoored returns the features of n images, of which the first poisoned carry
// an agent's trigger and its target label, class 1.
func backdoored(seed uint64, agent, n, poisoned int) detect.Sample {
	rng := streams.New(seed, "test features", uint64(agent))
	s := detect.Sample{Features: mat.NewDense(n, width, nil), Labels: make([]uint8, n)}
	for i := range n {
		row := s.Features.RawRowView(i)
		for j := range row {
			row[j] = 0.3 * rng.NormFloat64()
		}
		if i < poisoned {
			s.Labels[i] = 1
			row[2+agent] += 3
		} else {
			s.Labels[i] = uint8(i % 2)
			row[i%2] += 3
		}
	}
	return s
}

// bank returns a bank of the given number of agents.
func bank(t require.TestingT, agents int) *detect.Bank {
	samples := make([]detect.Sample, agents)
	for i := range samples {
		samples[i] = backdoored(1, i, 60, 12)
	}
	b, err := detect.NewBank(samples, 1)
	require.NoError(t, err)
	return b
}

// TestEveryMethodFindsTheTriggersOwner queries with batches and single images that
// carry a trigger, the purpose of an estimator.
func TestEveryMethodFindsTheTriggersOwner(t *testing.T) {
	const agents = 5
	b := bank(t, agents)
	for _, method := range detect.Methods() {
		e, err := detect.NewEstimator(method, b)
		require.NoError(t, err)
		for _, n := range []int{1, 20} {
			const queries = 40
			right := 0
			for query := range uint64(queries) {
				owner := int(query) % agents
				similarity, err := e.Similarity(backdoored(100+query, owner, n, n))
				require.NoError(t, err)
				require.Len(t, similarity, agents)
				if detect.Guess(similarity) == owner {
					right++
				}
			}
			// A trigger is ten standard deviations away from everything else, so
			// every guess should be right; but single images in coarse histograms
			// may tie.
			require.GreaterOrEqual(t, right, queries*9/10, "%s on queries of %d images", method, n)
		}
	}
}

// labelled generates samples of few vectors, which often coincide.
func labelled(most int, labels bool) *rapid.Generator[detect.Sample] {
	return rapid.Custom(func(t *rapid.T) detect.Sample {
		n := rapid.IntRange(1, most).Draw(t, "n")
		s := detect.Sample{Features: mat.NewDense(n, 3, nil)}
		s.Features.Apply(func(_, _ int, _ float64) float64 { return float64(rapid.IntRange(-2, 2).Draw(t, "value")) }, s.Features)
		if labels {
			s.Labels = rapid.SliceOfN(rapid.Uint8Range(0, 2), n, n).Draw(t, "labels")
		}
		return s
	})
}

func TestSimilarityIsANumberForEveryAgent(t *testing.T) {
	highest := map[detect.Method]float64{
		detect.SpectralSignatures: 1, detect.ActivationClustering: 0, detect.KL: 1e-9, detect.JS: 1e-9,
		// The unbiased estimate is at least -2: 1 from either sample.
		detect.MMD: 2, detect.DMM: 2,
		detect.L2M: math.Inf(1),
	}
	rapid.Check(t, func(t *rapid.T) {
		labels := rapid.Bool().Draw(t, "labels")
		agents := rapid.SliceOfN(labelled(6, labels), 1, 4).Draw(t, "agents")
		query := labelled(5, labels).Draw(t, "query")
		b, err := detect.NewBank(agents, 1)
		require.NoError(t, err)
		for _, method := range detect.Methods() {
			e, err := detect.NewEstimator(method, b)
			require.NoError(t, err)
			similarity, err := e.Similarity(query)
			require.NoError(t, err)
			require.Len(t, similarity, len(agents))
			for _, s := range similarity {
				require.False(t, math.IsNaN(s) || math.IsInf(s, 0), "%s: %v", method, similarity)
				require.LessOrEqual(t, s, highest[method]+1e-9, "%s", method)
			}
			second, err := detect.NewEstimator(method, b)
			require.NoError(t, err)
			repeated, err := second.Similarity(query)
			require.NoError(t, err)
			require.Equal(t, similarity, repeated, "%s", method)
		}
	})
}

// TestSpectralSimilarityAgainstNumPy uses one agent and no labels, so that the
// similarity is the share that NumPy computed from the singular vector.
func TestSpectralSimilarityAgainstNumPy(t *testing.T) {
	data, err := os.ReadFile("../features/testdata/reference.json")
	require.NoError(t, err)
	var r struct {
		Spectral struct {
			X, Queries [][]float64
			Shares     []float64
		}
	}
	require.NoError(t, json.Unmarshal(data, &r))
	dense := func(rows [][]float64) *mat.Dense {
		x := mat.NewDense(len(rows), len(rows[0]), nil)
		for i, row := range rows {
			x.SetRow(i, row)
		}
		return x
	}
	b, err := detect.NewBank([]detect.Sample{{Features: dense(r.Spectral.X)}}, 1)
	require.NoError(t, err)
	e, err := detect.NewEstimator(detect.SpectralSignatures, b)
	require.NoError(t, err)
	mean := 0.0
	for i, share := range r.Spectral.Shares {
		similarity, err := e.Similarity(detect.Sample{Features: dense(r.Spectral.Queries[i : i+1])})
		require.NoError(t, err)
		require.InDelta(t, share, similarity[0], 1e-11)
		mean += share / float64(len(r.Spectral.Shares))
	}
	similarity, err := e.Similarity(detect.Sample{Features: dense(r.Spectral.Queries)})
	require.NoError(t, err)
	require.InDelta(t, mean, similarity[0], 1e-11)
}

// TestDistancesAreThoseOfPackageFeatures checks the estimators' own part: the
// sign, one kernel and one space for all agents, and the rows of the label only.
func TestDistancesAreThoseOfPackageFeatures(t *testing.T) {
	samples := []detect.Sample{backdoored(1, 0, 30, 8), backdoored(1, 1, 25, 5)}
	b, err := detect.NewBank(samples, 1)
	require.NoError(t, err)
	query := backdoored(7, 1, 6, 6) // all of label 1
	var agents []*mat.Dense
	for _, s := range samples {
		var rows []int
		for i, label := range s.Labels {
			if label == 1 {
				rows = append(rows, i)
			}
		}
		agents = append(agents, features.Rows(s.Features, rows))
	}
	all := features.Stack(agents...)
	kernel := features.MedianKernel(all)
	space, err := features.PrincipalComponents(all, 10)
	require.NoError(t, err)
	divided := features.NewBins(space.Project(all), 20)
	prior := mat.NewSymDense(width, nil)
	for j, v := range space.Variances {
		prior.SetSym(j, j, v)
	}
	gaussian := func(x *mat.Dense) *features.Gaussian {
		g, err := features.NewGaussian(space.Project(x), prior, width)
		require.NoError(t, err)
		return g
	}
	for method, distance := range map[detect.Method]func(x *mat.Dense) float64{
		detect.MMD: func(x *mat.Dense) float64 { return kernel.MMD2(query.Features, x) },
		detect.KL:  func(x *mat.Dense) float64 { return gaussian(query.Features).KullbackLeibler(gaussian(x)) },
		detect.JS: func(x *mat.Dense) float64 {
			return divided.Histogram(space.Project(query.Features)).JensenShannon(divided.Histogram(space.Project(x)))
		},
	} {
		e, err := detect.NewEstimator(method, b)
		require.NoError(t, err)
		similarity, err := e.Similarity(query)
		require.NoError(t, err)
		for i, x := range agents {
			require.InDelta(t, -distance(x), similarity[i], 1e-12, "%s", method)
		}
	}
}

func TestAnAgentWithoutTheLabelIsTheLeastSimilar(t *testing.T) {
	near := mat.NewDense(2, 1, []float64{0, 1})
	far := mat.NewDense(2, 1, []float64{8, 9})
	b, err := detect.NewBank([]detect.Sample{
		{Features: near, Labels: []uint8{0, 0}}, {Features: near, Labels: []uint8{1, 1}}, {Features: far, Labels: []uint8{1, 1}},
	}, 1)
	require.NoError(t, err)
	e, err := detect.NewEstimator(detect.MMD, b)
	require.NoError(t, err)
	similarity, err := e.Similarity(detect.Sample{Features: mat.NewDense(1, 1, []float64{0.5}), Labels: []uint8{1}})
	require.NoError(t, err)
	require.Equal(t, 1, detect.Guess(similarity))
	require.InDelta(t, similarity[2], similarity[0], 0)

	unknown, err := e.Similarity(detect.Sample{Features: near, Labels: []uint8{7, 7}})
	require.NoError(t, err)
	require.Equal(t, []float64{0, 0, 0}, unknown, "no agent has images with the label")
}

func TestBankKeepsAtMostMaxRows(t *testing.T) {
	n := detect.MaxRows + 500
	x := mat.NewDense(n, 1, nil)
	x.Apply(func(i, _ int, _ float64) float64 { return float64(i) }, x)
	b, err := detect.NewBank([]detect.Sample{{Features: x}, {Features: x}}, 1)
	require.NoError(t, err)
	e, err := detect.NewEstimator(detect.JS, b)
	require.NoError(t, err)
	similarity, err := e.Similarity(detect.Sample{Features: x})
	require.NoError(t, err)
	// The two thinned samples represent the whole, but differ.
	require.InDelta(t, 0, similarity[0], 0.01)
	require.NotEqual(t, similarity[0], similarity[1])
}

func TestGuess(t *testing.T) {
	nan := math.NaN()
	require.Equal(t, 1, detect.Guess([]float64{-2, -1, -3}))
	require.Equal(t, 0, detect.Guess([]float64{-1, -1}), "ties go to the first")
	require.Equal(t, 1, detect.Guess([]float64{nan, math.Inf(-1), nan}))
	require.Equal(t, 0, detect.Guess([]float64{nan, nan}))
	require.Equal(t, -1, detect.Guess(nil))
}

func TestBadSamplesAreRefused(t *testing.T) {
	two := mat.NewDense(2, 3, nil)
	good := detect.Sample{Features: two, Labels: []uint8{0, 1}}
	for reason, agents := range map[string][]detect.Sample{
		"no agents":               nil,
		"agent 0 has no features": {{}},
		"agent 1: feature vectors of 2 values, while others have 3": {good, {Features: mat.NewDense(1, 2, nil), Labels: []uint8{0}}},
		"agent 1: either all samples or none must have labels":      {good, {Features: two}},
		"agent 0: 1 labels for 2 feature vectors":                   {{Features: two, Labels: []uint8{1}}},
	} {
		_, err := detect.NewBank(agents, 1)
		require.ErrorIs(t, err, detect.ErrBank)
		require.ErrorContains(t, err, reason)
	}
	b, err := detect.NewBank([]detect.Sample{good}, 1)
	require.NoError(t, err)
	_, err = detect.NewEstimator("intuition", b)
	require.ErrorIs(t, err, detect.ErrBank)
	e, err := detect.NewEstimator(detect.MMD, b)
	require.NoError(t, err)
	for _, query := range []detect.Sample{{}, {Features: two}, {Features: mat.NewDense(1, 2, nil), Labels: []uint8{0}}} {
		_, err := e.Similarity(query)
		require.ErrorIs(t, err, detect.ErrQuery)
	}
}
