package datasets

import (
	"bytes"
	"fmt"

	"golang.org/x/image/draw"
)

// DecodeImage decodes an image file as one image of a set with c channels and
// h x w pixels: c*h*w values, channel by channel. For c = 3 a grey image becomes three
// equal channels. For c = 1 a coloured image is accepted if all its pixels are grey. An
// image of another size is resized to h x w if resize is set (Catmull-Rom, without
// keeping its proportions), and refused otherwise. The error wraps [ErrCorrupt], or
// [ErrOtherKind] for an image that would have to be changed.
func DecodeImage(data []byte, c, h, w int, resize bool) ([]uint8, error) {
	if len(data) > MaxImageFile {
		return nil, fmt.Errorf("datasets: decode image: %w: %d bytes; at most %d are accepted", ErrCorrupt, len(data), MaxImageFile)
	}
	img, err := decodeFile(data, 0, 0)
	if err != nil {
		return nil, fmt.Errorf("datasets: decode image: %w", err)
	}
	r, err := rasterOf(img)
	if err == nil && (r.w != w || r.h != h) {
		if !resize {
			return nil, fmt.Errorf("datasets: decode image: %w: it has %dx%d pixels instead of %dx%d", ErrOtherKind, r.w, r.h, w, h)
		}
		r, err = rasterOf(scaled(draw.CatmullRom, img, r.c == 1, h, w))
	}
	if err != nil {
		return nil, fmt.Errorf("datasets: decode image: %w", err)
	}
	switch {
	case r.c == c:
		return r.pixels, nil
	case c == 3:
		return bytes.Repeat(r.pixels, 3), nil
	}
	area := h * w
	for at := range area {
		if red, green, blue := r.pixels[at], r.pixels[at+area], r.pixels[at+2*area]; red != green || red != blue {
			return nil, fmt.Errorf("datasets: decode image: %w: the pixel at column %d, row %d is coloured (%d, %d, %d), and the images are grey",
				ErrOtherKind, at%w, at/w, red, green, blue)
		}
	}
	return r.pixels[:area], nil
}
