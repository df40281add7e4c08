package triggers

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
)

const (
	// MaxPNGBytes is the size of the largest file that is read as a picture.
	MaxPNGBytes = 1 << 22
	// MaxPNGSide is the longest side of a picture, in pixels.
	MaxPNGSide = 2048
)

// ReadPNG reads a PNG with transparency. It looks at the file's head before it
// makes room for pixels, so that a file that claims an absurd size costs nothing.
// Pictures of 16 bits a channel, without transparency, or larger than MaxPNGSide
// and MaxPNGBytes are refused; the error wraps ErrImage.
func ReadPNG(r io.Reader) (*image.NRGBA, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxPNGBytes+1))
	if err != nil {
		return nil, fmt.Errorf("triggers: read picture: %w", err)
	}
	if len(data) > MaxPNGBytes {
		return nil, refuseImage("the file has more than %d MiB", MaxPNGBytes>>20)
	}
	head, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, refuseImage("it is no PNG file (%v)", err)
	}
	if head.Width > MaxPNGSide || head.Height > MaxPNGSide {
		return nil, refuseImage("it has %d x %d pixels (width x height): at most %d x %d are read", head.Width, head.Height, MaxPNGSide, MaxPNGSide)
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, refuseImage("the PNG file is damaged (%v)", err)
	}
	switch p := picture.(type) {
	case *image.NRGBA:
		return p, nil
	case *image.NRGBA64:
		return nil, refuseImage("it has 16 bits per channel: save it with 8")
	case *image.Paletted:
		if !p.Opaque() {
			return unfolded(p), nil
		}
	}
	return nil, refuseImage("it has no transparency: its opaque pixels would be the trigger, so save it with an alpha channel")
}

// unfolded looks the colours of a palette up.
func unfolded(p *image.Paletted) *image.NRGBA {
	wide := image.NewNRGBA(p.Rect)
	for y := p.Rect.Min.Y; y < p.Rect.Max.Y; y++ {
		for x := p.Rect.Min.X; x < p.Rect.Max.X; x++ {
			wide.Set(x, y, p.At(x, y))
		}
	}
	return wide
}

// Resize returns a picture of h x w pixels, each that of the original at the same
// relative place (nearest neighbour): colours and transparency stay what they are.
func Resize(picture *image.NRGBA, h, w int) *image.NRGBA {
	old := picture.Rect
	sized := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			sized.SetNRGBA(x, y, picture.NRGBAAt(old.Min.X+(2*x+1)*old.Dx()/(2*w), old.Min.Y+(2*y+1)*old.Dy()/(2*h)))
		}
	}
	return sized
}

// Grey returns a picture without colours, by the weights of ITU-R BT.601, which
// the standard library uses too.
func Grey(picture *image.NRGBA) *image.NRGBA {
	grey := image.NewNRGBA(picture.Rect)
	for y := picture.Rect.Min.Y; y < picture.Rect.Max.Y; y++ {
		for x := picture.Rect.Min.X; x < picture.Rect.Max.X; x++ {
			c := picture.NRGBAAt(x, y)
			opaque := color.NRGBA{R: c.R, G: c.G, B: c.B, A: 255}
			v := color.GrayModel.Convert(opaque).(color.Gray).Y
			grey.SetNRGBA(x, y, color.NRGBA{R: v, G: v, B: v, A: c.A})
		}
	}
	return grey
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
