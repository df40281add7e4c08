package triggers_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/triggers"
)

// painted returns a picture whose colours are a function of column and row.
func painted(w, h int, at func(x, y int) color.NRGBA) *image.NRGBA {
	picture := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			picture.SetNRGBA(x, y, at(x, y))
		}
	}
	return picture
}

// encoded returns a picture as a PNG file.
func encoded(t require.TestingT, picture image.Image) []byte {
	var file bytes.Buffer
	require.NoError(t, png.Encode(&file, picture))
	return file.Bytes()
}

// pictures generates valid triggers' pictures of few pixels and colours, among
// them black and white.
func pictures(channels int) *rapid.Generator[*image.NRGBA] {
	return rapid.Custom(func(t *rapid.T) *image.NRGBA {
		w, h := rapid.IntRange(1, 9).Draw(t, "width"), rapid.IntRange(2, 9).Draw(t, "height")
		value := rapid.SampledFrom([]uint8{0, 0, 7, 255})
		picture := painted(w, h, func(int, int) color.NRGBA {
			c := color.NRGBA{R: value.Draw(t, "red"), G: value.Draw(t, "green"), B: value.Draw(t, "blue")}
			if channels == 1 {
				c.G, c.B = c.R, c.R
			}
			c.A = 255 * rapid.Uint8Range(0, 1).Draw(t, "opaque")
			return c
		})
		picture.Pix[3], picture.Pix[7] = 255, 0
		return picture
	})
}

// A picture becomes a trigger that stamps the opaque pixels and no others. The
// trigger survives being written to a PNG file and being encoded as text.
func TestPictureIsTheTrigger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		channels := rapid.SampledFrom([]int{1, 3}).Draw(t, "channels")
		picture := pictures(channels).Draw(t, "picture")
		read, err := triggers.ReadPNG(bytes.NewReader(encoded(t, picture)))
		require.NoError(t, err)
		trigger, err := triggers.FromPicture(read, channels, 0)
		require.NoError(t, err)

		shape := trigger.Shape
		img := rapid.SliceOfN(rapid.Byte(), shape.Size(), shape.Size()).Draw(t, "image")
		stamped := append([]uint8(nil), img...)
		trigger.Stamp(stamped)
		masked := 0
		for at := range shape.Plane() {
			c := picture.NRGBAAt(at%shape.W, at/shape.W)
			for channel, v := range []uint8{c.R, c.G, c.B}[:channels] {
				want := img[at+channel*shape.Plane()]
				if c.A == 255 {
					want = v
				}
				require.Equal(t, want, stamped[at+channel*shape.Plane()])
			}
			if c.A == 255 {
				masked++
			}
		}
		require.Equal(t, masked, trigger.Pixels(), "black pixels count")

		generator, err := triggers.NewGenerator(shape, triggers.Spec{Kind: triggers.Picture, Pixels: trigger.Encode()})
		require.NoError(t, err)
		drawn := generator.Draw(rand.New(rand.NewPCG(1, 1)))
		require.Equal(t, trigger, drawn)
		require.Equal(t, trigger.ID(), drawn.ID())

		var file bytes.Buffer
		require.NoError(t, trigger.WritePNG(&file, 1))
		reread, err := triggers.ReadPNG(&file)
		require.NoError(t, err)
		restored, err := triggers.FromPicture(reread, channels, 0)
		require.NoError(t, err)
		require.Equal(t, trigger, restored, "the file holds the whole trigger")
	})
}

