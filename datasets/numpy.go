package datasets

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// numpyArchives reads .npz files: MedMNIST's (train_images, train_labels, val_images,
// ...), Keras's (x_train, y_train, x_test, y_test), images and labels without splits, and
// Kuzushiji-49's pairs of files.
var numpyArchives = form{
	name:  "NumPy archives",
	wants: func(p string) bool { return strings.EqualFold(path.Ext(p), ".npz") },
	read:  (*loader).readNumpy,
}

// array is an array of NumPy, or of a Python pickle.
type array struct {
	kind  string // NumPy's code without the order of bytes, such as u1 or i8
	big   bool   // the values are big-endian
	shape []int
	data  []byte
}

// len returns the number of values, or -1 if it is negative or too large.
func (a array) len() int {
	n := 1
	for _, d := range a.shape {
		if d < 0 || d > MaxSetBytes || n > MaxSetBytes/max(1, d) {
			return -1
		}
		n *= d
	}
	return n
}

// npyHeader is the header of an array, which NumPy writes as a dictionary of Python:
// {'descr': '|u1', 'fortran_order': False, 'shape': (2, 28, 28), }.
type npyHeader struct {
	order   string // of the bytes of a value: <, >, |, = or empty
	kind    string // a letter and a number of bytes
	fortran bool
	shape   string
}

// parseNPYHeader returns the parts of a header; false: it describes no array of plain values.
func parseNPYHeader(text string) (h npyHeader, ok bool) {
	value := func(key, opening, closing string) (string, bool) {
		_, after, found := strings.Cut(text, "'"+key+"':")
		inside, opened := strings.CutPrefix(strings.TrimLeft(after, " "), opening)
		inside, _, closed := strings.Cut(inside, closing)
		return inside, found && opened && closed
	}
	kind, described := value("descr", "'", "'")
	fortran, ordered := value("fortran_order", "", ",")
	shape, shaped := value("shape", "(", ")")
	h.kind, h.fortran, h.shape = strings.TrimLeft(kind, "<>|="), fortran == "True", shape
	h.order = kind[:len(kind)-len(h.kind)]
	plain := len(h.order) <= 1 && h.kind != "" && unicode.IsLetter(rune(h.kind[0])) && strings.Trim(h.kind[1:], "0123456789") == ""
	return h, described && ordered && shaped && plain && (h.fortran || fortran == "False")
}

// readNPY reads one array in NumPy's format.
func readNPY(r io.Reader) (array, error) {
	start, err := readN(r, 10, 0)
	if err != nil {
		return array{}, err
	}
	if string(start[:6]) != "\x93NUMPY" {
		return array{}, fmt.Errorf("%w: not an array of NumPy", ErrCorrupt)
	}
	size := int64(binary.LittleEndian.Uint16(start[8:]))
	if start[6] > 1 {
		more, err := readN(r, 2, 0)
		if err != nil {
			return array{}, err
		}
		size |= int64(binary.LittleEndian.Uint16(more)) << 16
	}
	if size > 1<<16 {
		return array{}, fmt.Errorf("%w: a header of %d bytes", ErrCorrupt, size)
	}
	text, err := readN(r, size, 0)
	if err != nil {
		return array{}, err
	}
	header, ok := parseNPYHeader(string(text))
	if !ok {
		return array{}, advisedf("%w: an array of Python objects or records; store the images as unsigned bytes (numpy.uint8)", ErrCorrupt)
	}
	a := array{kind: header.kind, big: header.order == ">"}
	for field := range strings.SplitSeq(header.shape, ",") {
		if field = strings.Trim(field, " L"); field == "" {
			continue
		}
		d, err := strconv.Atoi(field)
		if err != nil {
			return array{}, fmt.Errorf("%w: shape (%s)", ErrCorrupt, header.shape)
		}
		a.shape = append(a.shape, d)
	}
	if header.fortran && len(a.shape) > 1 {
		return array{}, advisedf("%w: an array in Fortran's order; store it with numpy.ascontiguousarray", ErrCorrupt)
	}
	return a.filled(r)
}

// filled returns the array with its values, which it reads to the end of r.
func (a array) filled(r io.Reader) (array, error) {
	width, err := strconv.Atoi(a.kind[1:])
	n := a.len()
	if err != nil || width < 1 || width > 8 || n < 0 || n > MaxSetBytes/width {
		return array{}, advisedf("%w: an array of type %s and shape %v; images are unsigned bytes (u1), labels whole numbers", ErrCorrupt, a.kind, a.shape)
	}
	if a.data, err = readN(r, int64(n*width), 0); err != nil {
		return array{}, err
	}
	return a, expectEnd(r)
}

// ints returns the values of an array of whole numbers with one value in each row.
func (a array) ints() ([]int, error) {
	n := a.len()
	if len(a.shape) == 0 || n != a.shape[0] {
		return nil, advisedf("%w: labels of shape %v: each image must have one label; choose a set with one", ErrCorrupt, a.shape)
	}
	width, _ := strconv.Atoi(a.kind[1:])
	if !slices.Contains([]string{"i", "u", "b"}, a.kind[:1]) || width != 1 && width != 2 && width != 4 && width != 8 || len(a.data) != n*width {
		return nil, advisedf("%w: labels of type %s; store them as whole numbers", ErrCorrupt, a.kind)
	}
	values := make([]int, n)
	for i := range values {
		var v uint64
		for at := range width {
			from := i*width + width - 1 - at
			if a.big {
				from = i*width + at
			}
			v = v<<8 | uint64(a.data[from])
		}
		if a.kind[0] == 'i' {
			shift := 64 - 8*width
			values[i] = int(int64(v<<shift) >> shift)
		} else {
			values[i] = int(min(v, 1<<62))
		}
	}
	return values, nil
}

