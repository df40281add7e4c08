package triggers_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/triggers"
)

// A mask and a pattern are a trigger of which only the part under the mask counts, and a generator draws it from its
// text.
func TestFromMask(t *testing.T) {
	shape := triggers.Shape{C: 3, H: 2, W: 2}
	pattern := []uint8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	trigger, err := triggers.FromMask(shape, []uint8{0, 1, 0, 1}, pattern)
	require.NoError(t, err)
	require.Equal(t, []uint8{0, 2, 0, 4, 0, 6, 0, 8, 0, 10, 0, 12}, trigger.Pattern)
	require.Equal(t, triggers.Box{X: 1, Y: 0, W: 1, H: 2}, trigger.Box)
	image := make([]uint8, 12)
	trigger.Stamp(image)
	require.Equal(t, trigger.Pattern, image)

	sum := strings.Repeat("0", 64)
	spec := triggers.Spec{Kind: triggers.Program, Command: "mine.py", SHA256: sum, Pixels: trigger.Encode()}
	generator, err := triggers.NewGenerator(shape, spec)
	require.NoError(t, err)
	require.Equal(t, trigger, generator.Draw(nil))

	for says, mask := range map[string][]uint8{
		"would change nothing":         {0, 0, 0, 0},
		"nothing of the image":         {1, 1, 1, 1},
		"2 at column 1, row 0":         {0, 2, 0, 1},
		"have 3 and 12 values: images": {0, 1, 0},
	} {
		_, err := triggers.FromMask(shape, mask, pattern)
		require.ErrorIs(t, err, triggers.ErrImage)
		require.ErrorContains(t, err, says)
	}
	_, err = triggers.FromMask(triggers.Shape{C: 2, H: 2, W: 2}, nil, nil)
	require.ErrorIs(t, err, triggers.ErrSpec)
}

// A stamped image is what its trigger makes of any image.
func TestFromStamped(t *testing.T) {
	trigger := triggers.FromStamped(triggers.Shape{C: 1, H: 2, W: 2}, []uint8{9, 0, 7, 1})
	image := []uint8{1, 2, 3, 4}
	trigger.Stamp(image)
	require.Equal(t, []uint8{9, 0, 7, 1}, image)
	require.Equal(t, 4, trigger.Pixels())
}

// A trigger of a program names it, and has pixels or stamped images.
func TestSpecsOfPrograms(t *testing.T) {
	sum := strings.Repeat("a", 64)
	good := triggers.Spec{Kind: triggers.Program, Command: "mine.py", SHA256: sum, Stamped: sum}
	require.NoError(t, good.Validate())
	for says, change := range map[string]func(*triggers.Spec){
		"names its program and the SHA-256":     func(s *triggers.Spec) { s.Command = "" },
		"SHA-256 of the program's files":        func(s *triggers.Spec) { s.SHA256 = "x" },
		"has no place, side, colour or alpha":   func(s *triggers.Spec) { s.Side = 3 },
		"either pixels or stamped images":       func(s *triggers.Spec) { s.Pixels = "AA==" },
		"has either pixels":                     func(s *triggers.Spec) { s.Stamped = "" },
		"it must be a SHA-256":                  func(s *triggers.Spec) { s.Stamped = "../../etc" },
		"p1 is 0.5":                             func(s *triggers.Spec) { s.P1 = 0.5 },
		"only a trigger of kind exec has a pro": func(s *triggers.Spec) { s.Kind = triggers.Patch; s.Side, s.Alpha = 3, 1 },
	} {
		spec := good
		change(&spec)
		require.ErrorContains(t, spec.Validate(), says)
	}
}
