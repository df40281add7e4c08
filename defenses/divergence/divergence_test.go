package divergence_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"backfire/defenses/divergence"
	"backfire/defenses/features"
	"backfire/game"
	"backfire/internal/streams"
)

// data generates training sets of few agents and classes.
func data() *rapid.Generator[divergence.Data] {
	return rapid.Custom(func(t *rapid.T) divergence.Data {
		n := rapid.IntRange(1, 25).Draw(t, "n")
		d := divergence.Data{
			Features:  mat.NewDense(n, 2, nil),
			Labels:    rapid.SliceOfN(rapid.Uint16Range(0, 1), n, n).Draw(t, "labels"),
			Owners:    rapid.SliceOfN(rapid.IntRange(game.Defender, 1), n, n).Draw(t, "owners"),
			Triggered: rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "triggered"),
		}
		d.Features.Apply(func(_, _ int, _ float64) float64 { return float64(rapid.IntRange(-3, 3).Draw(t, "value")) }, d.Features)
		return d
	})
}

// rows returns the positions of a part of an owner's images of a class, and those
// of all images of the class.
func rows(d divergence.Data, of divergence.Divergence) (part, joint []int) {
	for i, label := range d.Labels {
		if int(label) != of.Class {
			continue
		}
		joint = append(joint, i)
		if d.Owners[i] == of.Agent && (of.Part == divergence.All || d.Triggered[i] == (of.Part == divergence.Triggered)) {
			part = append(part, i)
		}
	}
	return part, joint
}

func TestMeasure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := data().Draw(t, "data")
		all, err := divergence.Measure(d, 1)
		require.NoError(t, err)
		counted := 0
		for _, got := range all {
			part, joint := rows(d, got)
			require.NotEmpty(t, part)
			require.Equal(t, len(part), got.Rows)
			require.Equal(t, len(joint), got.Joint)
			if got.Part == divergence.All {
				counted += got.Rows
			}
			if got.Rows < 2 {
				require.False(t, got.MMD2.Defined() || got.JS.Defined())
				continue
			}
			require.True(t, got.MMD2.Defined())
			x, y := features.Rows(d.Features, part), features.Rows(d.Features, joint)
			if got.JS.Defined() {
				require.GreaterOrEqual(t, float64(got.JS), 0.0)
				require.LessOrEqual(t, float64(got.JS), math.Ln2)
				space, err := features.PrincipalComponents(y, 10)
				require.NoError(t, err)
				bins := features.NewBins(space.Project(y), 20)
				want := bins.Histogram(space.Project(x)).JensenShannon(bins.Histogram(space.Project(y)))
				require.InDelta(t, want, float64(got.JS), 1e-9, "the mixture of the subsets is the histogram of all images")
			}
		}
		require.Equal(t, len(d.Labels), counted, "every image is in one All")
	})
}

// TestMMDToTheJointDistribution draws three samples of known normal distributions
// in one class. The mean over many draws is within 4 standard errors of the
// population's value: the estimate is unbiased, although the part is contained in
// the joint distribution.
func TestMMDToTheJointDistribution(t *testing.T) {
	const draws = 300
	sizes, means := []int{6, 4, 10}, []float64{0, 1, 2}
	bandwidth := 1.5
	// For x ~ N(a, 1), y ~ N(b, 1), E exp(-(x-y)^2/(2 s^2)) is
	// s/sqrt(s^2+2) exp(-(a-b)^2/(2 (s^2+2))).
	expected := func(a, b float64) float64 {
		v := bandwidth*bandwidth + 2
		return bandwidth / math.Sqrt(v) * math.Exp(-(a-b)*(a-b)/(2*v))
	}
	apart := []float64{1 - 6.0/20, -4.0 / 20, -10.0 / 20}
	want := 0.0
	for i := range apart {
		for j := range apart {
			want += apart[i] * apart[j] * expected(means[i], means[j])
		}
	}
	var sum, squares float64
	for draw := range uint64(draws) {
		rng := streams.New(draw, "test normals")
		var d divergence.Data
		var values []float64
		for agent, n := range sizes {
			for range n {
				values = append(values, means[agent]+rng.NormFloat64())
				d.Labels, d.Owners, d.Triggered = append(d.Labels, 0), append(d.Owners, agent), append(d.Triggered, false)
			}
		}
		d.Features = mat.NewDense(len(values), 1, values)
		got := float64(divergence.MMD2At(d, bandwidth))
		sum += got
		squares += got * got
	}
	mean := sum / draws
	require.InDelta(t, want, mean, 4*math.Sqrt((squares/draws-mean*mean)/draws))
}

