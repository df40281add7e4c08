package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Repeated images are told below the table, and no note is made where there are none.
func TestRepeatedImagesAreNoted(t *testing.T) {
	notes := func(shared int) string {
		s := madeUpRun(madeUpGames(0, 1, 3), 1)
		s.Points[0].Games[1].SharedPixels = shared
		made, err := New(Points, s, s.Points[0].Data.Name, Options{})
		require.NoError(t, err)
		return strings.Join(made.Notes, "\n")
	}
	require.NotContains(t, notes(0), "Repeated images")
	require.Contains(t, notes(7), "Repeated images: in 1 of 2 games, up to 7 held-out images have the pixels of an image that an agent contributed.")
}
