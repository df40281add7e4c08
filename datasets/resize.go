package datasets

import (
	"fmt"
	"image"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/image/draw"
)

// resizing is the size to which all images are brought, and the filter.
type resizing struct {
	w, h   int // 0: images keep their size
	filter string
}

// filters are the named filters. All but nearest widen with the factor by which an image
// shrinks, so that no pixel is left out (bilinear and catmull_rom are the triangle and the
// cubic kernel with a = -0.5, Pillow's BILINEAR and BICUBIC).
var filters = map[string]draw.Interpolator{
	"nearest":     draw.NearestNeighbor,
	"bilinear":    draw.BiLinear,
	"catmull_rom": draw.CatmullRom,
}

// ResizeFilters returns the names of the filters of Source.Resize.
func ResizeFilters() []string { return slices.Sorted(maps.Keys(filters)) }

// parseResize returns the meaning of Source.Resize: a size and a filter, such as 32x32
// bilinear.
func parseResize(text string) (resizing, error) {
	if text == "" {
		return resizing{}, nil
	}
	size, filter, _ := strings.Cut(text, " ")
	width, height, _ := strings.Cut(size, "x")
	w, wide := pixelCount(width)
	h, high := pixelCount(height)
	if filters[filter] == nil || !wide || !high {
		return resizing{}, fmt.Errorf("resize %q: write width, height and filter, such as \"32x32 bilinear\"; the filters are %s",
			text, strings.Join(ResizeFilters(), ", "))
	}
	return resizing{w: w, h: h, filter: filter}, checkDims(1, 3, h, w)
}

// pixelCount returns a number of up to four digits.
func pixelCount(text string) (n int, ok bool) {
	if len(text) > 4 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// apply returns an image in the size. One that has the size already stays as it is.
func (r resizing) apply(img image.Image) image.Image {
	if r.w == 0 || img.Bounds().Dx() == r.w && img.Bounds().Dy() == r.h {
		return img
	}
	grey := isGrey(img.ColorModel())
	return scaled(filters[r.filter], img, grey, r.h, r.w)
}

// scaled returns an image in the size of h x w pixels, grey or in colours. An image with
// transparent pixels stays as it is, since it is refused.
func scaled(filter draw.Interpolator, img image.Image, grey bool, h, w int) image.Image {
	var to draw.Image = image.NewRGBA(image.Rect(0, 0, w, h))
	if grey {
		to = image.NewGray(to.Bounds())
	}
	if opaque, ok := img.(interface{ Opaque() bool }); ok && !opaque.Opaque() {
		return img
	}
	filter.Scale(to, to.Bounds(), img, img.Bounds(), draw.Src, nil)
	return to
}
