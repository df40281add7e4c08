package cli

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/triggers"
)

// cross writes a picture of a side of so many pixels: a red diagonal and a black
// one on nothing, the last pixel half-transparent if requested.
func cross(t *testing.T, side int, soft bool) string {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range side {
		picture.SetNRGBA(i, i, color.NRGBA{R: 255, A: 255})
		picture.SetNRGBA(side-1-i, i, color.NRGBA{A: 255})
	}
	if soft {
		picture.SetNRGBA(side-1, side-1, color.NRGBA{R: 255, A: 128})
	}
	var file bytes.Buffer
	require.NoError(t, png.Encode(&file, picture))
	path := filepath.Join(t.TempDir(), "cross.png")
	require.NoError(t, os.WriteFile(path, file.Bytes(), 0o600))
	return path
}

func TestImportTriggerOptions(t *testing.T) {
	streams, _, _ := testStreams()
	var got *ImportTriggerOptions
	cmd := newCmdImportTrigger(streams, func(_ context.Context, opts *ImportTriggerOptions) error {
		got = opts
		return nil
	})
	cmd.SetArgs([]string{"a.png", "-o", "there", "--size", "3x4", "--channels", "1", "--alpha", "9", "--scale", "2"})
	require.NoError(t, cmd.Execute())
	require.Equal(t, &ImportTriggerOptions{IO: streams, File: "a.png", Dir: "there", Size: "3x4", Channels: 1, Alpha: 9, Scale: 2}, got)
}

func TestImportTriggerWritesWhatARunReads(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "triggers")
	code, out, errOut := runMain(t, "import-trigger", cross(t, 24, false), "--size", "12x12", "-o", dir)
	require.Equal(t, ExitOK, code, errOut)
	require.Contains(t, out, "12x12 (was 24x24)")
	require.Contains(t, out, "12 (8.3 %)", "the red diagonal; the black one lies between the places looked at")
	written := filepath.Join(dir, "cross-12x12x3.png")
	picture, err := readPicture(written)
	require.NoError(t, err)
	trigger, err := triggers.FromPicture(picture, 3, 0)
	require.NoError(t, err)
	require.Contains(t, out, trigger.ID())
	mask, err := os.Open(filepath.Join(dir, "cross-12x12x3-mask.png"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, mask.Close()) })
	image, err := png.Decode(mask)
	require.NoError(t, err)
	require.Equal(t, 8*12, image.Bounds().Dx())
	white, _, _, _ := image.At(0, 0).RGBA()
	black, _, _, _ := image.At(8, 0).RGBA()
	require.Equal(t, []uint32{0xffff, 0}, []uint32{white, black})
}

func TestImportTriggerRefuses(t *testing.T) {
	for says, args := range map[string][]string{
		"1 of its pixels are partly transparent": {cross(t, 8, true)},
		"--channels 2: must be 1 or 3":           {cross(t, 8, false), "--channels", "2"},
		"--alpha 256: must be from 0 to 255":     {cross(t, 8, false), "--alpha", "256"},
		"--size 8: must be height x width":       {cross(t, 8, false), "--size", "8"},
		"--size 0x8: must be height x width":     {cross(t, 8, false), "--size", "0x8"},
		"--scale 0: must be at least 1":          {cross(t, 8, false), "--scale", "0"},
		"nowhere.png: no such file":              {"nowhere.png"},
		"it has no transparency":                 {"testdata-none"},
		"FILE.png is missing":                    {},
		"opaque everywhere, so nothing of":       {cross(t, 8, false), "--size", "1x1"},
		"it is no PNG file (png: invalid for":    {"importtrigger_test.go"},
	} {
		t.Run(says, func(t *testing.T) {
			if len(args) > 0 && args[0] == "testdata-none" {
				var file bytes.Buffer
				require.NoError(t, png.Encode(&file, image.NewGray(image.Rect(0, 0, 4, 4))))
				args = []string{filepath.Join(t.TempDir(), "grey.png")}
				require.NoError(t, os.WriteFile(args[0], file.Bytes(), 0o600))
			}
			code, _, errOut := runMain(t, append([]string{"import-trigger", "-o", t.TempDir()}, args...)...)
			require.NotEqual(t, ExitOK, code)
			require.Contains(t, errOut, says)
		})
	}
}