func TestUnusablePicturesAreRefused(t *testing.T) {
	red, nothing := color.NRGBA{R: 255, A: 255}, color.NRGBA{}
	half := func(x, _ int) color.NRGBA {
		if x == 0 {
			return red
		}
		return nothing
	}
	for message, c := range map[string]struct {
		picture  *image.NRGBA
		channels int
	}{
		"transparent everywhere":                           {painted(4, 4, func(int, int) color.NRGBA { return nothing }), 3},
		"opaque everywhere":                                {painted(4, 4, func(int, int) color.NRGBA { return red }), 3},
		"is coloured (255, 0, 0), and the images are grey": {painted(4, 4, half), 1},
		"4 of its pixels are partly transparent": {painted(4, 4, func(x, y int) color.NRGBA {
			c := half(x, y)
			c.A /= 2
			return c
		}), 3},
	} {
		_, err := triggers.FromPicture(c.picture, c.channels, 0)
		require.ErrorIs(t, err, triggers.ErrImage, message)
		require.ErrorContains(t, err, message)
	}
	_, err := triggers.FromPicture(painted(4, 4, half), 2, 0)
	require.ErrorIs(t, err, triggers.ErrSpec)
	soft := painted(4, 1, func(x, _ int) color.NRGBA { return color.NRGBA{A: []uint8{0, 100, 128, 255}[x]} })
	trigger, err := triggers.FromPicture(soft, 3, 128)
	require.NoError(t, err)
	require.Equal(t, []uint8{0, 0, 1, 1}, trigger.Mask)
	require.Equal(t, triggers.Box{X: 2, Y: 0, W: 2, H: 1}, trigger.Box)
}

// headerOf returns the header of a PNG file of w x h pixels, without the rest.
func headerOf(w, h uint32) []byte {
	header := []byte("IHDR")
	header = binary.BigEndian.AppendUint32(header, w)
	header = binary.BigEndian.AppendUint32(header, h)
	header = append(header, 8, 6, 0, 0, 0)
	file := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	file = append(file, header...)
	return binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(header))
}

