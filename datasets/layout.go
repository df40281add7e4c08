package datasets

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"backfire/datasets/census"
)

// picture is one image of an image folder.
type picture struct {
	dataFile
	split string // train, test or empty
	class string
	raster
}

// layout is where the images of a folder lie: in [prefix/][train|test/]class/.
type layout struct {
	prefix  string // the directories above split and class
	divided bool   // into train/ and test/
}

// arrangement is an image folder whose layout is known.
type arrangement struct {
	layout
	pictures []*picture // of the split asked for, sorted by split (train first), class and file name
	classes  []string   // of all splits, so that labels do not depend on the split; in the order of the labels
	labels   map[string]int
	others   []dataFile // the images of other splits
}

// placeOf returns an image's layout, split and class. The class is empty if the image is
// not in a directory.
func placeOf(p string) (layout, string, string) {
	dirs := strings.Split(p, "/")
	dirs = dirs[:len(dirs)-1]
	n := len(dirs)
	if n == 0 {
		return layout{}, "", ""
	}
	class, split := dirs[n-1], ""
	if dirs = dirs[:n-1]; n > 1 && (dirs[n-2] == SplitTrain || dirs[n-2] == SplitTest) {
		split, dirs = dirs[n-2], dirs[:n-2]
	}
	return layout{strings.Join(dirs, "/"), split != ""}, split, class
}

// arrange returns the images of the loader's split in the order of the set. It refuses a
// folder in which an image would be lost or a class would be without images.
func (l *loader) arrange(ls *listing, where string) (*arrangement, error) {
	if len(ls.images) == 0 {
		return nil, noImages(ls, where)
	}
	ls.sort()
	a := &arrangement{layout: mostCommon(ls.images)}
	counts := map[string]int{}
	for _, image := range ls.images {
		at, split, class := placeOf(image.path)
		if class == "" || at != a.layout {
			return nil, a.misplaced(image.path, class)
		}
		counts[class]++
		if split != "" && l.split != SplitAll && split != l.split {
			a.others = append(a.others, image)
			continue
		}
		a.pictures = append(a.pictures, &picture{dataFile: image, split: split, class: class})
	}
	if err := a.emptyClass(ls, counts); err != nil {
		return nil, err
	}
	a.classes = sortClasses(counts)
	if err := checkNames(a.classes); err != nil {
		return nil, err
	}
	if !a.divided && l.split != SplitAll && !l.auto {
		return nil, fmt.Errorf("%w: %q: the images are not divided into %s/ and %s/; choose auto or all", ErrSplit, l.split, SplitTrain, SplitTest)
	}
	if len(a.pictures) == 0 {
		return nil, fmt.Errorf("%w: %q: %s has no %s/", ErrSplit, l.split, where, l.split)
	}
	a.sort()
	return a, a.complete(l.split)
}

// sort brings the pictures into the order of the set.
func (a *arrangement) sort() {
	a.labels = make(map[string]int, len(a.classes))
	for i, class := range a.classes {
		a.labels[class] = i
	}
	slices.SortFunc(a.pictures, func(x, y *picture) int {
		// "train" comes before "test", as in the numbering of the published datasets.
		return cmp.Or(-cmp.Compare(x.split, y.split), cmp.Compare(a.labels[x.class], a.labels[y.class]), cmp.Compare(path.Base(x.path), path.Base(y.path)))
	})
}

// mostCommon returns the layout of most images. Of several, it is the one with the
// shortest prefix.
func mostCommon(images []dataFile) layout {
	counts := map[layout]int{}
	for _, image := range images {
		if at, _, class := placeOf(image.path); class != "" {
			counts[at]++
		}
	}
	var best layout
	for at, n := range counts {
		order := cmp.Or(cmp.Compare(counts[best], n), cmp.Compare(len(at.prefix), len(best.prefix)), cmp.Compare(at.prefix, best.prefix))
		if order < 0 || order == 0 && !at.divided {
			best = at
		}
	}
	return best
}

