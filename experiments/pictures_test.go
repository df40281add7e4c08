package experiments

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
	"backfire/datasets/testset"
	"backfire/game"
	"backfire/triggers"
)

// pictureFile writes a PNG of so many pixels a side that covers a square of one
// grey in its corner.
func pictureFile(t *testing.T, name string, side int, grey uint8) string {
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
func pictured(t *testing.T, files ...string) config.Config {
	t.Helper()
	cfg, err := tinyConfig()
	require.NoError(t, err)
	cfg.Attackers.Counts, cfg.Attackers.Singles, cfg.Train.Epochs = []int{2}, 1, 2
	cfg.Trigger.Kind, cfg.Trigger.Files = "image", files
	return cfg
}

// A cell has the pixels, not the path: a worker needs no file, and where it lies
// makes no other cell.
func TestPicturesArePartOfTheCell(t *testing.T) {
	black, white := pictureFile(t, "a.png", 8, 0), pictureFile(t, "b.png", 8, 255)
	plan := defendedPlan(t, pictured(t, black, white))
	cell, _ := plan.Cell(plan.Games[0].Cell)
	spec := cell.Game.Attackers[0].Trigger
	require.Equal(t, triggers.Spec{Kind: triggers.Picture, Pixels: spec.Pixels}, spec)
	g, training, _ := trainingOf(t, cell)
	require.Equal(t, 4, g.Triggers()[0].Pixels(), "black pixels are part of it")
	for i, row := range training.Rows {
		if row.Trigger == 0 {
			require.Equal(t, []uint8{0, 0}, training.Images[64*i:64*i+2])
		}
	}

	elsewhere := defendedPlan(t, pictured(t, pictureFile(t, "c.png", 8, 0), white))
	require.Equal(t, plan.Games, elsewhere.Games, "the same pixels from another file")
	other := defendedPlan(t, pictured(t, pictureFile(t, "a.png", 8, 1), white))
	require.NotEqual(t, plan.Games[0].Cell, other.Games[0].Cell)

	for _, file := range []string{black, white} {
		require.NoError(t, os.Remove(file))
	}
	var result Result
	require.NoError(t, readJSON(filepath.Join(played(t, fakeEngine{}, cell), ResultFile), &result))
	require.Equal(t, "image", result.Readings.TriggerKind)
	require.Equal(t, g.Triggers()[1].ID(), result.Attackers[1].Trigger)
}

func TestPicturesThatDoNotFitAreRefused(t *testing.T) {
	good := pictureFile(t, "good.png", 8, 7)
	set, err := testset.New(1)
	require.NoError(t, err)
	text := filepath.Join(t.TempDir(), "text.png")
	require.NoError(t, os.WriteFile(text, []byte("text"), 0o600))
	for says, files := range map[string][]string{
		"it has 9 x 9 pixels, the images 8 x 8 (height x width): backfire import-trigger --size 8x8": {good, pictureFile(t, "nine.png", 9, 0)},
		"it is no PNG file": {text, good},
		"no such file":      {good, "nowhere.png"},
		game.ErrCollision.Error() + ": choose another picture": {good, pictureFile(t, "same.png", 8, 7)},
	} {
		_, err := NewPlan(pictured(t, files...), set)
		require.ErrorIs(t, err, ErrPlan)
		require.ErrorContains(t, err, says)
	}
	cfg := pictured(t, good)
	colluding(&cfg)
	_, err = NewPlan(cfg, set)
	require.NoError(t, err, "a colluder has its leader's")
	plan := defendedPlan(t, cfg)
	cell, _ := plan.Cell(plan.Games[0].Cell)
	cell.Game.Attackers[0].Draw, cell.Game.Attackers[1].Draw = 1, 1
	require.ErrorContains(t, cell.Game.Validate(set), "its trigger is a picture, which is not drawn")
}

// A picture that does not work alone cannot be drawn again: the game says what it
// is worth and is played.
func TestPicturesAreTriedOnce(t *testing.T) {
	sweep := newSweep(t, SweepPoint{Keys: map[string]string{}, Config: func() config.Config {
		cfg := pictured(t, pictureFile(t, "a.png", 8, 0), pictureFile(t, "b.png", 8, 9))
		verified(0.8)(&cfg)
		return cfg
	}()})
	stage := after(t, sweep, map[string]Finding{"attacker 0 alone": percentOf(10)})
	decided, waiting := wanted(stage)
	require.Equal(t, []string{"attacker 0 alone", "N = 2"}, decided)
	require.Empty(t, waiting)
	require.Len(t, stage.Plans[0].Draws[0], 1)
}

// Each family is played as it is named; those that cover their box have no p2.
func TestFamiliesArePlanned(t *testing.T) {
	for kind, want := range map[string]triggers.Spec{
		"random":       {P1: 0.5, P2: 0.4, Range: triggers.PerDimension},
		"square":       {Kind: triggers.Square, P1: 0.5, P2: 1, Range: triggers.PerDimension},
		"checkerboard": {Kind: triggers.Checkerboard, P1: 0.5, P2: 1, Range: triggers.PerDimension},
		"dots":         {Kind: triggers.Dots, P1: 0.5, P2: 0.4, Range: triggers.PerDimension},
		"blended":      {Kind: triggers.Blended, P1: 0.5, P2: 0.4, Range: triggers.PerDimension},
		"low_variance": {Kind: triggers.LowVariance, P1: 0.5, P2: 0.4, Range: triggers.PerDimension},
		"sinusoidal":   {Kind: triggers.Sinusoidal, P1: 0.5, P2: 0.4, Range: triggers.PerDimension},
	} {
		cfg, err := tinyConfig()
		require.NoError(t, err)
		p2 := 0.4
		cfg.Trigger.Kind, cfg.Attackers.P2, cfg.Attackers.Counts = kind, &p2, []int{2}
		require.NoError(t, cfg.Validate())
		plan := defendedPlan(t, cfg)
		cell, _ := plan.Cell(plan.Games[0].Cell)
		require.Equal(t, want, cell.Game.Attackers[0].Trigger)
		_, training, _ := trainingOf(t, cell)
		require.NotEmpty(t, training.Rows)
		require.Equal(t, string(want.Kind), ReadingsOf(cell.Game).TriggerKind)
	}
}