func TestUnusableFilesAreRefused(t *testing.T) {
	whole := encoded(t, painted(8, 8, func(x, _ int) color.NRGBA { return color.NRGBA{R: 9, A: uint8(x) * 36} }))
	deep := image.NewNRGBA64(image.Rect(0, 0, 2, 2))
	deep.Set(0, 0, color.NRGBA64{R: 257, A: 65535})
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"text":           {[]byte("no picture"), "it is no PNG file"},
		"nothing":        {nil, "it is no PNG file"},
		"cut off":        {whole[:len(whole)-20], "the PNG file is damaged"},
		"absurd":         {headerOf(1<<30, 1<<30), "it is no PNG file (png: unsupported feature: dimension overflow)"},
		"large":          {headerOf(1<<15, 1<<14), "it has 32768 x 16384 pixels (width x height): at most 2048 x 2048 are allowed"},
		"header only":    {headerOf(2048, 2048), "the PNG file is damaged"},
		"16 bits":        {encoded(t, deep), "16 bits per channel"},
		"no alpha":       {encoded(t, image.NewGray(image.Rect(0, 0, 2, 2))), "it has no transparency"},
		"opaque palette": {encoded(t, image.NewPaletted(image.Rect(0, 0, 2, 2), color.Palette{color.Black})), "it has no transparency"},
		"too many bytes": {append(bytes.Clone(whole), make([]byte, triggers.MaxPNGBytes)...), "the file has more than 4 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := triggers.ReadPNG(bytes.NewReader(c.file))
			require.ErrorIs(t, err, triggers.ErrImage)
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := triggers.ReadPNG(io.MultiReader(bytes.NewReader(whole[:10]), failing{}))
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

// failing is a reader whose every read fails.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

// A file of 33 bytes that claims 2^29 pixels is refused before they are
// allocated.
func TestAbsurdSizesCostNothing(t *testing.T) {
	file := headerOf(1<<15, 1<<14)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := triggers.ReadPNG(bytes.NewReader(file))
	runtime.ReadMemStats(&after)
	require.ErrorIs(t, err, triggers.ErrImage)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

func TestPaletteWithTransparency(t *testing.T) {
	p := image.NewPaletted(image.Rect(0, 0, 3, 1), color.Palette{color.NRGBA{}, color.NRGBA{R: 10, G: 20, B: 30, A: 255}, color.NRGBA{A: 255}})
	p.Pix = []uint8{0, 1, 2}
	read, err := triggers.ReadPNG(bytes.NewReader(encoded(t, p)))
	require.NoError(t, err)
	trigger, err := triggers.FromPicture(read, 3, 0)
	require.NoError(t, err)
	require.Equal(t, []uint8{0, 1, 1}, trigger.Mask)
	require.Equal(t, []uint8{0, 10, 0, 0, 20, 0, 0, 30, 0}, trigger.Pattern)
}

func TestResizeKeepsPlacesAndColours(t *testing.T) {
	number := func(x, y int) color.NRGBA { return color.NRGBA{R: uint8(10*y + x), A: 255} }
	picture := painted(4, 2, number)
	require.Equal(t, picture, triggers.Resize(picture, 2, 4), "the same size")
	double := triggers.Resize(picture, 4, 8)
	for y := range 4 {
		for x := range 8 {
			require.Equal(t, number(x/2, y/2), double.NRGBAAt(x, y))
		}
	}
	require.Equal(t, picture, triggers.Resize(double, 2, 4))
	grey := triggers.Grey(painted(1, 1, func(int, int) color.NRGBA { return color.NRGBA{G: 100, A: 3} }))
	require.Equal(t, color.NRGBA{R: 58, G: 58, B: 58, A: 3}, grey.NRGBAAt(0, 0), "0.587 of 100, as the standard library rounds it")
}

func TestBadPixelsAreRefused(t *testing.T) {
	shape := triggers.Shape{C: 1, H: 3, W: 3}
	for name, pixels := range map[string]string{
		"no base64":      "!!",
		"nothing":        "AA==",
		"no mask":        "AAA=",
		"value missing":  "gAA=",
		"value too many": "gAABAg==",
		"bits beyond":    "gAEB",
		"far too long":   string(bytes.Repeat([]byte("A"), 1000)),
		"other padding":  "gAAB=",
		"line break":     "gAAB\n",
	} {
		_, err := triggers.NewGenerator(shape, triggers.Spec{Kind: triggers.Picture, Pixels: pixels})
		require.ErrorIs(t, err, triggers.ErrSpec, name)
	}
	_, err := triggers.NewGenerator(shape, triggers.Spec{Kind: triggers.Picture, Pixels: "gAAB"})
	require.NoError(t, err)
	for message, spec := range map[string]triggers.Spec{
		"has none of them":                                   {Kind: triggers.Picture, Pixels: "gAAB", P1: 0.2},
		"needs its pixels":                                   {Kind: triggers.Picture},
		"only a trigger of kind image or exec has":           {P1: 0.2, P2: 0.2, Range: triggers.Area, Pixels: "gAAB"},
		`kind is "stripes": it must be one of [image square`: {Kind: "stripes", P1: 0.2, P2: 0.2, Range: triggers.Area},
		"kind square covers its whole box, so it must be 1":  {Kind: triggers.Square, P1: 0.2, P2: 0.2, Range: triggers.Area},
	} {
		err := spec.Validate()
		require.ErrorIs(t, err, triggers.ErrSpec)
		require.ErrorContains(t, err, message)
	}
}

// FuzzReadPNG checks the contract of the reader of untrusted files: it returns
// either an error that wraps ErrImage or a picture of bounded size. If the
// picture makes a trigger, it makes the same one after writing and reading.
func FuzzReadPNG(f *testing.F) {
	f.Fuzz(func(t *testing.T, file []byte) {
		picture, err := triggers.ReadPNG(bytes.NewReader(file))
		if err != nil {
			require.ErrorIs(t, err, triggers.ErrImage)
			return
		}
		side := picture.Rect.Size()
		require.LessOrEqual(t, max(side.X, side.Y), triggers.MaxPNGSide)
		for _, channels := range []int{1, 3} {
			trigger, err := triggers.FromPicture(picture, channels, 1)
			if err != nil {
				require.ErrorIs(t, err, triggers.ErrImage)
				continue
			}
			require.Positive(t, trigger.Pixels())
			generator, err := triggers.NewGenerator(trigger.Shape, triggers.Spec{Kind: triggers.Picture, Pixels: trigger.Encode()})
			require.NoError(t, err)
			require.Equal(t, trigger, generator.Draw(nil))
			var written bytes.Buffer
			require.NoError(t, trigger.WritePNG(&written, 1))
			reread, err := triggers.ReadPNG(&written)
			require.NoError(t, err)
			restored, err := triggers.FromPicture(reread, channels, 0)
			require.NoError(t, err)
			require.Equal(t, trigger.ID(), restored.ID())
		}
	})
}
