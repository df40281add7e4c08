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
	split  string // one of Splits, or empty
	class  string
	source string // the contributor, if the folder above class and split names it
	raster
}

// layout is where the images of a folder lie: in [prefix/][split/]class/.
type layout struct {
	prefix  string // the directories above split and class
	divided bool   // into splits
	sourced bool   // the last directory of the prefix named the contributor and was removed
}

// arrangement is an image folder whose layout is known.
type arrangement struct {
	layout
	pictures []*picture // of the split asked for, sorted by split (train first), class and file name
	classes  []string   // of all splits, so that labels do not depend on the split; in the order of the labels
	labels   map[string]int
	others   []dataFile // the images of other splits
}

// place is where an image lies.
type place struct {
	layout
	split, class, source string
}

// place returns where an image lies. The class is empty if the image is not in a
// directory, or is in none of a contributor where these are asked for.
func (l *loader) place(p string) place {
	at, split, class := placeOf(p)
	if l.src.Contributors != ContributorFolders {
		return place{layout: at, split: split, class: class}
	}
	if at.prefix == "" {
		return place{layout: at}
	}
	above, source := path.Dir(at.prefix), path.Base(at.prefix)
	if above == "." {
		above = ""
	}
	return place{layout{above, at.divided, true}, split, class, source}
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
	if dirs = dirs[:n-1]; n > 1 && splitOf(dirs[n-2]) != "" {
		split, dirs = splitOf(dirs[n-2]), dirs[:n-2]
	}
	return layout{prefix: strings.Join(dirs, "/"), divided: split != ""}, split, class
}

// arrange returns the images of the loader's split in the order of the set. It refuses a
// folder in which an image would be lost or a class would be without images.
func (l *loader) arrange(ls *listing, where string) (*arrangement, error) {
	if len(ls.images) == 0 {
		return nil, noImages(ls, where)
	}
	ls.sort()
	a := &arrangement{layout: l.mostCommon(ls.images)}
	counts := map[string]int{}
	for _, image := range ls.images {
		at := l.place(image.path)
		if at.class == "" || at.layout != a.layout {
			return nil, l.misplaced(image.path, at.class)
		}
		counts[at.class]++
		if !l.takes(at.split) {
			a.others = append(a.others, image)
			continue
		}
		a.pictures = append(a.pictures, &picture{dataFile: image, split: at.split, class: at.class, source: at.source})
	}
	if err := a.emptyClass(l, ls, counts); err != nil {
		return nil, err
	}
	a.classes = sortClasses(counts)
	if err := checkClassCount(len(a.classes)); err != nil {
		return nil, err
	}
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
		return cmp.Or(splitRank(x.split)-splitRank(y.split), cmp.Compare(a.labels[x.class], a.labels[y.class]), cmp.Compare(path.Base(x.path), path.Base(y.path)), cmp.Compare(x.source, y.source))
	})
}

// mostCommon returns the layout of most images. Of several, it is the one with the
// shortest prefix.
func (l *loader) mostCommon(images []dataFile) layout {
	counts := map[layout]int{}
	for _, image := range images {
		if at := l.place(image.path); at.class != "" {
			counts[at.layout]++
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
func (l *loader) misplaced(p, class string) error {
	if class == "" && l.src.Contributors == ContributorFolders && strings.Contains(p, "/") {
		return advisedf("%w: %s has no folder of a contributor above its class folder; set data.contributors to none, or add one", ErrCorrupt, shown(p))
	}
	if class == "" {
		hint := ""
		if strings.Contains(p, `\`) {
			hint = `; its path has \ in place of /: pack the archive with another program`
		}
		return advisedf("%w: %s is not in a class folder; images belong in folders with the names of their classes%s", ErrCorrupt, shown(p), hint)
	}
	return fmt.Errorf("%w: %s has another layout than other images; images belong in class folders, "+
		""+
		"and these either all directly in the folder or all below the same splits: %s", ErrCorrupt, shown(p), strings.Join(Splits(), ", "))
}

// emptyClass returns an error if a class folder has no images in any split, and tells
// what lies in it.
func (a *arrangement) emptyClass(l *loader, ls *listing, counts map[string]int) error {
	for _, dir := range slices.Sorted(maps.Keys(ls.dirs)) {
		at := l.place(dir + "/x")
		class := at.class
		if at.layout != a.layout || counts[class] > 0 {
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
	err := fmt.Errorf("%w: %s holds no images in class folders, and no data files that are read", ErrMissing, where)
	if ls.unreadForm != "" {
		return fmt.Errorf("%w%s", err, unreadClause(ls.unreadForm))
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
