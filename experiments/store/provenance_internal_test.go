package store

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/game"
)

func TestDigestsCoverEveryFigure(t *testing.T) {
	result, err := Result{
		Format: ResultFormat, Cell: "a", CleanAccuracy: game.Rate{Hits: 37, Of: 40},
		Provenance: Provenance{Single: []Single{{ID: 1}}},
	}.sealed()
	require.NoError(t, err)
	text, err := EncodeJSON(result)
	require.NoError(t, err)
	require.NoError(t, checkDigests(text))
	for from, to := range map[string]string{
		`"seed": 0`: `"seed": 1`, `"hits": 37`: `"hits": 36`, `"rate": 0.925`: `"rate": 0.725`,
		`"resumed_epochs": 0`: `"resumed_epochs": 1`, `"id": 1`: `"id": 2`, `"run": {`: `"ruin": {`,
	} {
		changed := bytes.Replace(text, []byte(from), []byte(to), 1)
		require.NotEqual(t, text, changed)
		require.ErrorContains(t, checkDigests(changed), ResultFile, from)
	}
}
