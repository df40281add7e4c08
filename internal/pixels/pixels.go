// Package pixels converts images between the order of channels, in which networks read them, and the
// order of pixels, in which pictures and numpy have them.
package pixels

import (
	"image"
	"image/color"
)

// Picture returns an image (c*h*w values, channel by channel) as a picture: grey with one channel, else
// red-green-blue. A grey picture shares the values.
func Picture(values []uint8, c, h, w int) image.Image {
	box, plane := image.Rect(0, 0, w, h), h*w
	if c == 1 {
		return &image.Gray{Pix: values, Stride: w, Rect: box}
	}
	picture := image.NewNRGBA(box)
	for at := range plane {
		picture.SetNRGBA(at%w, at/w, color.NRGBA{R: values[at], G: values[at+plane], B: values[at+2*plane], A: 255})
	}
	return picture
}

// ChannelsLast returns images (c*h*w values each, channel by channel) in the order of pixels.
func ChannelsLast(images []uint8, c, h, w int) []uint8 {
	size, plane := c*h*w, h*w
	values := make([]uint8, len(images))
	for start := 0; start < len(images); start += size {
		for channel := range c {
			for at, v := range images[start+channel*plane : start+(channel+1)*plane] {
				values[start+at*c+channel] = v
			}
		}
	}
	return values
}
