package paper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/paper"
)

func TestPlaces(t *testing.T) {
	places, err := paper.Places(paper.MNIST)
	require.NoError(t, err)
	require.Len(t, places, 5+4+5+2)
	require.Equal(t, paper.Place{Source: "paper, table 1", N: 1, K: 48, ASR: 95.3}, places[0])
	require.InDelta(t, 53.05, places[1].ASR, 1e-9)
	require.Equal(t, paper.Place{Source: "later article, table 1", N: 100, K: 264, ASR: 27.5}, places[15])
	_, err = paper.Places("embedded")
	require.ErrorIs(t, err, paper.ErrNoFigures)
}
