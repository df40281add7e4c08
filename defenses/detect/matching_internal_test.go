package detect

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"backfire/defenses/features"
	"backfire/internal/streams"
)

// matchingReference holds the values that scripts/reference/matching.py writes.
type matchingReference struct {
	Program struct {
		X, Y             [][]float64
		Bandwidth, Value float64
		Weights          []float64
	}
	Machine struct {
		Own, Others        [][]float64
		Weights, Separator []float64
	}
	Network struct {
		Elements [][]float64
		Layers   [][][]float64
		Scores   []float64
		Loss     float64
	}
}

func loadMatching(t *testing.T) matchingReference {
	data, err := os.ReadFile("testdata/matching.json")
	require.NoError(t, err)
	var r matchingReference
	require.NoError(t, json.Unmarshal(data, &r))
	return r
}

func denseOf(rows [][]float64) *mat.Dense {
	return mat.NewDense(len(rows), len(rows[0]), slices.Concat(rows...))
}

func TestMeanMatchingAgainstSciPy(t *testing.T) {
	r := loadMatching(t).Program
	weights := meanMatching(features.Kernel{Bandwidth: r.Bandwidth}, denseOf(r.X), denseOf(r.Y))
	require.InDeltaSlice(t, r.Weights, weights, 1e-4)
	require.InDelta(t, float64(len(weights)), floats.Sum(weights), 1e-9)
	require.Less(t, slices.Min(weights), 1e-9, "the box is active")
}

func TestSupportVectorsAgainstScikitLearn(t *testing.T) {
	r := loadMatching(t).Machine
	got := supportVectors(denseOf(r.Own), r.Weights, denseOf(r.Others), 1)
	require.InDeltaSlice(t, r.Separator, []float64(got), 1e-3)
}

func TestSetNetworkAgainstNumPy(t *testing.T) {
	r := loadMatching(t).Network
	n := &setNetwork{}
	for _, weights := range r.Layers {
		n.layers = append(n.layers, setLayer{weights})
	}
	for i, element := range r.Elements {
		_, score := n.forward(element)
		require.InDelta(t, r.Scores[i], score, 1e-9)
	}
	e := episode{elements: r.Elements}
	sums := n.zeros()
	require.InDelta(t, r.Loss, n.loss(e, 1, sums), 1e-9)
	// The gradient is that of finite differences.
	const step = 1e-6
	for at, layer := range n.layers {
		for o, w := range layer.weights {
			for i := range w {
				before := w[i]
				w[i] = before + step
				above := n.loss(e, 1, nil)
				w[i] = before - step
				below := n.loss(e, 1, nil)
				w[i] = before
				require.InDelta(t, (above-below)/(2*step), sums.layers[at].weights[o][i], 1e-4*max(1, r.Loss))
			}
		}
	}
}

// TestSetNetworkLearns has the network find the element with the largest first input.
func TestSetNetworkLearns(t *testing.T) {
	rng := streams.New(1, "test")
	var episodes []episode
	for range 64 {
		e := episode{}
		for i := range 5 {
			e.elements = append(e.elements, []float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()})
			if e.elements[i][0] > e.elements[e.answer][0] {
				e.answer = i
			}
		}
		episodes = append(episodes, e)
	}
	n := newSetNetwork(3, rng)
	before, after := 0.0, 0.0
	for _, e := range episodes {
		before += n.loss(e, 1, nil)
	}
	n.train(episodes)
	for _, e := range episodes {
		after += n.loss(e, 1, nil)
	}
	require.Less(t, after, before/4)
}

// TestWeightsOfOneAndTheIdentityGiveMMD relates the machine to fitMMD.
func TestWeightsOfOneAndTheIdentityGiveMMD(t *testing.T) {
	r := loadMatching(t).Program
	x, y, kernel := denseOf(r.X), denseOf(r.Y), features.Kernel{Bandwidth: r.Bandwidth}
	same := make([]float64, 3)
	require.Equal(t, x, shrink(x, same))
	ones := slices.Repeat([]float64{1}, len(r.X))
	require.InDelta(t, kernel.MMD2(x, y), kernel.WeightedMMD2(shrink(x, same), ones, shrink(y, same)), 1e-12)
	// Matching lowers the discrepancy, without exception in the kernel's own space.
	matched := kernel.WeightedMMD2(x, meanMatching(kernel, x, y), y)
	require.Less(t, matched, kernel.MMD2(x, y))
}

// TestShrinkAlongTheDifference compares the map with its definition along and across the
// difference.
func TestShrinkAlongTheDifference(t *testing.T) {
	mapped := shrink(mat.NewDense(2, 2, []float64{3, 0, 0, 1}), []float64{3, 0})
	require.InDelta(t, 3/1.3784048752090222, mapped.At(0, 0), 1e-12) // sqrt(1 + 9/10)
	require.InDelta(t, 1, mapped.At(1, 1), 1e-12)
}
