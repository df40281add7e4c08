package datasets

import (
	"encoding/binary"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// idxFamily reads pairs of IDX files with names of any of the common spellings, wherever
// they lie: torchvision's MNIST/raw, EMNIST, KMNIST, QMNIST and Kaggle's dotted names.
var idxFamily = form{
	name:  "IDX files",
	wants: func(p string) bool { return idxNameOf(p) != nil },
	pairs: true,
	read:  (*loader).readIDXFamily,
}

// idxSplits are the names of splits in the names of IDX files.
var idxSplits = []string{"train", "training", "test", "testing", "t10k", "val", "valid", "validation", "extra"}

// idxSeparators are the characters between the parts of an IDX file's name.
const idxSeparators = "-_."

// idxName is the meaning of an IDX file's name.
type idxName struct {
	set    string // the directory and the prefix, by which the files of one set are recognised
	split  string
	images bool
	rank   int // the number of dimensions: 3 or 1, or 2 for QMNIST's tables of labels
}

// idxNameOf returns the meaning of a path; nil: it is none of an IDX file. Such a name is a
// prefix, which may be missing, the split, images or labels, idx with the number of
// dimensions, and the type, such as emnist-letters-train-images-idx3-ubyte.gz.
func idxNameOf(p string) *idxName {
	rest := strings.ToLower(path.Base(p))
	for _, compression := range []string{".gz", ".xz", ".zst"} {
		if plain, ok := strings.CutSuffix(rest, compression); ok {
			rest = plain
			break
		}
	}
	var parts [4]string // the last ones, in their order in the name
	for at := len(parts) - 1; at >= 0; at-- {
		end := strings.LastIndexAny(rest, idxSeparators)
		if end < 0 && at > 0 {
			return nil
		}
		parts[at], rest = rest[end+1:], rest[:max(end, 0)]
	}
	split, role, dimensions, kind := parts[0], strings.TrimSuffix(parts[1], "s"), parts[2], parts[3]
	digit, ok := strings.CutPrefix(dimensions, "idx")
	switch {
	case !slices.Contains(idxSplits, split), role != "image" && role != "label", kind != "ubyte" && kind != "byte" && kind != "int":
		return nil
	case !ok || len(digit) != 1 || digit[0] < '0' || digit[0] > '9':
		return nil
	}
	name := &idxName{set: strings.Trim(rest, idxSeparators), split: splitNames[split], images: role == "image", rank: 1}
	if name.images {
		name.rank = 3
	}
	return name
}

// readIDXFamily reads the pairs of one set of IDX files.
func (l *loader) readIDXFamily(d *dataFiles) ([]part, error) {
	set, chosen, err := l.chooseIDX(d)
	if err != nil {
		return nil, err
	}
	parts := map[string]*part{}
	counts := map[string]int{}
	err = d.each(func(p string) bool { return chosen[p] }, func(p string, _ int64, body io.Reader) error {
		name := idxNameOf(p)
		if parts[name.split] == nil {
			parts[name.split] = &part{split: name.split, c: 1}
		}
		t := parts[name.split]
		if !name.images {
			labels, err := l.readIDXLabels(p, body)
			t.labels = labels
			return err
		}
		body, sum := hashReader(body)
		shape, pixels, err := readIDX(body, 3)
		if err != nil {
			return err
		}
		t.images, t.h, t.w, counts[name.split] = pixels, shape[1], shape[2], shape[0]
		return l.checkPin(canonicalIDX(p), sum())
	})
	if err != nil {
		return nil, err
	}
	var list []part
	for _, split := range Splits() {
		t := parts[split]
		switch {
		case t == nil:
			continue
		case t.labels == nil || t.images == nil:
			return nil, fmt.Errorf("%w: %s has images or labels of %s alone; both are needed", ErrMissing, d.where, split)
		case len(t.labels) != counts[split]:
			return nil, fmt.Errorf("%w: %d images of %s, but %d labels; %s", ErrCorrupt, counts[split], split, len(t.labels), l.repair())
		}
		if strings.HasSuffix(set, "letters") {
			if t.classes, err = numberedFromOne(t.labels); err != nil {
				return nil, err
			}
		}
		list = append(list, *t)
	}
	return list, nil
}

// chooseIDX returns the paths of the files of the loader's split. Of several copies of a
// file, such as a compressed one, it takes the first by path that is not compressed. It
// refuses files of several sets, unless one was named.
func (l *loader) chooseIDX(d *dataFiles) (set string, chosen map[string]bool, err error) {
	best := map[string]string{}
	var sets []string
	for _, f := range d.files {
		name := idxNameOf(f.path)
		if d.ls.named != "" && path.Base(f.path) != d.ls.named && name.set != idxNameOf(d.ls.named).set {
			continue
		}
		if !slices.Contains(sets, name.set) {
			sets = append(sets, name.set)
		}
		if !l.takes(name.split) {
			continue
		}
		role := fmt.Sprintf("%s %s %t", name.set, name.split, name.images)
		before, ok := best[role]
		if !ok || isCompressed(before) && !isCompressed(f.path) {
			best[role] = f.path
		}
	}
	if len(sets) > 1 {
		return "", nil, advisedf("%w: %s holds IDX files of several sets (%s); set data.path to one of the files to load its set", ErrMissing, d.where, strings.Join(sets, ", "))
	}
	chosen = map[string]bool{}
	for _, p := range best {
		chosen[p] = true
	}
	return sets[0], chosen, nil
}

// isCompressed reports whether the name of a file is that of a compressed one.
func isCompressed(p string) bool {
	return slices.Contains([]string{".gz", ".xz", ".zst"}, strings.ToLower(path.Ext(p)))
}

// canonicalIDX returns the published name of an IDX file of MNIST or its family.
func canonicalIDX(p string) string {
	name := idxNameOf(p)
	switch {
	case name.split == SplitTrain && name.images:
		return trainImages
	case name.split == SplitTrain:
		return trainLabels
	case name.split == SplitTest && name.images:
		return testImages
	case name.split == SplitTest:
		return testLabels
	}
	return ""
}

// maxIDXLabels is the largest accepted size of a file of labels in bytes.
const maxIDXLabels = 1 << 28

// readIDXLabels reads labels of one dimension, as bytes or 32-bit integers, or the table
// of QMNIST, whose first column is the label.
func (l *loader) readIDXLabels(p string, body io.Reader) ([]int, error) {
	body, sum := hashReader(body)
	data, err := io.ReadAll(io.LimitReader(body, maxIDXLabels+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	labels, err := parseIDXLabels(data)
	if err != nil {
		return nil, err
	}
	return labels, l.checkPin(canonicalIDX(p), sum())
}

// parseIDXLabels returns the labels in an IDX file.
func parseIDXLabels(data []byte) ([]int, error) {
	if len(data) < 8 || data[0] != 0 || data[1] != 0 || data[3] < 1 || data[3] > 2 || len(data) < 4+4*int(data[3]) {
		return nil, unknownKind("not an IDX file of labels", data[:min(len(data), 512)])
	}
	width := map[byte]int{0x08: 1, 0x09: 1, 0x0b: 2, 0x0c: 4}[data[2]]
	if width == 0 {
		return nil, advisedf("%w: labels of the IDX type %#02x; store them as bytes or 32-bit integers", ErrCorrupt, data[2])
	}
	n, columns := int(binary.BigEndian.Uint32(data[4:])), 1
	values := data[8:]
	if data[3] == 2 {
		columns, values = int(binary.BigEndian.Uint32(data[8:])), data[12:]
	}
	if columns < 1 || columns > 64 || n < 1 || n > MaxImages || len(values) != n*columns*width {
		return nil, fmt.Errorf("%w: %w: %d labels of %d columns and %d bytes in %d bytes", ErrCorrupt, errTruncated, n, columns, width, len(values))
	}
	labels := make([]int, n)
	for i := range labels {
		at := values[i*columns*width:]
		switch width {
		case 1:
			labels[i] = int(at[0])
		case 2:
			labels[i] = int(int16(binary.BigEndian.Uint16(at)))
		default:
			labels[i] = int(int32(binary.BigEndian.Uint32(at)))
		}
	}
	return labels, nil
}

// numberedFromOne moves the labels of EMNIST's letters, which count from 1, to 0, and
// returns the names of the classes.
func numberedFromOne(labels []int) ([]string, error) {
	names := make([]string, 26)
	for i := range names {
		names[i] = string(rune('A' + i))
	}
	for i, label := range labels {
		if label < 1 || label > len(names) {
			return nil, fmt.Errorf("%w: image %d has label %d; those of letters go from 1 to %d", ErrCorrupt, i, label, len(names))
		}
		labels[i] = label - 1
	}
	return names, nil
}
