package surrogate

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// reference is what scripts/reference/surrogate.py computes.
type reference struct {
	Channels, Height, Width, Classes, Steps int
	Images, Labels                          []int
	Before, After                           [][]float64
	Logits                                  []float64
	Attacks                                 []struct {
		Epsilon  float64
		StepSize float64 `json:"step_size"`
		Steps    int
		Label    int
		Rows     int
		Change   []float64
	}
}

func bytesOf(values []int) []uint8 {
	list := make([]uint8, len(values))
	for i, v := range values {
		list[i] = uint8(v)
	}
	return list
}

func readReference(t *testing.T) (*Net, reference) {
	t.Helper()
	text, err := os.ReadFile("testdata/reference.json")
	require.NoError(t, err)
	var r reference
	require.NoError(t, json.Unmarshal(text, &r))
	n := newNet(Shape{r.Channels, r.Height, r.Width}, r.Classes)
	for i, values := range n.parameters() {
		require.Len(t, r.Before[i], len(values))
		copy(values, r.Before[i])
	}
	return n, r
}

func TestNetworkIsItsTwinInPyTorch(t *testing.T) {
	n, r := readReference(t)
	images, size := bytesOf(r.Images), n.shape.size()
	w := n.newWork()
	for i := range r.Labels {
		n.load(w, images[i*size:(i+1)*size], nil)
		n.forward(w)
		require.InDeltaSlice(t, r.Logits[i*r.Classes:(i+1)*r.Classes], w.logits, 1e-12)
	}
	var labels []uint16
	for _, label := range r.Labels {
		labels = append(labels, uint16(label))
	}
	n.Train(images, labels, r.Steps, rand.New(rand.NewPCG(1, 1)))
	for i, values := range n.parameters() {
		require.InDeltaSlice(t, r.After[i], values, 1e-12)
	}
}

func TestAttackIsThatOfPyTorch(t *testing.T) {
	n, r := readReference(t)
	images, size := bytesOf(r.Images), n.shape.size()
	for _, a := range r.Attacks {
		attack := Attack{Epsilon: a.Epsilon, StepSize: a.StepSize, Steps: a.Steps}
		require.Equal(t, a.Change, attack.Towards(n, images[:a.Rows*size], a.Label))
	}
}

// A trained network knows its images, and an attack within bounds leads them to a class.
func TestAttackLeadsToItsClass(t *testing.T) {
	shape, classes, rows := Shape{1, 12, 10}, 3, 60
	rng := rand.New(rand.NewPCG(2, 2))
	var images []uint8
	var labels []uint16
	for i := range rows {
		for p := range shape.size() {
			images = append(images, uint8(rng.IntN(60)+150*b(p%classes == i%classes)))
		}
		labels = append(labels, uint16(i%classes))
	}
	n := New(shape, classes, rng)
	n.Train(images, labels, 100, rng)
	attack := Attack{Epsilon: 90, StepSize: 20, Steps: 10}
	change := attack.Towards(n, images, 1)
	hits, led := 0, 0
	for i, label := range labels {
		image := images[i*shape.size() : (i+1)*shape.size()]
		hits += b(n.Classify(image) == int(label))
		moved := make([]uint8, len(image))
		for p, v := range image {
			require.LessOrEqual(t, math.Abs(change[p]), attack.Epsilon)
			moved[p] = uint8(min(max(float64(v)+change[p], 0), 255))
		}
		led += b(n.Classify(moved) == 1)
	}
	require.Equal(t, rows, hits)
	require.Greater(t, led, rows*9/10)
}

func b(is bool) int {
	if is {
		return 1
	}
	return 0
}

func TestExp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(-750, 0).Draw(t, "x")
		require.InDelta(t, math.Exp(x), exp(x), 4e-16)
	})
	require.InEpsilon(t, math.Exp(-690), exp(-690), 1e-13)
	require.Zero(t, exp(-800))
	require.Equal(t, 1.0, exp(0))
}
