package datasets

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"

	"golang.org/x/image/tiff"
)

// checkOnePicture refuses a GIF with several pictures. It walks over the blocks of the
// file without decoding them (format: GIF89a specification).
func checkOnePicture(data []byte) error {
	errCut := errors.New("gif: cut off")
	if len(data) < 13 {
		return errCut
	}
	at := 13 + colourTable(data[10])
	pictures := 0
	for {
		if at >= len(data) {
			return errCut
		}
		switch data[at] {
		case ';':
			return nil
		case '!':
			at += 2
		case ',':
			if pictures++; pictures > 1 {
				return advisedf("an animation of several pictures; save one of them as PNG")
			}
			if at+9 >= len(data) {
				return errCut
			}
			at += 11 + colourTable(data[at+9])
		default:
			return fmt.Errorf("gif: unknown block %#02x", data[at])
		}
		for at < len(data) && data[at] != 0 {
			at += 1 + int(data[at])
		}
		at++
	}
}

// colourTable returns the size in bytes of the table of colours that packed flags
// announce.
func colourTable(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// decodeTIFF decodes a TIFF file with one picture.
func decodeTIFF(r io.Reader) (image.Image, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if tiffPictures(data) > 1 {
		return nil, advisedf("several pictures; save one of them as PNG")
	}
	img, err := tiff.Decode(bytes.NewReader(data))
	if unsupported := tiff.UnsupportedError(""); errors.As(err, &unsupported) {
		return nil, advisedf("%w; convert it to PNG", err)
	}
	return img, err
}

// readPNMHeader reads the header of a binary PGM (P5) or PPM (P6) file with values of one
// byte (format: netpbm's pgm and ppm).
func readPNMHeader(r *bufio.Reader) (w, h int, grey bool, err error) {
	var magic [2]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return 0, 0, false, err
	}
	var values [3]int
	for i := range values {
		if values[i], err = pnmNumber(r); err != nil {
			return 0, 0, false, err
		}
	}
	if values[2] != 255 {
		return 0, 0, false, advisedf("values up to %d instead of 255; convert it to PNG", values[2])
	}
	return values[0], values[1], magic[1] == '5', nil
}

// pnmNumber reads a number, the white space and comments before it, and one byte behind.
func pnmNumber(r *bufio.Reader) (int, error) {
	n, digits := 0, 0
	for comment := false; ; {
		b, err := r.ReadByte()
		if err != nil {
			return 0, io.ErrUnexpectedEOF
		}
		switch {
		case comment:
			comment = b != '\n'
		case b == '#' && digits == 0:
			comment = true
		case b >= '0' && b <= '9' && digits < 6:
			n, digits = 10*n+int(b-'0'), digits+1
		case b == ' ' || b == '\t' || b == '\n' || b == '\r':
			if digits > 0 {
				return n, nil
			}
		default:
			return 0, errors.New("pnm: bad header")
		}
	}
}

// pnmConfig returns the size of a PGM or PPM image.
func pnmConfig(r io.Reader) (image.Config, error) {
	w, h, grey, err := readPNMHeader(bufio.NewReader(r))
	model := color.RGBAModel
	if grey {
		model = color.GrayModel
	}
	return image.Config{ColorModel: model, Width: w, Height: h}, err
}

// decodePNM decodes a PGM or PPM image.
func decodePNM(r io.Reader) (image.Image, error) {
	buffered := bufio.NewReader(r)
	w, h, grey, err := readPNMHeader(buffered)
	if err == nil {
		err = checkDims(1, 3, h, w)
	}
	if err != nil {
		return nil, err
	}
	if grey {
		img := image.NewGray(image.Rect(0, 0, w, h))
		_, err := io.ReadFull(buffered, img.Pix)
		return img, err
	}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	row := make([]byte, 3*w)
	for y := range h {
		if _, err := io.ReadFull(buffered, row); err != nil {
			return nil, err
		}
		for x := range w {
			at := img.PixOffset(x, y)
			copy(img.Pix[at:at+3], row[3*x:])
			img.Pix[at+3] = 0xff
		}
	}
	return img, nil
}

// tiffPictures returns the number of pictures in a TIFF file, at most 2.
func tiffPictures(data []byte) int {
	if len(data) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.LittleEndian
	if data[0] == 'M' {
		order = binary.BigEndian
	}
	at, n := uint64(order.Uint32(data[4:])), 0
	for at != 0 && n < 2 && at+2 <= uint64(len(data)) {
		n++
		next := at + 2 + 12*uint64(order.Uint16(data[at:]))
		if next+4 > uint64(len(data)) {
			break
		}
		at = uint64(order.Uint32(data[next:]))
	}
	return n
}
