package datasets

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"backfire/datasets/census"
)

// maxDataFiles is the largest accepted number of data files of one form.
const maxDataFiles = 4096

// maxDepth is the largest accepted depth of directories in an image folder.
const maxDepth = 64

// dataFile is a file of images or labels in a listing.
type dataFile struct {
	path    string    // slash path, clean and relative
	content string    // the path of the archive's entry with the content: another one for a hard link
	size    int64     // in bytes; not known for a hard link
	stamp   string    // of a file on disk: changes with its content
	changed time.Time // of a file on disk: its last change
}

// listing is the list of all files below a directory or in an archive. It does not
// depend on their order.
type listing struct {
	images  []dataFile
	data    map[string][]dataFile // data files by the name of their form
	named   string                // the file that was named among them; empty: a directory or an archive was named
	batches []dataFile            // CIFAR-10's
	meta    *dataFile             // the class names beside the batches; nil: there are none
	dirs    map[string]bool       // directories that are not hidden; true: files lie below it
	paths   map[string]bool       // of images
	unread  map[string]string     // by directory, the first image in a format that is not read
	// unreadForm is the first file in one of unreadForms; empty: there is none.
	unreadForm string
	out        census.Tally
	trailing   int64 // bytes behind the end of an archive
}

// newListing returns an empty listing.
func newListing() *listing {
	return &listing{dirs: map[string]bool{}, data: map[string][]dataFile{}, paths: map[string]bool{}, unread: map[string]string{}}
}

// addDir records a directory and those above it. full reports whether a file lies below.
func (ls *listing) addDir(dir string, full bool) error {
	if hidden := hiddenPart(dir); hidden != "" {
		return ls.hide(hidden)
	}
	if strings.Count(dir, "/") >= maxDepth {
		return fmt.Errorf("%w: %.100q and more: directories more than %d deep", ErrCorrupt, dir, maxDepth)
	}
	for ; dir != "."; dir = path.Dir(dir) {
		before, known := ls.dirs[dir]
		if known && (before || !full) {
			return nil
		}
		if !known && len(ls.dirs) == MaxDirs {
			return fmt.Errorf("%w: more than %d directories", ErrCorrupt, MaxDirs)
		}
		ls.dirs[dir] = full || before
	}
	return nil
}

// hide counts a hidden file or directory.
func (ls *listing) hide(p string) error {
	ls.out.AddOnce(census.Hidden, p)
	return ls.addDir(path.Dir(p), true)
}

// leaveOut counts a file that is left out for a reason.
func (ls *listing) leaveOut(reason census.Reason, p string) error {
	ls.out.Add(reason, "", p)
	return ls.addDir(path.Dir(p), true)
}

// addFile records a regular file.
func (ls *listing) addFile(f dataFile) error {
	if hidden := hiddenPart(f.path); hidden != "" {
		return ls.hide(hidden)
	}
	base := path.Base(f.path)
	switch {
	case isCIFARBatch(base):
		if slices.ContainsFunc(ls.batches, func(b dataFile) bool { return path.Base(b.path) == base }) {
			return advisedf("%w: %s is there twice; keep one of them", ErrCorrupt, base)
		}
		ls.batches = append(ls.batches, f)
	case isImage(base):
		if ls.paths[f.path] {
			return advisedf("%w: %s is there twice; unpack the archive, which keeps the last one, and pack it anew", ErrCorrupt, f.path)
		}
		if len(ls.images) == MaxImages {
			return fmt.Errorf("%w: more than %d images", ErrCorrupt, MaxImages)
		}
		ls.paths[f.path] = true
		ls.images = append(ls.images, f)
	case base == cifarMeta && (ls.meta == nil || f.path < ls.meta.path):
		if ls.meta != nil {
			ls.out.Add(census.Other, "", ls.meta.path)
		}
		ls.meta = &f
	default:
		if form, ok := formOf(f.path); ok {
			return ls.addData(form, f)
		}
		reason, kind := otherKind(base)
		if dir := path.Dir(f.path); reason == census.Format && (ls.unread[dir] == "" || f.path < ls.unread[dir]) {
			ls.unread[dir] = f.path
		}
		if isUnreadForm(base) && (ls.unreadForm == "" || f.path < ls.unreadForm) {
			ls.unreadForm = f.path
		}
		ls.out.Add(reason, kind, f.path)
	}
	return ls.addDir(path.Dir(f.path), true)
}