// part returns the images of an array in planes: n, h, w or n, h, w, c or n, c, h, w.
func (a array) part() (part, error) {
	if a.kind != "u1" {
		return part{}, advisedf("%w: images of type %s; store them as unsigned bytes from 0 to 255 (numpy.uint8)", ErrCorrupt, a.kind)
	}
	s := a.shape
	isChannels := func(n int) bool { return n == 1 || n == 3 }
	switch {
	case len(s) == 3:
		return part{c: 1, h: s[1], w: s[2], images: a.data}, checkDims(s[0], 1, s[1], s[2])
	case len(s) == 4 && isChannels(s[1]) && isChannels(s[3]):
		return part{}, advisedf("%w: an array of shape %v could be n, c, h, w or n, h, w, c; store it with larger images", ErrCorrupt, s)
	case len(s) == 4 && isChannels(s[3]):
		if err := checkDims(s[0], s[3], s[1], s[2]); err != nil {
			return part{}, err
		}
		return part{c: s[3], h: s[1], w: s[2], images: planar(a.data, s[3], s[1]*s[2])}, nil
	case len(s) == 4 && isChannels(s[1]):
		return part{c: s[1], h: s[2], w: s[3], images: a.data}, checkDims(s[0], s[1], s[2], s[3])
	}
	return part{}, advisedf("%w: an array of shape %v; images have the shape n, h, w or n, h, w, c with one or three channels", ErrCorrupt, s)
}

// numpyLimit is the largest accepted size of a NumPy archive in bytes.
const numpyLimit = MaxSetBytes

// readNumpy reads the arrays of the files and pairs images with labels.
func (l *loader) readNumpy(d *dataFiles) ([]part, error) {
	contents, err := d.whole(numpyLimit, func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	arrays := map[string]array{}
	for _, p := range slices.Sorted(maps.Keys(contents)) {
		if err := l.readNPZ(p, contents[p], len(contents) > 1, arrays); err != nil {
			return nil, fmt.Errorf("%s: %w", shown(p), err)
		}
		delete(contents, p)
	}
	var parts []part
	for _, name := range slices.Sorted(maps.Keys(arrays)) {
		split, role := numpyRole(name)
		if role != imageRole || !l.takes(split) {
			continue
		}
		t, err := pairNumpy(arrays, name, split)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		parts = append(parts, t)
	}
	if len(parts) == 0 && len(arrays) > 0 {
		return nil, advisedf("%w: the arrays %s are not called train_images and train_labels, x_train and y_train, or images and labels; rename them",
			ErrMissing, strings.Join(slices.Sorted(maps.Keys(arrays)), ", "))
	}
	return parts, nil
}

// pairNumpy returns the images of an array with their labels.
func pairNumpy(arrays map[string]array, name, split string) (part, error) {
	t, err := arrays[name].part()
	if err != nil {
		return part{}, err
	}
	t.split = split
	for other, a := range arrays {
		if s, role := numpyRole(other); role != labelRole || s != split {
			continue
		}
		if t.labels != nil {
			return part{}, advisedf("%w: several arrays of labels; keep one", ErrCorrupt)
		}
		if t.labels, err = a.ints(); err != nil {
			return part{}, fmt.Errorf("%s: %w", other, err)
		}
	}
	if n := arrays[name].shape[0]; len(t.labels) != n {
		return part{}, fmt.Errorf("%w: %d images, but %d labels", ErrCorrupt, n, len(t.labels))
	}
	return t, nil
}

// readNPZ adds the arrays of one archive. With several archives, those of the loader's
// name are told apart by their file, as Kuzushiji-49's are.
func (l *loader) readNPZ(p string, data []byte, several bool, arrays map[string]array) error {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return unknownKind("not a NumPy archive", data[:min(len(data), 512)])
	}
	var g growth
	g.read.Store(int64(len(data)))
	var total int64
	for _, file := range archive.File {
		name := strings.TrimSuffix(file.Name, ".npy")
		if several || name == "arr_0" {
			name = strings.TrimSuffix(path.Base(p), path.Ext(p)) + "_" + name
		}
		if total += int64(min(file.UncompressedSize64, MaxArchiveBytes)); total > MaxArchiveBytes {
			return fmt.Errorf("%w: more than %d bytes after decompression", ErrCorrupt, int64(MaxArchiveBytes))
		}
		if _, known := arrays[name]; known || len(arrays) > 64 {
			return fmt.Errorf("%w: two arrays named %q, or more than 64", ErrCorrupt, name)
		}
		if split, role := numpyRole(name); role != "" && !l.takes(split) {
			continue
		} else if role == "" {
			arrays[name] = array{} // only its name is told
			continue
		}
		a, err := openNPY(file, &g)
		if err != nil {
			return fmt.Errorf("%s: %w", shown(file.Name), err)
		}
		arrays[name] = a
	}
	return nil
}

// openNPY reads one array of an archive.
func openNPY(file *zip.File, g *growth) (array, error) {
	body, err := file.Open()
	if err != nil {
		return array{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	defer body.Close()
	return readNPY(g.checked(body))
}

// The roles of an array by its name.
const (
	imageRole = "images"
	labelRole = "labels"
)

// numpyRole returns the split that the name of an array means, and its role; an empty role
// means neither images nor labels.
func numpyRole(name string) (split, role string) {
	for word := range strings.FieldsFuncSeq(strings.ToLower(name), func(r rune) bool { return r == '_' || r == '-' || r == '.' }) {
		switch word {
		case "images", "image", "imgs", "x", "data":
			role = imageRole
		case "labels", "label", "y", "targets", "target":
			role = labelRole
		}
	}
	return splitIn(strings.ReplaceAll(name, "_", " ")), role
}
