package mix_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/defenses/mix"
)

// reference is one batch mixed by torchvision with the draws of
// scripts/reference/mixing.py.
type reference struct {
	Lam                     float64
	X, Y                    int
	Channels, Height, Width int
	Box                     []int // X1, Y1, X2, Y2
	Adjusted                float64
	Images, Labels          []int
	Mixed, Soft             []float32
}

// references reads torchvision's results.
func references(t *testing.T) (classes int, cutmix, mixup []reference) {
	data, err := os.ReadFile("testdata/torchvision.json")
	require.NoError(t, err)
	var all struct {
		Classes       int
		CutMix, MixUp []reference
	}
	require.NoError(t, json.Unmarshal(data, &all))
	require.NotEmpty(t, all.CutMix)
	require.NotEmpty(t, all.MixUp)
	return all.Classes, all.CutMix, all.MixUp
}

// bytes returns the values, which are all below 256, as bytes.
func labelsOf(values []int) []uint16 {
	labels := make([]uint16, len(values))
	for i, v := range values {
		labels[i] = uint16(v)
	}
	return labels
}

func bytes(values []int) []uint8 {
	b := make([]uint8, len(values))
	for i, v := range values {
		b[i] = uint8(v)
	}
	return b
}

// rolled returns torchvision's partners: for each image the one before, for the
// first the last.
func rolled(n int) []int32 {
	p := make([]int32, n)
	for i := range p {
		p[i] = int32((i + n - 1) % n)
	}
	return p
}

func TestCutMixAgainstTorchvision(t *testing.T) {
	classes, cases, _ := references(t)
	for _, c := range cases {
		box := mix.CutBox(c.Lam, c.X, c.Y, c.Height, c.Width)
		require.Equal(t, c.Box, []int{box.X1, box.Y1, box.X2, box.Y2}, "lambda %v at %d,%d", c.Lam, c.X, c.Y)

		lambda := 1 - float64(box.Pixels())/float64(c.Height*c.Width)
		require.Equal(t, c.Adjusted, lambda)
		d := mix.Draw{Kind: mix.Cut, Box: box, Lambda: lambda, Partner: rolled(len(c.Labels))}
		// Both implementations round lambda and 1 - lambda to float32, so results
		// differ by at most one rounding.
		require.InDeltaSlice(t, c.Soft, mix.Labels(d, labelsOf(c.Labels), classes), 1e-7)
		if c.Images != nil {
			require.Equal(t, c.Mixed, mix.Images(d, bytes(c.Images), c.Channels, c.Height, c.Width))
		}
	}
}

func TestMixUpAgainstTorchvision(t *testing.T) {
	classes, _, cases := references(t)
	for _, c := range cases {
		d := mix.Draw{Kind: mix.Up, Lambda: c.Lam, Partner: rolled(len(c.Labels))}
		// Values up to 255 in float32 have a relative rounding error of 2^-24.
		require.InDeltaSlice(t, c.Mixed, mix.Images(d, bytes(c.Images), c.Channels, c.Height, c.Width), 255.0/(1<<23))
		require.InDeltaSlice(t, c.Soft, mix.Labels(d, labelsOf(c.Labels), classes), 1e-7)
	}
}

func TestMixingCommutesWithNormalisation(t *testing.T) {
	_, _, cases := references(t)
	c := cases[2]
	scaled := make([]float32, len(c.Images))
	for i, v := range c.Images {
		scaled[i] = float32(v)/255*2 - 1
	}
	for _, d := range []mix.Draw{
		{Kind: mix.Up, Lambda: c.Lam, Partner: rolled(3)},
		{Kind: mix.Cut, Lambda: 0.9, Box: mix.Box{X1: 1, Y1: 1, X2: 3, Y2: 2}, Partner: rolled(3)},
	} {
		raw := mix.Images(d, bytes(c.Images), c.Channels, c.Height, c.Width)
		for i, v := range mix.Images(d, scaled, c.Channels, c.Height, c.Width) {
			require.InDelta(t, raw[i]/255*2-1, v, 1e-6, "a few roundings of numbers up to 1")
		}
	}
}

// settings generates settings of one kind with probabilities up to most, or nil.
func settings(most float64) *rapid.Generator[*mix.Settings] {
	return rapid.Custom(func(t *rapid.T) *mix.Settings {
		if rapid.Bool().Draw(t, "absent") {
			return nil
		}
		return &mix.Settings{
			Alpha:       rapid.Float64Range(mix.MinAlpha, mix.MaxAlpha).Draw(t, "alpha"),
			Probability: rapid.Float64Range(0.01, most).Draw(t, "probability"),
		}
	})
}

