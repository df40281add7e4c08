package enginetest

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
)

// pictureFile writes a PNG of so many pixels a side that covers a square of one
// grey in its corner.
func PictureFile(t *testing.T, name string, side int, grey uint8) string {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, side, side))
	for at := range 4 {
		picture.SetNRGBA(at%2, at/2, color.NRGBA{R: grey, G: grey, B: grey, A: 255})
	}
	var file bytes.Buffer
	require.NoError(t, png.Encode(&file, picture))
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, file.Bytes(), 0o600))
	return path
}

// pictured plays two attackers with pictures.
func Pictured(t *testing.T, files ...string) config.Config {
	t.Helper()
	cfg, err := Config()
	require.NoError(t, err)
	cfg.Attackers.Counts, cfg.Attackers.Singles, cfg.Train.Epochs = []int{2}, 1, 2
	cfg.Trigger.Kind, cfg.Trigger.Files = "image", files
	return cfg
}
