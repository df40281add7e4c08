package triggers

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// Patch is the patch of Gu, Dolan-Gavitt and Garg ("BadNets", 2017): a square of Side
// pixels and one colour at a place, of opacity Alpha. Place and Colour may be drawn.
const Patch Kind = "patch"

// The places of a patch, at a distance of one pixel from the image's edge where there is
// room; an empty one is drawn.
var places = []string{"", "top_left", "top_right", "bottom_left", "bottom_right", "center"}

// Places returns the places of a Patch; the empty one is drawn.
func Places() []string { return slices.Clone(places) }

var patch = family{
	kind:     Patch,
	ownSize:  true,
	validate: validatePatch,
	paint:    paintPatch,
}

// validatePatch refuses parameters that no patch has.
func validatePatch(s Spec) error {
	switch {
	case !slices.Contains(places, s.Place):
		return fmt.Errorf("triggers: %w: place is %q: it must be one of %s, or empty for a random one", ErrSpec, s.Place, strings.Join(places[1:], ", "))
	case s.Side < 1:
		return fmt.Errorf("triggers: %w: side is %d: a patch has at least 1 pixel", ErrSpec, s.Side)
	}
	if allowed := s.Alpha > 0 && s.Alpha <= 1; !allowed {
		return fmt.Errorf("triggers: %w: alpha is %v: it must be above 0 and at most 1", ErrSpec, s.Alpha)
	}
	_, err := parseColour(s.Colour)
	return err
}

// parseColour returns the red, green and blue of #rrggbb in lower case; nil for an empty
// colour, which is drawn.
func parseColour(text string) ([]uint8, error) {
	if text == "" {
		return nil, nil
	}
	digits, marked := strings.CutPrefix(text, "#")
	colour, err := hex.DecodeString(digits)
	if !marked || err != nil || len(colour) != 3 || digits != strings.ToLower(digits) {
		return nil, fmt.Errorf("triggers: %w: colour is %q: write it as #rrggbb in lower case, or leave it empty for a random one", ErrSpec, text)
	}
	return colour, nil
}

// paintPatch draws a patch, which is smaller than its Side where the image is.
func paintPatch(t *Trigger, s Spec, rng *rand.Rand) {
	w, h := min(s.Side, t.Shape.W), min(s.Side, t.Shape.H)
	right, bottom := t.Shape.W-w, t.Shape.H-h
	edgeX, edgeY := min(1, right), min(1, bottom)
	t.Box = Box{W: w, H: h}
	switch s.Place {
	case "":
		t.Box.X, t.Box.Y = rng.IntN(right+1), rng.IntN(bottom+1)
	case "center":
		t.Box.X, t.Box.Y = right/2, bottom/2
	default:
		t.Box.X, t.Box.Y = edgeX, edgeY
		if strings.HasSuffix(s.Place, "right") {
			t.Box.X = right - edgeX
		}
		if strings.HasPrefix(s.Place, "bottom") {
			t.Box.Y = bottom - edgeY
		}
	}
	colour, _ := parseColour(s.Colour) // validatePatch has checked it
	switch {
	case colour == nil:
		colour = t.colour(rng)
	case t.Shape.C == 1:
		// ITU-R 601-2, as image/color and Pillow have it.
		colour = []uint8{uint8((19595*uint32(colour[0]) + 38470*uint32(colour[1]) + 7471*uint32(colour[2]) + 1<<15) >> 16)}
	}
	if s.Alpha < 1 {
		t.Effect, t.Opacity = Mix, uint8(max(1, math.Round(math.MaxUint8*s.Alpha)))
	}
	t.maskPixels(everyPixel(t.Box.Pixels()), func(int, int) []uint8 { return colour })
}
