package triggers

import (
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"math/bits"
)

// Picture is a picture of the user's own, the same for every seed.
const Picture Kind = "image"

// ErrImage is wrapped by every refusal of a picture as a trigger.
var ErrImage = errors.New("unusable picture")

// FromPicture returns the trigger that a picture shows, for images of the
// picture's size and the given number of channels. The mask holds the pixels with
// an opacity of at least minOpacity, in 1..255, whatever their colour (black
// included). With minOpacity 0 it holds the fully opaque pixels, and a picture
// with partly transparent ones is refused. The picture must leave some pixels of
// the image unchanged, and must be grey if channels is 1. The error wraps ErrImage
// or, for an invalid shape, ErrSpec.
func FromPicture(picture *image.NRGBA, channels int, minOpacity uint8) (*Trigger, error) {
	shape := Shape{C: channels, H: picture.Rect.Dy(), W: picture.Rect.Dx()}
	if err := shape.Validate(); err != nil {
		return nil, err
	}
	t := &Trigger{Shape: shape, Mask: make([]uint8, shape.Plane()), Pattern: make([]uint8, shape.Size())}
	partial, plane := 0, shape.Plane()
	for at := range t.Mask {
		x, y := at%shape.W, at/shape.W
		c := picture.NRGBAAt(picture.Rect.Min.X+x, picture.Rect.Min.Y+y)
		if minOpacity == 0 && c.A > 0 && c.A < 255 {
			partial++
		}
		if c.A == 0 || c.A < minOpacity {
			continue
		}
		t.Mask[at] = 1
		if channels == 1 {
			if c.R != c.G || c.G != c.B {
				return nil, refuseImage("the pixel at column %d, row %d is coloured (%d, %d, %d), and the images are grey", x, y, c.R, c.G, c.B)
			}
			t.Pattern[at] = c.R
			continue
		}
		t.Pattern[at], t.Pattern[at+plane], t.Pattern[at+2*plane] = c.R, c.G, c.B
	}
	if partial > 0 {
		return nil, refuseImage("%d of its pixels are partly transparent: each pixel must be either opaque or transparent", partial)
	}
	t.Box = bounds(t.Mask, shape)
	switch t.Pixels() {
	case 0:
		return nil, refuseImage("it is transparent everywhere, so it would change nothing")
	case plane:
		return nil, refuseImage("it is opaque everywhere, so nothing of the image would be left: make all pixels outside the trigger transparent")
	}
	return t, nil
}

// refuseImage returns an error that wraps ErrImage.
func refuseImage(format string, args ...any) error {
	return fmt.Errorf("triggers: %w: %s", ErrImage, fmt.Sprintf(format, args...))
}

// bounds returns the smallest box around the pixels of a mask. It is empty if
// the mask is.
func bounds(mask []uint8, shape Shape) Box {
	left, top, right, bottom := shape.W, shape.H, -1, -1
	for at, m := range mask {
		if m == 1 {
			x, y := at%shape.W, at/shape.W
			left, right = min(left, x), max(right, x)
			top, bottom = min(top, y), max(bottom, y)
		}
	}
	if right < 0 {
		return Box{}
	}
	return Box{X: left, Y: top, W: right - left + 1, H: bottom - top + 1}
}

// Encode returns mask and pattern as text, with exactly one encoding per trigger,
// so that a picture can be part of a result's identity. The text is base64 of one
// bit per pixel in row order (the highest bit of a byte first), then the values of
// each masked pixel, channel by channel.
func (t *Trigger) Encode() string {
	plane := t.Shape.Plane()
	data := make([]byte, (plane+7)/8)
	for at, m := range t.Mask {
		data[at/8] |= m << (7 - at%8)
	}
	for at, m := range t.Mask {
		for v := at; m == 1 && v < len(t.Pattern); v += plane {
			data = append(data, t.Pattern[v])
		}
	}
	return base64.StdEncoding.EncodeToString(data)
}

// decode returns the trigger that Encode encoded. The error wraps ErrSpec.
func decode(text string, shape Shape) (*Trigger, error) {
	if err := shape.Validate(); err != nil {
		return nil, err
	}
	plane := shape.Plane()
	head := (plane + 7) / 8
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	// The decoder skips line breaks, which would be a second encoding of the same
	// trigger.
	if err != nil || len(data) < head || len(text) != base64.StdEncoding.EncodedLen(len(data)) {
		return nil, fmt.Errorf("triggers: %w: its pixels do not encode a picture of %v", ErrSpec, shape)
	}
	masked := 0
	for _, b := range data[:head] {
		masked += bits.OnesCount8(b)
	}
	if rest := data[head-1] << (8 - (head*8 - plane)); plane%8 != 0 && rest != 0 || masked == 0 || len(data) != head+masked*shape.C {
		return nil, fmt.Errorf("triggers: %w: its pixels do not encode a picture of %v", ErrSpec, shape)
	}
	t := &Trigger{Shape: shape, Mask: make([]uint8, plane), Pattern: make([]uint8, shape.Size())}
	values := data[head:]
	for at := range t.Mask {
		t.Mask[at] = data[at/8] >> (7 - at%8) & 1
		for v := at; t.Mask[at] == 1 && v < len(t.Pattern); v += plane {
			t.Pattern[v], values = values[0], values[1:]
		}
	}
	t.Box = bounds(t.Mask, shape)
	return t, nil
}
