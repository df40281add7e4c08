package datasets

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"backfire/datasets/census"
)

// form is one kind of data files that are not image files, such as NumPy's archives.
// Each form has a file of its own and one line in forms.
type form struct {
	name string // for people, in the plural: "NumPy archives"
	// wants reports whether a file belongs to the form by its path, which is clean,
	// relative to what was named, and has slashes.
	wants func(p string) bool
	// pairs reports that the files in one directory belong together, so that to name one
	// is to name its set.
	pairs bool
	// read returns the splits that the loader wants, in any order. It reads the files
	// through d alone.
	read func(l *loader, d *dataFiles) ([]part, error)
}

// forms lists all forms. A file belongs to the first one that wants it.
func forms() []form {
	return []form{idxFamily, pickledCIFAR, binaryCIFAR100, stl10, numpyArchives, parquetTables}
}

// formOf returns the form to which a file belongs by its path, and whether there is one.
func formOf(p string) (form, bool) {
	for _, f := range forms() {
		if f.wants(p) {
			return f, true
		}
	}
	return form{}, false
}

// part is one split of data that are not image files.
type part struct {
	split   string // one of Splits, or empty: the data have no splits
	images  []uint8
	labels  []int
	c, h, w int
	classes []string // by label; nil: the numbers from 0 to the largest label
	sources []string // by image, the contributor that it comes from; nil: not known
}

// dataFiles are the files of one form in a listing.
type dataFiles struct {
	files []dataFile // sorted by path
	from  reader
	where string
	ls    *listing
	used  map[string]bool // by path, those that were read
}

// each calls use for the wanted files, in any order, with their size and decompressed
// content.
func (d *dataFiles) each(wanted func(p string) bool, use func(p string, size int64, body io.Reader) error) error {
	byContent := map[string]string{}
	for _, f := range d.files {
		if wanted(f.path) {
			byContent[f.content] = f.path
		}
	}
	return d.from.read(func(p string) bool { return byContent[p] != "" }, func(p string, size int64, body io.Reader) error {
		p = byContent[p]
		d.used[p] = true
		content, err := decompress(body)
		if err == nil {
			err = use(p, size, content)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", shown(p), err)
		}
		return nil
	})
}

