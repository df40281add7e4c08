package triggers

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"sync"
)

// WritePNG writes the pattern alone as a PNG: masked pixels opaque in their
// colours, all others transparent. Each pixel becomes a square of scale x scale;
// scale must be at least 1.
func (t *Trigger) WritePNG(w io.Writer, scale int) error {
	return writePNG(w, t.Shape, scale, func(at int) color.NRGBA {
		if t.Mask[at] == 0 {
			return color.NRGBA{}
		}
		return pixel(t.Pattern, t.Shape, at)
	})
}

// WriteMaskPNG writes the mask as a grey PNG: white where the trigger perturbs,
// black elsewhere. Each pixel becomes a square of scale x scale; scale must be at
// least 1.
func (t *Trigger) WriteMaskPNG(w io.Writer, scale int) error {
	return writePNG(w, t.Shape, scale, func(at int) color.NRGBA {
		v := 255 * t.Mask[at]
		return color.NRGBA{R: v, G: v, B: v, A: 255}
	})
}

// WriteStampedPNG writes an opaque PNG of img with the trigger stamped on it,
// without changing img. Each pixel becomes a square of scale x scale; scale must
// be at least 1 and img must have the trigger's shape.
func WriteStampedPNG(w io.Writer, t *Trigger, img []uint8, scale int) error {
	if len(img) != t.Shape.Size() {
		return fmt.Errorf("triggers: write picture: the image has %d values, the trigger is for %v", len(img), t.Shape)
	}
	stamped := append([]uint8(nil), img...)
	t.Stamp(stamped)
	return writePNG(w, t.Shape, scale, func(at int) color.NRGBA { return pixel(stamped, t.Shape, at) })
}

// pixel returns the opaque colour of an image's pixel, given by its position in
// the plane.
func pixel(img []uint8, shape Shape, at int) color.NRGBA {
	if shape.C == 1 {
		return color.NRGBA{R: img[at], G: img[at], B: img[at], A: 255}
	}
	plane := shape.Plane()
	return color.NRGBA{R: img[at], G: img[at+plane], B: img[at+2*plane], A: 255}
}

// writePNG writes a PNG of an image of a shape. colour returns the colour at a
// position in the plane.
func writePNG(w io.Writer, shape Shape, scale int, colour func(at int) color.NRGBA) error {
	if scale < 1 {
		return fmt.Errorf("triggers: write picture: scale is %d: it must be at least 1", scale)
	}
	picture := image.NewNRGBA(image.Rect(0, 0, shape.W*scale, shape.H*scale))
	for y := range shape.H * scale {
		for x := range shape.W * scale {
			picture.SetNRGBA(x, y, colour(y/scale*shape.W+x/scale))
		}
	}
	encoder := png.Encoder{BufferPool: &encoders}
	if err := encoder.Encode(w, picture); err != nil {
		return fmt.Errorf("triggers: write picture: %w", err)
	}
	return nil
}

// encoders keeps the buffers of PNG encoders, which take longer to make than a small picture
// takes to write.
var encoders encoderPool

// encoderPool is a pool of png.EncoderBuffer.
type encoderPool struct{ pool sync.Pool }

// Get returns a kept buffer; nil if there is none.
func (p *encoderPool) Get() *png.EncoderBuffer {
	buffer, _ := p.pool.Get().(*png.EncoderBuffer)
	return buffer
}

// Put keeps a buffer.
func (p *encoderPool) Put(buffer *png.EncoderBuffer) { p.pool.Put(buffer) }