// addData records a data file of a form.
func (ls *listing) addData(form form, f dataFile) error {
	files := ls.data[form.name]
	if slices.ContainsFunc(files, func(other dataFile) bool { return other.path == f.path }) {
		return advisedf("%w: %s is there twice; unpack the archive, which keeps the last one, and pack it anew", ErrCorrupt, shown(f.path))
	}
	if len(files) == maxDataFiles {
		return fmt.Errorf("%w: more than %d %s", ErrCorrupt, maxDataFiles, form.name)
	}
	ls.data[form.name] = append(files, f)
	return ls.addDir(path.Dir(f.path), true)
}

// dataOf returns the data files of all forms.
func (ls *listing) dataOf() []dataFile {
	var all []dataFile
	for _, name := range slices.Sorted(maps.Keys(ls.data)) {
		all = append(all, ls.data[name]...)
	}
	return all
}

// sort brings the files into the order of their paths.
func (ls *listing) sort() {
	for _, files := range append(slices.Collect(maps.Values(ls.data)), ls.images, ls.batches) {
		slices.SortFunc(files, func(a, b dataFile) int { return strings.Compare(a.path, b.path) })
	}
}

// empty returns the number of directories with neither a file nor a directory in them.
func (ls *listing) empty() int {
	parents := make(map[string]bool, len(ls.dirs))
	for dir := range ls.dirs {
		parents[path.Dir(dir)] = true
	}
	n := 0
	for dir, full := range ls.dirs {
		if !full && !parents[dir] {
			n++
		}
	}
	return n
}

// needed reports whether a file must be read or refused by its path, and not left out.
func needed(p string) bool {
	base := path.Base(p)
	_, data := formOf(p)
	return data || isImage(base) || isCIFARBatch(base) || base == cifarMeta
}

// otherFormats are the endings of the names of images in formats that are not read.
var otherFormats = []string{
	".apng", ".avif", ".cr2", ".dcm", ".dng", ".exr", ".heic", ".heif", ".ico", ".j2k", ".jp2", ".jxl",
	".nef", ".pbm", ".pcx", ".psd", ".svg", ".tga", ".xbm", ".xpm",
}

// archiveEndings are the endings of the names of archives and compressed files.
var archiveEndings = []string{
	".7z", ".bz2", ".gz", ".lz4", ".rar", ".tar", ".tbz", ".tbz2", ".tgz", ".txz", ".tzst", ".xz", ".zip", ".zst",
}

// otherKind returns the reason for which a file that is not read is left out, and the
// ending of its name where the reason has kinds.
func otherKind(base string) (census.Reason, string) {
	ending := strings.ToLower(path.Ext(base))
	switch {
	case slices.Contains(otherFormats, ending):
		return census.Format, ending
	case slices.Contains(archiveEndings, ending):
		return census.Archive, ending
	}
	return census.Other, ""
}

// litter are the names of files and directories that systems and other programs keep
// among those of a person. None of them holds images of a set.
var litter = []string{
	"__MACOSX", "__pycache__", "@eaDir", "#recycle", "#snapshot", "lost+found", "$RECYCLE.BIN", "System Volume Information",
	"Thumbs.db", "desktop.ini",
}

// hiddenPart returns the beginning of a slash path up to its first name that is hidden
// or that other programs keep; empty if it has none.
func hiddenPart(p string) string {
	if p == "." {
		return ""
	}
	end := 0
	for part := range strings.SplitSeq(p, "/") {
		end += len(part)
		if strings.HasPrefix(part, ".") || slices.ContainsFunc(litter, func(name string) bool { return strings.EqualFold(name, part) }) {
			return p[:end]
		}
		end++
	}
	return ""
}
