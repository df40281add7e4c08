package datasets

import (
	"archive/tar"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"backfire/datasets/census"
)

// archiveLinks are the links of an archive by their paths. They are judged after all
// other entries are known, so that the order of the entries changes nothing.
type archiveLinks map[string]entry

// add records a link.
func (links archiveLinks) add(e entry) error {
	if _, ok := links[e.path]; ok && needed(e.path) {
		return advisedf("%w: %s is there twice; unpack the archive, which keeps the last one, and pack it anew", ErrCorrupt, shown(e.path))
	}
	if len(links) == MaxImages {
		return fmt.Errorf("%w: more than %d links", ErrCorrupt, MaxImages)
	}
	links[e.path] = e
	return nil
}

// addTo adds the links to the listing of the other entries. A hard link is another name
// of a file. A symbolic link to an image or a folder is refused, since only a directory
// on disk shows what it leads to, and one to any other file is left out.
func (links archiveLinks) addTo(ls *listing) error {
	for _, p := range slices.Sorted(maps.Keys(links)) {
		e := links[p]
		if e.kind == tar.TypeSymlink {
			if err := e.leaveOut(ls); err != nil {
				return err
			}
			continue
		}
		target, err := links.target(e)
		if err != nil {
			return err
		}
		if err := ls.addFile(dataFile{path: p, content: target}); err != nil {
			return err
		}
	}
	return nil
}

// target returns the path of the file of which a hard link is another name.
func (links archiveLinks) target(e entry) (string, error) {
	at := e
	for range len(links) + 1 {
		to := path.Clean(at.target)
		if !filepath.IsLocal(to) || path.IsAbs(at.target) {
			return "", advisedf("%w: %q in the archive is a link to %q, which points out of the archive; pack the folder from inside (tar -C FOLDER)",
				ErrCorrupt, e.path, at.target)
		}
		next, ok := links[to]
		if !ok {
			return to, nil
		}
		if at = next; at.kind != tar.TypeLink {
			return "", advisedf("%w: %q in the archive is a link to a link; pack the files themselves (tar --dereference)", ErrCorrupt, e.path)
		}
	}
	return "", advisedf("%w: %q in the archive is part of a circle of links; pack the folder anew", ErrCorrupt, e.path)
}

// leaveOut counts a symbolic link, unless it may stand for an image or a folder.
func (e entry) leaveOut(ls *listing) error {
	target := path.Join(path.Dir(e.path), e.target)
	if path.IsAbs(e.target) {
		target = path.Clean(e.target)
	}
	_, folder := ls.dirs[target]
	if needed(e.path) || folder || !hasEnding(e.path) && !hasEnding(target) {
		return advisedf("%w: %q in the archive is a link; pack the files themselves (tar --dereference)", ErrCorrupt, e.path)
	}
	return ls.leaveOut(census.Link, e.path)
}

// hasEnding reports whether the name of a path has an ending such as .txt, by which it is
// taken for that of a file.
func hasEnding(p string) bool {
	base := path.Base(p)
	return strings.Contains(strings.Trim(base, "."), ".")
}
