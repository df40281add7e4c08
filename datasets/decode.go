package datasets

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"backfire/datasets/internal/sniff"
)

// raster is a decoded image: one plane (grey) or three planes (RGB) of h*w values.
type raster struct {
	pixels  []uint8
	c, h, w int
}

// decodeImage decodes an image file and resizes it. The size is checked before any pixel
// memory is allocated; if w and h are not 0, it must be w x h.
func decodeImage(data []byte, w, h int, size resizing) (raster, error) {
	img, err := decodeFile(data, w, h)
	if err != nil {
		return raster{}, err
	}
	return rasterOf(size.apply(img))
}

// decodeFile decodes an image file like [decodeImage], without converting it to planes.
func decodeFile(data []byte, w, h int) (image.Image, error) {
	for _, codec := range codecs {
		if !codec.recognises(data) {
			continue
		}
		cfg, err := codec.config(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("%w: undecodable image: %w", ErrCorrupt, err)
		}
		if err := checkDims(1, 3, cfg.Height, cfg.Width); err != nil {
			return nil, err
		}
		if w != 0 && (cfg.Width != w || cfg.Height != h) {
			return nil, fmt.Errorf("%w: the image is %dx%d, the first one read %dx%d; all must have one size, or set data.resize",
				ErrCorrupt, cfg.Width, cfg.Height, w, h)
		}
		img, err := codec.decode(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("%w: undecodable image: %w", ErrCorrupt, err)
		}
		return img, nil
	}
	return nil, unknownKind("no image in a format that is read", data[:min(len(data), sniff.Head)])
}

// unknownKind returns the error for a file that is not what it should be, with its kind
// and the way out if its beginning shows them.
func unknownKind(not string, head []byte) error {
	clause, advice := sniff.Clause(head)
	if advice {
		return advisedf("%w: %s%s", ErrCorrupt, not, clause)
	}
	return fmt.Errorf("%w: %s%s", ErrCorrupt, not, clause)
}

// rasterOf converts an image to planes of 8-bit values, the upper 8 bits of deeper
// images. It refuses transparency, since the background is not known.
func rasterOf(img image.Image) (raster, error) {
	src, ok := img.(image.RGBA64Image)
	if !ok {
		return raster{}, fmt.Errorf("%w: unexpected image type %T", ErrCorrupt, img)
	}
	b := img.Bounds()
	out := raster{c: 3, h: b.Dy(), w: b.Dx()}
	if isGrey(img.ColorModel()) {
		out.c = 1
	}
	area := out.h * out.w
	out.pixels = make([]uint8, out.c*area)
	i := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			p := src.RGBA64At(x, y)
			if p.A != 0xffff {
				return raster{}, fmt.Errorf("%w: the image has transparent pixels; save it without transparency", ErrCorrupt)
			}
			out.pixels[i] = uint8(p.R >> 8)
			if out.c == 3 {
				out.pixels[area+i], out.pixels[2*area+i] = uint8(p.G>>8), uint8(p.B>>8)
			}
			i++
		}
	}
	return out, nil
}

// isGrey reports whether images of a colour model can contain only greys.
func isGrey(model color.Model) bool {
	palette, ok := model.(color.Palette)
	if !ok {
		return model == color.GrayModel || model == color.Gray16Model
	}
	for _, c := range palette {
		if r, g, b, _ := c.RGBA(); r != g || g != b {
			return false
		}
	}
	return true
}

// decoder decodes images on as many goroutines as there are processors while the
// caller reads the next ones. Its error does not depend on their timing: it is that of
// the first bad image in the order of the calls of add.
type decoder struct {
	group  errgroup.Group
	size   resizing
	w, h   int // of the first image, which sets the size for all
	c      int // of the first image, to limit the memory
	growth *growth
	added  int
	mutex  sync.Mutex
	failed int   // the smallest number of a bad image
	err    error // the error of that image
}

// newDecoder returns a decoder that checks the growth of its images.
func newDecoder(g *growth) *decoder {
	d := &decoder{growth: g}
	d.group.SetLimit(runtime.GOMAXPROCS(0))
	return d
}

// add decodes data into p, in the background except for the first image. It returns
// false if an image was bad, so that no further ones are needed; wait returns the
// reason.
func (d *decoder) add(p *picture, data []byte) bool {
	number := d.added
	d.added++
	if number == 0 {
		d.decode(p, number, data)
		d.w, d.h, d.c = p.w, p.h, p.c
		return d.sound()
	}
	if err := checkDims(d.added, max(1, d.c), max(1, d.h), max(1, d.w)); err != nil {
		d.fail(number, err)
		return false
	}
	if err := d.growth.check(int64(d.added) * int64(d.c*d.h*d.w)); err != nil {
		d.fail(number, fmt.Errorf("%w: %w", ErrCorrupt, err))
		return false
	}
	d.group.Go(func() error {
		d.decode(p, number, data)
		return nil
	})
	return d.sound()
}

// decode decodes one image.
func (d *decoder) decode(p *picture, number int, data []byte) {
	w, h := d.w, d.h
	if d.size.w != 0 {
		w, h = 0, 0
	}
	r, err := decodeImage(data, w, h, d.size)
	if err != nil {
		d.fail(number, fmt.Errorf("%s: %w", p.path, err))
		return
	}
	p.raster = r
}

// fail records the error of an image, unless an earlier image has one.
func (d *decoder) fail(number int, err error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.err == nil || number < d.failed {
		d.failed, d.err = number, err
	}
}

// sound reports whether no bad image was found so far.
func (d *decoder) sound() bool {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.err == nil
}

// wait waits until all added images are decoded, and returns the error of the first bad
// one.
func (d *decoder) wait() error {
	if err := d.group.Wait(); err != nil {
		return err
	}
	return d.err
}
