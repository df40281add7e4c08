// Package triggers draws backdoor triggers, stamps them on images, compares them
// and writes them as pictures. Its triggers are the adapted BadNet patterns of
// "Widen The Backdoor To Let More Attackers In" (Datta, Lovisotto, Martinovic,
// Shadbolt, arXiv 2110.04571, section 3.2), other families of the literature, and
// pictures of the user's own.
//
// A trigger is a pattern m and a binary mask l; stamping an image x gives
// x' = x (1 - l) + m l on the raw 8-bit values, before any normalisation. The
// mask is stored, never derived from the pattern, so a perturbed pixel may be
// black. A drawn trigger is a function of its Spec, the images' Shape and the
// random stream alone.
package triggers

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

// ErrSpec is wrapped by every refusal of a trigger's parameters or shape.
var ErrSpec = errors.New("bad trigger")

// Shape is the size of the images that a trigger is for: C channels (1 for grey,
// 3 for red, green and blue), H rows, W columns.
type Shape struct {
	C int `json:"c" yaml:"c"`
	H int `json:"h" yaml:"h"`
	W int `json:"w" yaml:"w"`
}

// Size returns the number of values of one image, C*H*W.
func (s Shape) Size() int { return s.C * s.H * s.W }

// Plane returns the number of pixels of one image, H*W.
func (s Shape) Plane() int { return s.H * s.W }

// String returns the shape as CxHxW.
func (s Shape) String() string { return fmt.Sprintf("%dx%dx%d", s.C, s.H, s.W) }

// Validate returns an error that wraps ErrSpec unless the shape has 1 or 3
// channels and both sides are at least 1.
func (s Shape) Validate() error {
	if s.C != 1 && s.C != 3 {
		return fmt.Errorf("triggers: %w: images have %d channels: only 1 (grey) and 3 (colour) are supported", ErrSpec, s.C)
	}
	if s.H < 1 || s.W < 1 {
		return fmt.Errorf("triggers: %w: images of %d x %d pixels: both sides must be at least 1", ErrSpec, s.H, s.W)
	}
	return nil
}

// Box is the rectangle that bounds a trigger: columns X to X+W-1 and rows Y to
// Y+H-1, counted from the top left corner.
type Box struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"`
	H int `json:"h"`
}

// Pixels returns the number of pixels in the box.
func (b Box) Pixels() int { return b.W * b.H }

// String returns the box as WxH+X+Y.
func (b Box) String() string { return fmt.Sprintf("%dx%d+%d+%d", b.W, b.H, b.X, b.Y) }

// intersect returns the rectangle that b and o share. W or H is at most 0 if they
// share no pixel.
func (b Box) intersect(o Box) Box {
	x, y := max(b.X, o.X), max(b.Y, o.Y)
	return Box{X: x, Y: y, W: min(b.X+b.W, o.X+o.W) - x, H: min(b.Y+b.H, o.Y+o.H) - y}
}

// Trigger is a pattern with its mask. The zero value is not usable:
// Generator.Draw and FromPicture return triggers.
type Trigger struct {
	// Shape is the shape of the images that the trigger is for.
	Shape Shape
	// Box contains every masked pixel.
	Box Box
	// Mask has Shape.H*Shape.W values in row order: 1 where the trigger
	// perturbs, 0 elsewhere.
	Mask []uint8
	// Pattern has Shape.C*Shape.H*Shape.W raw 8-bit values, channel by channel
	// in row order. It is 0 where Mask is 0, and may be 0 where Mask is 1.
	Pattern []uint8
	// Effect selects how Stamp combines the pattern with the image.
	Effect Effect
	// Opacity is the pattern's opacity with Effect Mix, in units of 1/255. It is 0
	// with other effects.
	Opacity uint8
	// Shift is the displacement of each pixel with Effect Warp, to the right and down, in
	// units of 1/256 pixel: 2*Shape.H*Shape.W values. It is nil with other effects.
	Shift []int16
}

// Stamp applies the trigger to one image in place. With Effect Replace this is
// x' = x (1 - l) + m l (section 3.2 of the paper). img must hold the Shape.Size()
// values of a single image, channel by channel.
func (t *Trigger) Stamp(img []uint8) {
	plane := t.Shape.Plane()
	img = img[:t.Shape.Size():t.Shape.Size()]
	if t.Effect == Warp {
		t.warp(img)
		return
	}
	for y := t.Box.Y; y < t.Box.Y+t.Box.H; y++ {
		for x := t.Box.X; x < t.Box.X+t.Box.W; x++ {
			at := y*t.Shape.W + x
			if t.Mask[at] == 0 {
				continue
			}
			for ; at < len(img); at += plane {
				img[at] = t.combine(img[at], t.Pattern[at])
			}
		}
	}
}

// Pixels returns the number of masked pixels.
func (t *Trigger) Pixels() int {
	n := 0
	for y := t.Box.Y; y < t.Box.Y+t.Box.H; y++ {
		row := y * t.Shape.W
		for _, m := range t.Mask[row+t.Box.X : row+t.Box.X+t.Box.W] {
			n += int(m)
		}
	}
	return n
}

// ID returns 16 hexadecimal digits that identify the trigger by its effect on
// images: the start of the SHA-256 over its shape, its mask, the values under the
// mask and, unless it is Replace, its Effect with the Opacity. Values outside the
// mask and the box do not count.
func (t *Trigger) ID() string {
	key := make([]byte, 0, 24+len(t.Mask)+t.Shape.C*t.Pixels())
	for _, n := range []int{t.Shape.C, t.Shape.H, t.Shape.W} {
		key = binary.LittleEndian.AppendUint64(key, uint64(n))
	}
	key = append(key, t.Mask...)
	for at, m := range t.Mask {
		if m == 0 {
			continue
		}
		for v := at; v < len(t.Pattern); v += len(t.Mask) {
			key = append(key, t.Pattern[v])
		}
	}
	if t.Effect != Replace {
		key = append(key, t.Effect...)
		key = append(key, t.Opacity)
		for _, v := range t.Shift {
			key = binary.LittleEndian.AppendUint16(key, uint16(v))
		}
	}
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}