// misplaced returns the error for an image that is not where the others are.
func (a *arrangement) misplaced(p, class string) error {
	if class == "" {
		hint := ""
		if strings.Contains(p, `\`) {
			hint = `; its path has \ in place of /: pack the archive with another program`
		}
		return advisedf("%w: %s is not in a class folder; images belong in folders with the names of their classes%s", ErrCorrupt, shown(p), hint)
	}
	for part := range strings.SplitSeq(path.Dir(path.Dir(p)), "/") {
		if part != SplitTrain && part != SplitTest && slices.Contains(otherSplits, strings.ToLower(part)) {
			return advisedf("%w: %s has another layout than other images: the splits that are read are called %s/ and %s/; "+
				"rename %s/, or move it away and load it alone", ErrCorrupt, shown(p), SplitTrain, SplitTest, part)
		}
	}
	return fmt.Errorf("%w: %s has another layout than other images; images belong in class folders, "+
		"and these either all directly in the folder or all below %s/ and %s/", ErrCorrupt, shown(p), SplitTrain, SplitTest)
}

// otherSplits are names that other programs give to splits, in lower case.
var otherSplits = []string{
	"train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval", "evaluation", "holdout", "extra", "unlabeled",
}

// emptyClass returns an error if a class folder has no images in any split, and tells
// what lies in it.
func (a *arrangement) emptyClass(ls *listing, counts map[string]int) error {
	for _, dir := range slices.Sorted(maps.Keys(ls.dirs)) {
		at, _, class := placeOf(dir + "/x")
		if at != a.layout || counts[class] > 0 {
			continue
		}
		hint := "remove the folder"
		if example := ls.unread[dir]; example != "" {
			hint = fmt.Sprintf("images such as %s are not read: convert them to PNG", shown(example))
		}
		return advisedf("%w: class %q has no images; %s", ErrCorrupt, class, hint)
	}
	return nil
}

// complete returns an error unless each class has an image in the split.
func (a *arrangement) complete(split string) error {
	has := make(map[string]bool, len(a.classes))
	for _, p := range a.pictures {
		has[p.class] = true
	}
	for _, class := range a.classes {
		if !has[class] {
			return advisedf("%w: class %q has no images in %s/; set data.split to %s, or move the class away", ErrCorrupt, class, split, SplitAll)
		}
	}
	return nil
}

// splits returns the number of images of each split and class.
func (a *arrangement) splits() []census.SplitCount {
	var counts []census.SplitCount
	for _, p := range a.pictures {
		if n := len(counts); n == 0 || counts[n-1].Name != p.split {
			counts = append(counts, census.SplitCount{Name: p.split, Classes: make([]int, len(a.classes))})
		}
		last := &counts[len(counts)-1]
		last.Images++
		last.Classes[a.labels[p.class]]++
	}
	return counts
}

// noImages returns the error for data in which nothing can be read, with what they are.
func noImages(ls *listing, where string) error {
	err := fmt.Errorf("%w: %s holds no PNG or JPEG images in class folders", ErrMissing, where)
	if ls.idx != "" {
		return fmt.Errorf("%w, but IDX files in %s/: unpack them if they are in an archive, and set data.path to their directory", err, ls.idx)
	}
	if n := ls.out.Files(); n > 0 {
		left := census.Census{Seen: n, LeftOut: ls.out.LeftOut()}
		return fmt.Errorf("%w: %s", err, left.Line(nil))
	}
	return err
}

// shown returns a path for an error: with escapes, in quotation marks, if it has
// characters that cannot be printed.
func shown(p string) string {
	if quoted := fmt.Sprintf("%q", p); quoted != `"`+p+`"` {
		return quoted
	}
	return p
}

// sortClasses returns class names in the order of their labels: that of CIFAR-10 if
// they are its classes, otherwise sorted.
func sortClasses[V any](names map[string]V) []string {
	sorted := slices.Sorted(maps.Keys(names))
	canonical := slices.Clone(cifarClasses)
	if slices.Equal(sorted, slices.Sorted(slices.Values(canonical))) {
		return canonical
	}
	return sorted
}
