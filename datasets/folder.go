package datasets

import (
	"errors"
	"fmt"
	"io"

	"backfire/datasets/census"
)

// errEnough ends a walk early because the decoder found a bad image.
var errEnough = errors.New("enough")

// reader reads the data files of a listing, on disk or in an archive, in any order.
type reader interface {
	// read calls use with the size and the content of each file for which wanted is true.
	read(wanted func(path string) bool, use func(path string, size int64, body io.Reader) error) error
}

// readListing reads the images, the CIFAR-10 batches or the data files of a listing.
func (l *loader) readListing(ls *listing, from reader, g *growth, where string) (*Set, error) {
	if len(ls.batches) > 0 {
		if len(ls.images) > 0 {
			return nil, advisedf("%w: both CIFAR-10 batches and image files; keep one of them", ErrCorrupt)
		}
		return l.readBatches(ls, from, where)
	}
	if ls.meta != nil {
		ls.out.Add(census.Other, "", ls.meta.path)
	}
	if len(ls.images) == 0 && len(ls.data) > 0 {
		return l.readForm(ls, from, where)
	}
	for _, f := range ls.dataOf() {
		ls.out.Add(census.Beside, "", f.path)
	}
	a, err := l.arrange(ls, where)
	if err != nil {
		return nil, err
	}
	for _, image := range a.others {
		ls.out.Add(census.Split, "", image.path)
	}
	if err := decodeAll(a.pictures, from, g, l.size); err != nil {
		return nil, err
	}
	set, err := a.set(l.src.Name)
	if err != nil {
		return nil, err
	}
	set.Census = ls.census(len(a.pictures), a.splits())
	set.Census.Resize = l.src.Resize
	return set, nil
}

// census returns the account of a listing of which some files were read.
func (ls *listing) census(read int, splits []census.SplitCount) census.Census {
	return census.Census{Seen: read + ls.out.Files(), Read: read, LeftOut: ls.out.LeftOut(), Splits: splits, Empty: ls.empty(), Trailing: ls.trailing}
}

// decodeAll reads and decodes the pictures.
func decodeAll(pictures []*picture, from reader, g *growth, size resizing) error {
	byContent := make(map[string][]*picture, len(pictures)) // several with hard links
	for _, p := range pictures {
		byContent[p.content] = append(byContent[p.content], p)
	}
	decoder := newDecoder(g)
	decoder.size = size
	err := from.read(func(path string) bool { return byContent[path] != nil }, func(path string, size int64, body io.Reader) error {
		targets := byContent[path]
		delete(byContent, path)
		if size > MaxImageFile {
			return fmt.Errorf("%w: %s has %d bytes; at most %d are accepted", ErrCorrupt, shown(path), size, MaxImageFile)
		}
		data, err := readN(body, size, 0)
		if err != nil {
			return fmt.Errorf("%s: %w", shown(path), err)
		}
		for _, p := range targets {
			if !decoder.add(p, data) {
				return errEnough
			}
		}
		return nil
	})
	// The error of a bad image has priority: the image was read before the cause of err,
	// and only the timing decides whether the walk noticed it.
	if bad := decoder.wait(); bad != nil {
		return bad
	}
	if err != nil {
		return err
	}
	for _, p := range pictures {
		if byContent[p.content] != nil {
			return advisedf("%w: %s is a hard link to %s, which is not in the archive; pack the folder anew", ErrCorrupt, shown(p.path), shown(p.content))
		}
	}
	return nil
}

// set returns the decoded images as a set.
func (a *arrangement) set(name string) (*Set, error) {
	channels := 1
	for _, p := range a.pictures {
		channels = max(channels, p.c)
	}
	w, h := a.pictures[0].w, a.pictures[0].h
	if err := checkDims(len(a.pictures), channels, h, w); err != nil {
		return nil, err
	}
	images := make([]uint8, 0, len(a.pictures)*channels*h*w)
	values := make([]uint8, len(a.pictures))
	for i, p := range a.pictures {
		images = p.appendTo(images, channels)
		values[i] = uint8(a.labels[p.class]) // New refuses more classes than fit
	}
	set, err := New(name, images, values, channels, h, w, a.classes)
	if err != nil || !a.sourced {
		return set, err
	}
	sources := make([]string, len(a.pictures))
	for i, p := range a.pictures {
		sources[i] = p.source
	}
	return set.withContributors(sources)
}

// appendTo appends the pixels of a picture in a number of channels, and frees its own, so
// that their memory can be reused while others are copied. A grey image among coloured
// ones becomes three equal planes.
func (p *picture) appendTo(images []uint8, channels int) []uint8 {
	for range channels / p.c {
		images = append(images, p.pixels...)
	}
	p.pixels = nil
	return images
}
