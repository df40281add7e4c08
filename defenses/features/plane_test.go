package features_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/features"
)

// The plane of vectors that lie in a plane keeps their distances, and holds all of their variance.
func TestPlane(t *testing.T) {
	at, shares, err := features.Plane([]float32{0, 0, 1, 4, 0, 1, 0, 2, 1, 4, 2, 1}, 3)
	require.NoError(t, err)
	require.Equal(t, [][2]float64{{-2, -1}, {2, -1}, {-2, 1}, {2, 1}}, rounded(at))
	require.InDeltaSlice(t, []float64{0.8, 0.2}, shares[:], 1e-9)
	line, shares, err := features.Plane([]float32{1, 1, 2, 2, 3, 3}, 2)
	require.NoError(t, err)
	require.InDelta(t, 1, shares[0], 1e-9)
	require.Zero(t, shares[1])
	require.Zero(t, line[2][1])
	_, _, err = features.Plane([]float32{1, 1, 1, 1}, 2)
	require.ErrorIs(t, err, features.ErrConstant)
	_, _, err = features.Plane([]float32{1, 1, 1}, 2)
	require.ErrorIs(t, err, features.ErrSample)
}

// rounded returns coordinates without their rounding errors.
func rounded(at [][2]float64) [][2]float64 {
	for i := range at {
		for j := range at[i] {
			at[i][j] = float64(int(at[i][j]*1e9+map[bool]float64{true: 0.5, false: -0.5}[at[i][j] > 0])) / 1e9
		}
	}
	return at
}
