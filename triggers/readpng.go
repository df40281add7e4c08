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
	// MaxPNGBytes is the largest size of a file that ReadPNG accepts, in bytes.
	MaxPNGBytes = 1 << 22
	// MaxPNGSide is the longest side of a picture that ReadPNG accepts, in pixels.
	MaxPNGSide = 2048
)

// ReadPNG reads a PNG file with transparency. It checks the size in the file's
// header before it allocates pixels, so that a file that claims an absurd size
// costs no memory. It refuses pictures with 16 bits per channel, without
// transparency, or larger than MaxPNGSide or MaxPNGBytes; the error then wraps
// ErrImage.
func ReadPNG(r io.Reader) (*image.NRGBA, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxPNGBytes+1))
	if err != nil {
		return nil, fmt.Errorf("triggers: read picture: %w", err)
	}
	if len(data) > MaxPNGBytes {
		return nil, refuseImage("the file has more than %d MiB", MaxPNGBytes>>20)
	}
	header, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, refuseImage("it is no PNG file (%v)", err)
	}
	if header.Width > MaxPNGSide || header.Height > MaxPNGSide {
		return nil, refuseImage("it has %d x %d pixels (width x height): at most %d x %d are allowed", header.Width, header.Height, MaxPNGSide, MaxPNGSide)
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
			return paletteToNRGBA(p), nil
		}
	}
	return nil, refuseImage("it has no transparency: the trigger consists of its opaque pixels, so save it with an alpha channel")
}

// paletteToNRGBA returns a picture with its palette's colours in place of the
// indices.
func paletteToNRGBA(p *image.Paletted) *image.NRGBA {
	colours := image.NewNRGBA(p.Rect)
	for y := p.Rect.Min.Y; y < p.Rect.Max.Y; y++ {
		for x := p.Rect.Min.X; x < p.Rect.Max.X; x++ {
			colours.Set(x, y, p.At(x, y))
		}
	}
	return colours
}

// Resize returns the picture scaled to h x w pixels by nearest neighbour, so that
// no new colours and opacities arise.
func Resize(picture *image.NRGBA, h, w int) *image.NRGBA {
	old := picture.Rect
	resized := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			resized.SetNRGBA(x, y, picture.NRGBAAt(old.Min.X+(2*x+1)*old.Dx()/(2*w), old.Min.Y+(2*y+1)*old.Dy()/(2*h)))
		}
	}
	return resized
}

// Grey returns the picture in grey, with its transparency, by the weights of
// ITU-R BT.601 as in the standard library.
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