// whole returns the content of the wanted files by path, each of at most limit bytes.
func (d *dataFiles) whole(limit int64, wanted func(p string) bool) (map[string][]byte, error) {
	contents := map[string][]byte{}
	err := d.each(wanted, func(p string, _ int64, body io.Reader) error {
		data, err := io.ReadAll(io.LimitReader(body, limit+1))
		if err != nil {
			return fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		if int64(len(data)) > limit {
			return fmt.Errorf("%w: more than %d bytes", ErrCorrupt, limit)
		}
		contents[p] = data
		return nil
	})
	return contents, err
}

// readForm reads the data files of the only form in a listing.
func (l *loader) readForm(ls *listing, from reader, where string) (*Set, error) {
	var names []string
	var chosen form
	for _, f := range forms() {
		if len(ls.data[f.name]) > 0 {
			names, chosen = append(names, f.name), f
		}
	}
	if len(names) > 1 {
		return nil, advisedf("%w: %s holds %s; set data.path to one of the files, or move the others away", ErrCorrupt, where, strings.Join(names, " and "))
	}
	d := &dataFiles{files: ls.data[chosen.name], from: from, where: where, ls: ls, used: map[string]bool{}}
	parts, err := chosen.read(l, d)
	if err != nil {
		return nil, err
	}
	set, err := l.joinParts(parts, where)
	if err != nil {
		return nil, err
	}
	for _, f := range d.files {
		if !d.used[f.path] {
			ls.out.Add(leftReason(f.path), "", f.path)
		}
	}
	counts := make([]census.SplitCount, len(parts))
	for i, p := range parts {
		counts[i] = census.SplitCount{Name: p.split, Classes: make([]int, len(set.Classes))}
		for _, label := range p.labels {
			counts[i].Images++
			counts[i].Classes[label]++
		}
	}
	set.Census = ls.census(len(d.used), counts)
	set.Census.Resize = l.src.Resize
	return set, nil
}

// leftReason returns the reason for which a data file is left out: it is of another
// split if its name says so.
func leftReason(p string) census.Reason {
	if splitIn(path.Base(p)) != "" {
		return census.Split
	}
	return census.Beside
}

// joinParts joins splits, in the order of Splits, to a set. It checks that they have one
// shape, and labels of one list of classes. It sorts parts.
func (l *loader) joinParts(parts []part, where string) (*Set, error) {
	if len(parts) == 0 {
		return nil, fmt.Errorf("%w: %q: %s has no such images", ErrSplit, l.split, where)
	}
	slices.SortStableFunc(parts, func(a, b part) int { return splitRank(a.split) - splitRank(b.split) })
	first := parts[0]
	if first.split == "" && l.split != SplitAll {
		return nil, fmt.Errorf("%w: %q: %s is not divided into splits; choose auto or all", ErrSplit, l.split, where)
	}
	n, classes := 0, first.classes
	for _, p := range parts {
		if p.c != first.c || p.h != first.h || p.w != first.w {
			return nil, fmt.Errorf("%w: images of %dx%dx%d in %s, of %dx%dx%d in %s", ErrCorrupt, first.c, first.h, first.w, first.split, p.c, p.h, p.w, p.split)
		}
		if !slices.Equal(p.classes, first.classes) {
			return nil, fmt.Errorf("%w: %s and %s have different classes", ErrCorrupt, first.split, p.split)
		}
		n += len(p.labels)
	}
	if classes == nil {
		var err error
		if classes, err = l.numbered(parts); err != nil {
			return nil, err
		}
	}
	if err := checkDims(n, first.c, first.h, first.w); err != nil {
		return nil, err
	}
	images, labels := parts[0].images, make([]uint8, 0, n)
	var sources []string
	for i, p := range parts {
		if i > 0 {
			images = append(images, p.images...)
		}
		for at, label := range p.labels {
			if label < 0 || label >= min(len(classes), MaxClasses) {
				return nil, fmt.Errorf("%w: image %d has label %d; labels go from 0 to %d", ErrCorrupt, at, label, min(len(classes), MaxClasses)-1)
			}
			labels = append(labels, uint8(label))
		}
		sources = append(sources, p.sources...)
	}
	if err := checkNames(classes); err != nil {
		return nil, err
	}
	set, err := New(l.src.Name, images, labels, first.c, first.h, first.w, classes)
	if err != nil || l.src.Contributors == "" {
		return set, err
	}
	return set.withContributors(sources)
}

// numbered returns the class names of data that have none: the dataset's own, or the
// numbers up to the largest label.
func (l *loader) numbered(parts []part) ([]string, error) {
	if l.info.Classes != nil {
		return l.info.Classes, nil
	}
	lowest, largest := MaxClasses, 0
	for _, p := range parts {
		if len(p.labels) > 0 {
			lowest, largest = min(lowest, slices.Min(p.labels)), max(largest, slices.Max(p.labels))
		}
	}
	if lowest > 0 {
		return nil, advisedf("%w: class \"0\" has no images: the labels start at %d; number the classes from 0", ErrCorrupt, lowest)
	}
	if largest >= MaxClasses {
		return nil, fmt.Errorf("%w: %d classes; 1 to %d are accepted", ErrCorrupt, largest+1, MaxClasses)
	}
	classes := make([]string, largest+1)
	for i := range classes {
		classes[i] = strconv.Itoa(i)
	}
	return classes, nil
}

// planar returns images whose channels lie pixel by pixel (n, h, w, c) in planes
// (n, c, h, w).
func planar(data []uint8, c, area int) []uint8 {
	if c == 1 {
		return data
	}
	planes := make([]uint8, len(data))
	for from := 0; from < len(data); from += c * area {
		for at := range area {
			for channel := range c {
				planes[from+channel*area+at] = data[from+at*c+channel]
			}
		}
	}
	return planes
}
