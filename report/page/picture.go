package page

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
)

// mostColours is the largest number of colours of a picture with a palette.
const mostColours = 256

// smaller returns a PNG of the same picture in fewer bytes: grey, or with a palette where it has
// few colours, as pictures of a few hundred pixels have.
func smaller(data []byte) ([]byte, error) {
	drawn, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("page: read a picture back: %w", err)
	}
	index, palette, grey := map[color.NRGBA]uint8{}, color.Palette{}, true
	bounds := drawn.Bounds()
	at := func(x, y int) color.NRGBA { return color.NRGBAModel.Convert(drawn.At(x, y)).(color.NRGBA) }
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := at(x, y)
			grey = grey && c.A == 0xff && c.R == c.G && c.G == c.B
			if _, known := index[c]; !known {
				if len(palette) == mostColours {
					return data, nil
				}
				index[c] = uint8(len(palette))
				palette = append(palette, c)
			}
		}
	}
	var small image.Image
	if grey {
		picture := image.NewGray(bounds)
		for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
			for x := bounds.Min.X; x < bounds.Max.X; x++ {
				picture.SetGray(x, y, color.Gray{Y: at(x, y).R})
			}
		}
		small = picture
	} else {
		picture := image.NewPaletted(bounds, palette)
		for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
			for x := bounds.Min.X; x < bounds.Max.X; x++ {
				picture.SetColorIndex(x, y, index[at(x, y)])
			}
		}
		small = picture
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small); err != nil {
		return nil, fmt.Errorf("page: write a picture: %w", err)
	}
	if out.Len() >= len(data) {
		return data, nil
	}
	return out.Bytes(), nil
}
