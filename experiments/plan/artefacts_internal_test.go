package plan

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/store"
)

func TestArtefactsOfAConfiguration(t *testing.T) {
	for images, want := range map[string]store.Artefacts{
		"none": {Model: true}, "folder": {Model: true, Folder: true}, "npz": {Model: true, Archive: true},
	} {
		require.Equal(t, want, ArtefactsOf(config.Config{Artefacts: config.Artefacts{Model: config.ModelAlways, Images: images}}))
	}
}
