package datasets

import (
	"context"
	"fmt"
	"path/filepath"

	"backfire/datasets/census"
)

// The values of Source.Split; an empty one means SplitAuto.
const (
	SplitAuto  = "auto"  // train for mnist and fashion-mnist, all for the others
	SplitTrain = "train" // the training images
	SplitVal   = "val"   // the images for validation
	SplitTest  = "test"  // the test images
	SplitExtra = "extra" // further images with labels, such as SVHN's
	SplitAll   = "all"   // all of them in this order
)

// Source names the images to load and the places to look for them.
type Source struct {
	Name     string // embedded, mnist, fashion-mnist, cifar10 or folder
	Path     string // file or directory; empty: Dir/Name
	Split    string // auto, one of Splits, or all; empty: auto
	Dir      string // data directory; empty: the directory that Fetch uses by default, see [DataDir]
	CacheDir string // directory of decoded archives and image folders; empty: the user's cache, see [DecodedDir]
	// CacheLimit is the largest size of CacheDir in bytes; 0: DefaultCacheLimit. Beyond
	// it, the sets that were not used for the longest time are deleted.
	CacheLimit int64
	// Resize is the size of all images and the filter that brings them to it, such as
	// "32x32 bilinear"; empty: all images must have one size.
	Resize string
	// Contributors is ContributorFolders or ContributorColumn; empty: contributors are
	// not asked for.
	Contributors string
}

// loader carries out one call of Load.
type loader struct {
	src   Source
	info  Info
	pins  map[string]string // published checksums by file name without .gz; nil: none
	split string            // one of Splits, or all
	size  resizing          // of all images
	auto  bool              // no split was asked for, so data without splits are loaded as a whole
}

// Load reads a dataset. The rows have the order of the original files. Those of an
// image folder are sorted by split (train first), class and file name.
//
// Archives and image folders are decoded once and read from a cache of decoded sets
// after that. The cache is checked on every use and rebuilt if it is damaged or the
// data have changed. If it cannot be written, Load takes longer but succeeds.
//
// Errors wrap [ErrMissing], [ErrCorrupt], [ErrSplit] or [ErrUnknownDataset]
// where they apply.
func Load(ctx context.Context, src Source) (*Set, error) {
	set, err := load(ctx, src)
	if err != nil {
		return nil, fmt.Errorf("datasets: load %s: %w", src.Name, err)
	}
	return set, nil
}

// load reads a dataset. Its errors lack the prefix of [Load]'s.
func load(ctx context.Context, src Source) (*Set, error) {
	l, err := newLoader(src)
	if err != nil {
		return nil, err
	}
	return l.load(ctx)
}

// newLoader returns a loader for a source, or an error if its name or split is not known.
func newLoader(src Source) (*loader, error) {
	info, err := Describe(src.Name)
	if err != nil {
		return nil, err
	}
	l := &loader{src: src, info: info, pins: info.pins(), split: src.Split}
	switch src.Split {
	case SplitTrain, SplitVal, SplitTest, SplitExtra, SplitAll:
	case SplitAuto, "":
		l.auto = true
		l.split = SplitAll
		if src.Name == MNIST || src.Name == FashionMNIST {
			l.split = SplitTrain
		}
	default:
		return nil, fmt.Errorf("%w: %q: choose auto, train, val, test, extra or all", ErrSplit, src.Split)
	}
	if l.size, err = parseResize(src.Resize); err != nil {
		return nil, err
	}
	switch src.Contributors {
	case "", ContributorFolders, ContributorColumn:
	default:
		return nil, fmt.Errorf("contributors %q: choose %s or %s", src.Contributors, ContributorFolders, ContributorColumn)
	}
	return l, nil
}

// load finds and reads the data, and checks that they have the shape and the classes of
// the dataset that was named.
func (l *loader) load(ctx context.Context) (*Set, error) {
	if l.src.Name == Embedded {
		set, err := l.loadEmbedded()
		if err == nil {
			err = l.checkAsked(set)
		}
		if err != nil {
			return nil, err
		}
		return counted(set), nil
	}
	loc, err := l.locate()
	if err != nil {
		return nil, err
	}
	var set *Set
	switch loc.format {
	case formatIDX:
		set, err = l.loadIDX(loc.path)
		set = counted(set)
	case formatCIFAR:
		set, err = l.loadCIFAR(ctx, loc)
		set = counted(set)
	case formatFile:
		set, err = l.loadFile(ctx, loc)
	case formatArchive:
		set, err = l.loadArchive(ctx, loc)
	case formatFolder:
		set, err = l.loadFolder(ctx, loc.path)
	}
	if err != nil {
		return nil, err
	}
	if l.info.Classes != nil && (set.C != l.info.C || set.H != l.info.H || set.W != l.info.W || len(set.Classes) != len(l.info.Classes)) {
		return nil, fmt.Errorf("%w: %s holds %d classes of %dx%dx%d images, %s has %d of %dx%dx%d; "+
			"for data of your own use the name %s", ErrCorrupt, loc.path, len(set.Classes), set.C, set.H, set.W,
			l.info.Title, len(l.info.Classes), l.info.C, l.info.H, l.info.W, Folder)
	}
	if err := l.checkAsked(set); err != nil {
		return nil, err
	}
	if loc.format == formatArchive && loc.root != "" {
		var out census.Tally
		if err := surroundings(&out, loc.root, func(name string) census.Reason {
			if name == filepath.Base(loc.path) {
				return ""
			}
			return census.Beside
		}); err != nil {
			return nil, err
		}
		set.Census = set.Census.With(&out)
	}
	return set, nil
}

// checkAsked returns an error for a set without what the source asks for: data that are
// no image files cannot be resized or, without a column, name their contributors.
func (l *loader) checkAsked(set *Set) error {
	if l.size.w != 0 && (set.W != l.size.w || set.H != l.size.h) {
		return advisedf("%w: data.resize is for image files and Parquet tables; these data have images of %dx%d", ErrCorrupt, set.W, set.H)
	}
	if l.src.Contributors != "" && set.Contributors == nil {
		return advisedf("%w: data.contributors = %s: these data do not name contributors", ErrCorrupt, l.src.Contributors)
	}
	return nil
}

// counted adds the counts of its pixels to the census of a set, unless it is nil.
func counted(set *Set) *Set {
	if set != nil {
		set.Census.Pixels = census.Count(set.Images, set.Labels, set.C, set.H*set.W)
		set.Census.Contributors = set.Contributors.count()
	}
	return set
}

// root returns the file or directory in which to look for the data.
func (l *loader) root() (string, error) {
	if l.src.Path != "" {
		return l.src.Path, nil
	}
	if l.src.Name == Folder {
		return "", fmt.Errorf("%w: the name %s needs a path: set data.path to a folder or archive of images", ErrMissing, Folder)
	}
	dir, err := DataDir(l.src.Dir)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, l.src.Name), nil
}

// wayOut returns advice on how to get data that are missing.
func (l *loader) wayOut() string {
	if len(l.info.Files) == 0 || l.src.Path != "" {
		return "check data.path"
	}
	return fmt.Sprintf("run `backfire data fetch %s`, or set data.dir to the directory that has %s/", l.src.Name, l.src.Name)
}

// repair returns advice on how to replace data that cannot be used.
func (l *loader) repair() string {
	switch {
	case len(l.info.Files) == 0:
		return "replace or remove it"
	case l.src.Path != "":
		return fmt.Sprintf("replace it, or load data of your own under the name %s", Folder)
	}
	return fmt.Sprintf("run `backfire data fetch %s` to replace it", l.src.Name)
}
