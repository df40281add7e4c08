package triggers

import (
	"encoding/hex"
	"fmt"
)

// Program is a trigger that a program of the user's has made for an attacker: a pattern
// with its mask, or an image with a trigger of its own for each of the attacker's images.
const Program Kind = "exec"

// madeByProgram is the family of Program. Nothing of it is drawn here.
var madeByProgram = family{kind: Program, ownSize: true, validate: validateProgram}

// validateProgram refuses a trigger that does not name its program, or that has neither
// pixels nor stamped images, or both.
func validateProgram(s Spec) error {
	switch {
	case s.Command == "" || !isSHA256(s.SHA256):
		return fmt.Errorf("triggers: %w: a trigger of kind %s names its program and the SHA-256 of the program's files", ErrSpec, Program)
	case s.hasPatch():
		return fmt.Errorf("triggers: %w: a trigger of kind %s has no place, side, colour or alpha", ErrSpec, Program)
	case (s.Pixels == "") == (s.Stamped == ""):
		return fmt.Errorf("triggers: %w: a trigger of kind %s has either pixels or stamped images", ErrSpec, Program)
	case s.Stamped != "" && !isSHA256(s.Stamped):
		return fmt.Errorf("triggers: %w: stamped is %.70q: it must be a SHA-256", ErrSpec, s.Stamped)
	}
	return nil
}

// isSHA256 reports whether a text is a SHA-256 in hexadecimal digits.
func isSHA256(text string) bool {
	sum, err := hex.DecodeString(text)
	return err == nil && len(sum) == 32
}

// FromMask returns the trigger of a mask (Shape.Plane() values, 0 or 1) and a pattern
// (Shape.Size() values, channel by channel), of which only the part under the mask
// counts. The mask must cover some pixels of the image and leave others. The error wraps
// ErrImage or, for an invalid shape, ErrSpec.
func FromMask(shape Shape, mask, pattern []uint8) (*Trigger, error) {
	if err := shape.Validate(); err != nil {
		return nil, err
	}
	if len(mask) != shape.Plane() || len(pattern) != shape.Size() {
		return nil, refuseImage("mask and pattern have %d and %d values: images of %v take %d and %d", len(mask), len(pattern), shape, shape.Plane(), shape.Size())
	}
	t := &Trigger{Shape: shape, Mask: make([]uint8, shape.Plane()), Pattern: make([]uint8, shape.Size())}
	for at, m := range mask {
		if m > 1 {
			return nil, refuseImage("the mask is %d at column %d, row %d: it must be 0 or 1", m, at%shape.W, at/shape.W)
		}
		if m == 0 {
			continue
		}
		t.Mask[at] = 1
		for v := at; v < len(pattern); v += shape.Plane() {
			t.Pattern[v] = pattern[v]
		}
	}
	t.Box = bounds(t.Mask, shape)
	switch t.Pixels() {
	case 0:
		return nil, refuseImage("the mask is 0 everywhere, so the trigger would change nothing")
	case shape.Plane():
		return nil, refuseImage("the mask is 1 everywhere, so nothing of the image would be left")
	}
	return t, nil
}

// FromStamped returns the trigger that makes an image equal to a stamped one, which it
// keeps: Shape.Size() values, channel by channel.
func FromStamped(shape Shape, stamped []uint8) *Trigger {
	mask := make([]uint8, shape.Plane())
	for at := range mask {
		mask[at] = 1
	}
	return &Trigger{Shape: shape, Box: Box{W: shape.W, H: shape.H}, Mask: mask, Pattern: stamped}
}