func TestDraw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cut, up := settings(0.5).Draw(t, "cutmix"), settings(0.5).Draw(t, "mixup")
		h, w := rapid.IntRange(1, 40).Draw(t, "height"), rapid.IntRange(1, 40).Draw(t, "width")
		seed, n := rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 70).Draw(t, "n")
		epoch, step := rapid.IntRange(0, 50).Draw(t, "epoch"), rapid.IntRange(0, 2000).Draw(t, "step")
		m, err := mix.NewMixer(cut, up, h, w, seed)
		require.NoError(t, err)
		d := m.Draw(epoch, step, n)
		other, err := mix.NewMixer(cut, up, h, w, seed)
		require.NoError(t, err)
		other.Draw(epoch+1, step, n)
		require.Equal(t, d, other.Draw(epoch, step, n), "it does not depend on earlier draws")

		require.True(t, d.Lambda >= 0 && d.Lambda <= 1, "lambda is %v", d.Lambda)
		switch d.Kind {
		case mix.None:
			require.Equal(t, mix.Draw{Kind: mix.None, Lambda: 1}, d)
			return
		case mix.Cut:
			require.NotNil(t, cut)
			require.True(t, 0 <= d.Box.X1 && d.Box.X1 <= d.Box.X2 && d.Box.X2 <= w, "%v", d.Box)
			require.True(t, 0 <= d.Box.Y1 && d.Box.Y1 <= d.Box.Y2 && d.Box.Y2 <= h, "%v", d.Box)
			require.InDelta(t, float64(d.Box.Pixels()), (1-d.Lambda)*float64(h*w), 1e-9, "labels are weighted by the clipped box")
		case mix.Up:
			require.NotNil(t, up)
			require.Zero(t, d.Box)
		}
		require.Len(t, d.Partner, n)
		sorted := slices.Sorted(slices.Values(d.Partner))
		for i, p := range sorted {
			require.EqualValues(t, i, p, "the partners are a permutation")
		}
		labels := make([]uint16, n)
		for i := range labels {
			labels[i] = uint16(i % 3)
		}
		soft := mix.Labels(d, labels, 3)
		for i := range n {
			require.InDelta(t, 1, soft[3*i]+soft[3*i+1]+soft[3*i+2], 1e-6, "weights are rounded to float32")
		}
	})
}

// TestDrawFollowsItsDistributions checks that means over many steps are within 4
// standard errors of their expectation.
func TestDrawFollowsItsDistributions(t *testing.T) {
	const steps = 4000
	m, err := mix.NewMixer(&mix.Settings{Alpha: 1, Probability: 0.25}, &mix.Settings{Alpha: 0.5, Probability: 0.5}, 32, 32, 3)
	require.NoError(t, err)
	counts := map[mix.Kind]float64{}
	var up, squares float64
	for step := range steps {
		d := m.Draw(0, step, 2)
		counts[d.Kind]++
		if d.Kind == mix.Up {
			up += d.Lambda
			squares += d.Lambda * d.Lambda
		}
	}
	within := func(p, got, n float64) {
		t.Helper()
		require.InDelta(t, p, got/n, 4*math.Sqrt(p*(1-p)/n))
	}
	within(0.25, counts[mix.Cut], steps)
	within(0.5, counts[mix.Up], steps)
	// Beta(1/2, 1/2) has mean 1/2, variance 1/8 and second moment 3/8, whose
	// own variance is 35/128 - 9/64.
	n := counts[mix.Up]
	require.InDelta(t, 0.5, up/n, 4*math.Sqrt(0.125/n))
	require.InDelta(t, 0.375, squares/n, 4*math.Sqrt((35.0/128-9.0/64)/n))
}

func TestSettingsAreRefused(t *testing.T) {
	good := mix.Settings{Alpha: 1, Probability: 0.5}
	require.NoError(t, mix.Validate(&good, &good))
	require.NoError(t, mix.Validate(nil, nil))
	for reason, pair := range map[string][2]*mix.Settings{
		"cutmix: alpha is 0: it must be between 0.05 and 1000":                                                                       {{Alpha: 0, Probability: 1}},
		"cutmix: alpha is NaN: it must be between 0.05 and 1000":                                                                     {{Alpha: math.NaN(), Probability: 1}},
		"mixup: probability is 0: it must be above 0 and at most 1":                                                                  {nil, {Alpha: 1}},
		"mixup: probability is 1.5: it must be above 0 and at most 1":                                                                {&good, {Alpha: 1, Probability: 1.5}},
		"cutmix and mixup together: a batch is mixed in one way at most, but their probabilities 0.5 and 0.75 add up to more than 1": {&good, {Alpha: 1, Probability: 0.75}},
	} {
		require.EqualError(t, mix.Validate(pair[0], pair[1]), reason)
		_, err := mix.NewMixer(pair[0], pair[1], 28, 28, 1)
		require.EqualError(t, err, "mix: "+reason)
	}
	_, err := mix.NewMixer(nil, nil, 0, 28, 1)
	require.ErrorContains(t, err, "both sides must be at least 1")
}

func TestTreatments(t *testing.T) {
	of := func(probability float64) *mix.Settings { return &mix.Settings{Alpha: 1, Probability: probability} }
	require.Equal(t, 1, mix.Treatments(nil, nil))
	require.Equal(t, 1, mix.Treatments(of(1), nil))
	require.Equal(t, 2, mix.Treatments(nil, of(0.5)))
	require.Equal(t, 2, mix.Treatments(of(0.5), of(0.5)))
	require.Equal(t, 3, mix.Treatments(of(0.25), of(0.5)))
}