func TestDivergenceSeparatesTriggeredFromClean(t *testing.T) {
	rng := streams.New(1, "test normals")
	var d divergence.Data
	var values []float64
	for agent := range 3 {
		for i := range 60 {
			triggered := i < 15
			for j := range 4 {
				v := 0.5 * rng.NormFloat64()
				if triggered && j == agent {
					v += 4
				}
				values = append(values, v)
			}
			d.Labels, d.Owners, d.Triggered = append(d.Labels, 5), append(d.Owners, agent), append(d.Triggered, triggered)
		}
	}
	d.Features = mat.NewDense(len(d.Labels), 4, values)
	all, err := divergence.Measure(d, 1)
	require.NoError(t, err)
	require.Len(t, all, 9)
	for at := 0; at < len(all); at += 3 {
		whole, clean, triggered := all[at], all[at+1], all[at+2]
		require.Equal(t, []divergence.Part{divergence.All, divergence.Clean, divergence.Triggered}, []divergence.Part{whole.Part, clean.Part, triggered.Part})
		require.Equal(t, []int{at / 3, 5, 60, 180}, []int{whole.Agent, whole.Class, whole.Rows, whole.Joint})
		require.Greater(t, triggered.MMD2, 5*clean.MMD2)
		require.Greater(t, triggered.MMD2, 5*whole.MMD2)
		require.Greater(t, triggered.JS, 2*clean.JS)
	}
}

func TestAClassThatDoesNotVary(t *testing.T) {
	d := divergence.Data{
		Features: mat.NewDense(4, 2, []float64{1, 2, 1, 2, 1, 2, 1, 2}), Labels: make([]uint16, 4),
		Owners: []int{-1, -1, 0, 0}, Triggered: make([]bool, 4),
	}
	all, err := divergence.Measure(d, 1)
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.InDelta(t, 0, float64(all[1].MMD2), 1e-12)
	require.False(t, all[1].JS.Defined())
}

func TestBadDataIsRefused(t *testing.T) {
	_, err := divergence.Measure(divergence.Data{}, 1)
	require.ErrorIs(t, err, divergence.ErrData)
	_, err = divergence.Measure(divergence.Data{Features: mat.NewDense(2, 1, nil), Labels: []uint16{0, 1}, Owners: []int{0}, Triggered: []bool{false, true}}, 1)
	require.ErrorIs(t, err, divergence.ErrData)
	require.ErrorContains(t, err, "2 labels with 1 owners and 2 marks of triggers")
	_, err = divergence.Sample(divergence.Data{Labels: []uint16{0}}, 1, 1)
	require.ErrorIs(t, err, divergence.ErrData)
	for message, looked := range map[string][]int{
		"2 feature vectors for 1 rows":                           {0},
		"feature vector 1 is of row 0: rows must be ascending":   {0, 0},
		"feature vector 1 is of row 3":                           {0, 3},
		"no feature vector for the 1 rows of owner 1 in class 0": {0, 2},
	} {
		_, err := divergence.Measure(divergence.Data{
			Features: mat.NewDense(2, 1, nil), Looked: looked, Labels: []uint16{0, 0, 0}, Owners: []int{0, 1, 0}, Triggered: make([]bool, 3),
		}, 1)
		require.ErrorIs(t, err, divergence.ErrData)
		require.ErrorContains(t, err, message)
	}
}

// A sample contains every agent, class and part, so that the results describe all
// rows. A sample of all rows changes no result.
func TestSample(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := data().Draw(t, "data")
		all, err := divergence.Measure(d, 1)
		require.NoError(t, err)
		most := rapid.IntRange(1, 25).Draw(t, "most")
		looked, err := divergence.Sample(d, most, 1)
		require.NoError(t, err)
		few := d
		few.Looked, few.Features = looked, features.Rows(d.Features, looked)
		sampled, err := divergence.Measure(few, 1)
		require.NoError(t, err)
		require.Len(t, sampled, len(all))
		if most == 25 {
			require.Equal(t, fmt.Sprint(all), fmt.Sprint(sampled), "compared as text, since NaN differs from itself")
		}
		for i, got := range sampled {
			want := all[i]
			want.MMD2, want.JS, got.MMD2, got.JS = 0, 0, 0, 0
			require.Equal(t, want, got)
			part, _ := rows(d, got)
			kept := 0
			for _, row := range part {
				if slices.Contains(looked, row) {
					kept++
				}
			}
			if got.Part != divergence.All {
				require.Equal(t, min(most, len(part)), kept)
			}
		}
	})
}
