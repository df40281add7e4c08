package datasets

import (
	"bytes"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"path"
	"slices"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// codec is one accepted format of image files.
type codec struct {
	endings []string // of the names of files, in lower case
	magic   []string // the first bytes, of which ? stands for any; the file's name does not matter
	config  func(r io.Reader) (image.Config, error)
	decode  func(r io.Reader) (image.Image, error)
}

// codecs lists all of them.
var codecs = []codec{
	{[]string{".png"}, []string{"\x89PNG\r\n\x1a\n"}, png.DecodeConfig, png.Decode},
	{[]string{".jpg", ".jpeg", ".jpe", ".jfif"}, []string{"\xff\xd8\xff"}, jpeg.DecodeConfig, jpeg.Decode},
	{[]string{".webp"}, []string{"RIFF????WEBP"}, webp.DecodeConfig, webp.Decode},
	{[]string{".bmp", ".dib"}, []string{"BM"}, bmp.DecodeConfig, bmp.Decode},
	{[]string{".gif"}, []string{"GIF87a", "GIF89a"}, gif.DecodeConfig, decodeGIF},
	{[]string{".tif", ".tiff"}, []string{"II*\x00", "MM\x00*"}, tiff.DecodeConfig, decodeTIFF},
	{[]string{".ppm", ".pgm", ".pnm"}, []string{"P5", "P6"}, pnmConfig, decodePNM},
}

// recognises reports whether a file begins like one of the format.
func (c codec) recognises(data []byte) bool {
	return slices.ContainsFunc(c.magic, func(magic string) bool {
		if len(data) < len(magic) {
			return false
		}
		for i := range len(magic) {
			if magic[i] != '?' && magic[i] != data[i] {
				return false
			}
		}
		return true
	})
}

// isImage reports whether the name of a file is that of an image in a format that is
// read.
func isImage(base string) bool {
	ending := strings.ToLower(path.Ext(base))
	return slices.ContainsFunc(codecs, func(c codec) bool { return slices.Contains(c.endings, ending) })
}

// decodeGIF decodes a GIF with one picture. One with several is an animation, of which no
// picture is the image.
func decodeGIF(r io.Reader) (image.Image, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if err := checkOnePicture(data); err != nil {
		return nil, err
	}
	return gif.Decode(bytes.NewReader(data))
}
