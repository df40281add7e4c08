package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/curve"
	"backfire/experiments/store"
	"backfire/internal/enginetest"
)

func TestAttributionsHaveNoCurve(t *testing.T) {
	c := enginetest.ExampleCell()
	asked := store.Artefacts{Model: true, Curve: curve.Request{Every: 1}}
	require.Equal(t, asked, asked.Of(c))
	c.Attribution = &cell.Attribution{}
	require.Equal(t, store.Artefacts{Model: true}, asked.Of(c))
}

func TestCurvesAreRequestsForArtefacts(t *testing.T) {
	fine, coarse := store.Artefacts{Curve: curve.Request{Every: 1}}, store.Artefacts{Model: true, Curve: curve.Request{Every: 2, Images: 3}}
	require.Equal(t, store.Artefacts{Model: true, Curve: curve.Request{Every: 1}}, fine.And(coarse))
	require.Equal(t, []string{store.ModelFile}, coarse.Without(fine))
	require.Equal(t, []string{"curve.json of every epoch on all images (it has every 2 epochs on 3 images of each attacker)"}, fine.Without(coarse))
}
