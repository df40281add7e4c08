package datasets

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// picture is one image file of an image folder.
type picture struct {
	path  string // for messages
	split string // train, test or empty
	class string
	file  string
	raster
}

// folder collects an image folder, on disk or in an archive, while it is read. The
// images are in [prefix/][train|test/]class/. Hidden files, and files whose names are
// not those of PNG or JPEG images, are ignored.
type folder struct {
	split    string // train, test or all
	auto     bool   // see loader.auto
	prefix   string // the directories above split and class, which all images have in common
	splits   map[string]bool
	classes  map[string]bool // of all splits, so that labels do not depend on the split
	dirs     map[string]bool // all directories, to find classes without images
	seen     map[string]bool // all paths, to find repeated ones
	pictures []*picture      // the images of the split
	decoder  *decoder
	growth   *growth // from the archive, or from all files, to the pixels
}

// newFolder returns an empty folder that collects the images of a split.
func newFolder(split string, auto bool) *folder {
	var g growth
	return &folder{
		split: split, auto: auto, decoder: newDecoder(&g), growth: &g,
		splits: map[string]bool{}, classes: map[string]bool{}, seen: map[string]bool{},
		dirs: map[string]bool{},
	}
}

// addDir records a directory and its parent directories.
func (f *folder) addDir(dir string) error {
	for ; dir != "." && !f.dirs[dir]; dir = path.Dir(dir) {
		if len(f.dirs) == MaxDirs {
			return fmt.Errorf("%w: more than %d directories", ErrCorrupt, MaxDirs)
		}
		f.dirs[dir] = true
	}
	return nil
}

// isImage reports whether the name of a slash path is that of an image file that is not
// hidden.
func isImage(p string) bool {
	if isHidden(p) {
		return false
	}
	switch strings.ToLower(path.Ext(p)) {
	case ".png", ".jpg", ".jpeg":
		return true
	}
	return false
}

// isHidden reports whether a part of a slash path is hidden, or is the directory that
// macOS adds to archives.
func isHidden(p string) bool {
	for part := range strings.SplitSeq(p, "/") {
		if strings.HasPrefix(part, ".") || part == "__MACOSX" {
			return true
		}
	}
	return false
}

// addImage records the path of an image file and returns the picture to decode, nil if
// the image does not belong to the split asked for.
func (f *folder) addImage(p string) (*picture, error) {
	if f.seen[p] {
		return nil, fmt.Errorf("%w: %s is there twice", ErrCorrupt, p)
	}
	if len(f.seen) == MaxImages {
		return nil, fmt.Errorf("%w: more than %d images", ErrCorrupt, MaxImages)
	}
	f.seen[p] = true
	dirs := strings.Split(p, "/")
	pic := &picture{path: p, file: dirs[len(dirs)-1]}
	if dirs = dirs[:len(dirs)-1]; len(dirs) == 0 {
		return nil, fmt.Errorf("%w: %s is not in a class folder; images belong in folders with the names of their classes", ErrCorrupt, p)
	}
	pic.class, dirs = dirs[len(dirs)-1], dirs[:len(dirs)-1]
	if n := len(dirs); n > 0 && (dirs[n-1] == SplitTrain || dirs[n-1] == SplitTest) {
		pic.split, dirs = dirs[n-1], dirs[:n-1]
	}
	prefix := strings.Join(dirs, "/")
	if len(f.splits) == 0 {
		f.prefix = prefix
	}
	f.splits[pic.split] = true
	if prefix != f.prefix || f.splits[""] && len(f.splits) > 1 {
		return nil, fmt.Errorf("%w: %s has another layout than the images before it; images belong in class folders, "+
			"and these either all directly in the folder or all below %s/ and %s/", ErrCorrupt, p, SplitTrain, SplitTest)
	}
	f.classes[pic.class] = true
	if pic.split == "" && f.split != SplitAll && !f.auto {
		return nil, fmt.Errorf("%w: %q: the images are not divided into %s/ and %s/; choose auto or all", ErrSplit, f.split, SplitTrain, SplitTest)
	}
	if pic.split != "" && f.split != SplitAll && pic.split != f.split {
		return nil, nil
	}
	f.pictures = append(f.pictures, pic)
	return pic, nil
}

// set returns the decoded images as a set, sorted by split (train first), class and
// file name.
func (f *folder) set(name, where string) (*Set, error) {
	if len(f.pictures) == 0 {
		if len(f.seen) > 0 {
			return nil, fmt.Errorf("%w: %q: %s has no %s/", ErrSplit, f.split, where, f.split)
		}
		return nil, fmt.Errorf("%w: %s holds no PNG or JPEG images in class folders", ErrMissing, where)
	}
	f.addEmptyClasses()
	classes := sortClasses(f.classes)
	labels := make(map[string]uint8, len(classes))
	for i, class := range classes[:min(len(classes), MaxClasses)] { // New refuses more
		labels[class] = uint8(i)
	}
	slices.SortFunc(f.pictures, func(a, b *picture) int {
		// "train" comes before "test", as in the numbering of the published datasets.
		return cmp.Or(-cmp.Compare(a.split, b.split), cmp.Compare(labels[a.class], labels[b.class]), cmp.Compare(a.file, b.file))
	})
	channels := 1
	for _, p := range f.pictures {
		channels = max(channels, p.c)
	}
	w, h := f.pictures[0].w, f.pictures[0].h
	if err := checkDims(len(f.pictures), channels, h, w); err != nil {
		return nil, err
	}
	images := make([]uint8, 0, len(f.pictures)*channels*h*w)
	values := make([]uint8, len(f.pictures))
	for i, p := range f.pictures {
		for range channels / p.c { // a grey image among coloured ones becomes three equal planes
			images = append(images, p.pixels...)
		}
		values[i] = labels[p.class]
		p.pixels = nil // so that its memory can be reused while others are copied
	}
	return New(name, images, values, channels, h, w, classes)
}

// stopped waits for the decoder after a walk over the files has ended with err, and
// returns the error of the whole. That of a bad image has priority over err: the image
// was read before the cause of err, and only the timing decides whether the walk
// noticed it.
func (f *folder) stopped(err error) error {
	if bad := f.decoder.wait(); bad != nil {
		return bad
	}
	return err
}

// addEmptyClasses adds the class folders without an image, so that [New] refuses them.
func (f *folder) addEmptyClasses() {
	depth := 1
	if !f.splits[""] {
		depth = 2
	}
	for dir := range f.dirs {
		rest := dir
		if f.prefix != "" {
			var inside bool
			if rest, inside = strings.CutPrefix(dir, f.prefix+"/"); !inside {
				continue
			}
		}
		parts := strings.Split(rest, "/")
		if isHidden(rest) || len(parts) != depth || depth == 2 && !f.splits[parts[0]] {
			continue
		}
		f.classes[parts[depth-1]] = true
	}
}

// sortClasses returns class names in the order of their labels: that of CIFAR-10 if
// they are its classes, otherwise sorted.
func sortClasses(names map[string]bool) []string {
	sorted := slices.Sorted(maps.Keys(names))
	canonical := slices.Clone(cifarClasses)
	if slices.Equal(sorted, slices.Sorted(slices.Values(canonical))) {
		return canonical
	}
	return sorted
}
