// Package sniff recognises files by their first bytes, so that an error can name what a
// file is instead of what it should be.
package sniff

import (
	"bytes"
	"strings"
)

// Head is the number of bytes that [Kind] needs to recognise every kind.
const Head = 512

// Tar is the kind of an archive that package tar reads.
const Tar = "a tar archive"

// kinds are the recognised kinds of files, by the bytes at an offset.
var kinds = []struct {
	offset int
	magic  string
	name   string
	advice string
}{
	{0, "\x89PNG\r\n\x1a\n", "a PNG image", ""},
	{0, "\xff\xd8\xff", "a JPEG image", ""},
	{8, "WEBP", "a WebP image", ""},
	{0, "GIF8", "a GIF image", ""},
	{0, "BM", "a BMP image", ""},
	{0, "II*\x00", "a TIFF image", ""},
	{0, "MM\x00*", "a TIFF image", ""},
	{4, "ftypheic", "a HEIC image", toPNG},
	{4, "ftypavif", "an AVIF image", toPNG},
	{0, "\x00\x00\x00\x0cjP  ", "a JPEG 2000 image", toPNG},
	{0, "\xff\x0a", "a JPEG XL image", toPNG},
	{0, "\x00\x00\x00\x0cJXL ", "a JPEG XL image", toPNG},
	{0, "P5", "a PGM image", ""},
	{0, "P6", "a PPM image", ""},
	{0, "PK\x03\x04", "a zip archive", unpack},
	{0, "PK\x05\x06", "an empty zip archive", unpack},
	{0, "Rar!", "a RAR archive", unpack},
	{0, "7z\xbc\xaf\x27\x1c", "a 7z archive", unpack},
	{0, "\xfd7zXZ\x00", "an xz file", unpack},
	{0, "\x28\xb5\x2f\xfd", "a zstd file", unpack},
	{0, "BZh", "a bzip2 file", unpack},
	{0, "\x04\x22\x4d\x18", "an lz4 file", unpack},
	{0, "\x1f\x8b", "a gzip file", unpack},
	{257, "ustar", Tar, unpack},
	{0, "\x89HDF\r\n\x1a\n", "an HDF5 file", export},
	{0, "\x93NUMPY", "a NumPy array", export},
	{0, "PAR1", "a Parquet file", export},
	{0, "\x80\x02", "a Python pickle", export},
	{0, "\x80\x03", "a Python pickle", export},
	{0, "\x80\x04", "a Python pickle", export},
	{0, "\x80\x05", "a Python pickle", export},
	{0, "MATLAB", "a MATLAB file", export},
	{0, "version https://git-lfs", "a Git LFS pointer", "run `git lfs pull` to get the file itself"},
	{0, "%PDF", "a PDF document", export},
}

// The advice for groups of kinds.
const (
	toPNG  = "convert it to PNG"
	unpack = "unpack it, and name the directory"
	export = "export its images as PNG files in class folders"
)

// Kind returns the kind of a file by its first bytes with an article, such as "a WebP
// image", and advice on how to make data of it that can be read. Both are empty if the
// kind is not known. The advice is empty for PNG and JPEG.
func Kind(head []byte) (name, advice string) {
	for _, k := range kinds {
		if len(head) >= k.offset && bytes.HasPrefix(head[k.offset:], []byte(k.magic)) {
			return k.name, k.advice
		}
	}
	if len(head) == 0 {
		return "an empty file", ""
	}
	text := strings.ToLower(string(bytes.TrimSpace(head[:min(len(head), Head)])))
	if strings.HasPrefix(text, "<!doctype html") || strings.HasPrefix(text, "<html") {
		return "an HTML page", "download the file itself"
	}
	if strings.HasPrefix(text, "<?xml") || strings.HasPrefix(text, "<svg") {
		return "an XML document", ""
	}
	if len(bytes.Trim(head, "\x00")) == 0 {
		return "a file of zeros", "its content was not written or not downloaded"
	}
	return "", ""
}

// Clause returns the kind and the advice as a clause that is appended to an error, such
// as ": it is a WebP image; convert it to PNG"; empty if the kind is not known. It
// reports whether the clause has advice.
func Clause(head []byte) (clause string, advised bool) {
	name, advice := Kind(head)
	switch {
	case name == "":
		return "", false
	case advice == "":
		return ": it is " + name, false
	}
	return ": it is " + name + "; " + advice, true
}
