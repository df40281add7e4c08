// Package census counts what a dataset consists of: the files that were seen, read and
// left out, the classes of each split, and the images that repeat another or show
// nothing.
package census

import (
	"bytes"
	"hash/maphash"
	"slices"
)

// Reason is a cause for which a file of a dataset is left out.
type Reason string

// The reasons, in the order in which they are told.
const (
	Format  Reason = "format"  // an image in a format that is not read
	Split   Reason = "split"   // an image of a split that was not asked for
	Archive Reason = "archive" // an archive among the images; it is not unpacked
	Beside  Reason = "beside"  // a file or folder beside the data, which have another form
	Link    Reason = "link"    // a link to a file that is no image, or to none
	Special Reason = "special" // a pipe, a socket, a device
	Hidden  Reason = "hidden"  // a hidden file, or one that other programs keep; a hidden folder counts as one file
	Other   Reason = "other"   // a file that is no image by its name
)

// Reasons returns all reasons in the order in which they are told.
func Reasons() []Reason {
	return []Reason{Format, Split, Archive, Beside, Link, Special, Hidden, Other}
}

// LeftOut counts the files that were left out for one reason.
type LeftOut struct {
	Reason  Reason `json:"reason"`
	Kind    string `json:"kind,omitempty"` // the ending of the names in lower case, such as .webp; only for Format and Archive
	Files   int    `json:"files"`          // at least 1
	Example string `json:"example"`        // the first of the paths by their bytes, in printable characters
}

// SplitCount counts the images of one split.
type SplitCount struct {
	Name    string `json:"name"`    // train or test; empty: the data have no splits
	Images  int    `json:"images"`  // of all classes
	Classes []int  `json:"classes"` // images of each class; the index is the label
}

// Add counts images by their labels, each below len(Classes).
func (s *SplitCount) Add(labels []uint8) {
	s.Images += len(labels)
	for _, label := range labels {
		s.Classes[label]++
	}
}

// Census is the account of one load of a dataset. It does not depend on the order of
// the files, nor on whether they lie in a directory or in an archive.
type Census struct {
	Seen     int          `json:"seen"`     // files below the path: Read and all of LeftOut
	Read     int          `json:"read"`     // files whose content became images or labels
	LeftOut  []LeftOut    `json:"left_out"` // by reason and kind, in the order of Reasons
	Splits   []SplitCount `json:"splits"`   // those that were read, train first
	Empty    int          `json:"empty"`    // folders without a file that are not class folders
	Trailing int64        `json:"trailing"` // bytes behind the end of an archive, without zeros for padding
	Pixels   Pixels       `json:"pixels"`
	// Resize is the size to which all images were brought and the filter, such as
	// "32x32 bilinear"; empty: no image was resized.
	Resize string `json:"resize,omitempty"`
	// Contributors counts the images of each contributor, in the order of the seats;
	// empty: contributors were not asked for.
	Contributors []ContributorCount `json:"contributors,omitempty"`
}

// ContributorCount counts the images of one contributor.
type ContributorCount struct {
	Name   string `json:"name"`
	Images int    `json:"images"`
}

// With returns the census with further files that were left out.
func (c Census) With(more *Tally) Census {
	var all Tally
	for _, l := range append(more.LeftOut(), c.LeftOut...) {
		all.Add(l.Reason, l.Kind, l.Example)
		all.groups[group{l.Reason, l.Kind}].Files += l.Files - 1
	}
	c.LeftOut = all.LeftOut()
	c.Seen += more.Files()
	return c
}

// Pixels counts the images whose pixels carry little.
type Pixels struct {
	Repeated   int `json:"repeated"`    // images that equal an earlier image of the set
	OtherLabel int `json:"other_label"` // of Repeated, those with another label than the earlier image
	Constant   int `json:"constant"`    // images of one value in each channel
}

// Left returns the number of files that were left out, for one reason or for all if
// reason is empty.
func (c Census) Left(reason Reason) int {
	n := 0
	for _, l := range c.LeftOut {
		if reason == "" || l.Reason == reason {
			n += l.Files
		}
	}
	return n
}

// Count returns the counts of images that repeat another or are of one value. The images
// are those of a set: len(labels) rows of planes*area values.
func Count(images, labels []uint8, planes, area int) Pixels {
	var p Pixels
	index := NewIndex(images, planes*area)
	for i, label := range labels {
		if isConstant(index.row(i), area) {
			p.Constant++
		}
		if first := index.Add(i); first != i {
			p.Repeated++
			if labels[first] != label {
				p.OtherLabel++
			}
		}
	}
	return p
}

// isConstant reports whether each plane of an image has one value.
func isConstant(row []uint8, area int) bool {
	for plane := range slices.Chunk(row, area) {
		// A row equals itself moved by one value if all values are equal.
		if !bytes.Equal(plane[1:], plane[:len(plane)-1]) {
			return false
		}
	}
	return true
}

// Index finds equal rows of bytes.
type Index struct {
	rows  []uint8
	size  int
	seed  maphash.Seed
	first map[uint64]int
}

// NewIndex returns an empty index over rows of size bytes each.
func NewIndex(rows []uint8, size int) *Index {
	return &Index{rows: rows, size: size, seed: maphash.MakeSeed(), first: make(map[uint64]int, len(rows)/size)}
}

// Add adds a row and returns the number of the first added row with the same bytes,
// which is its own if there is none.
func (x *Index) Add(row int) int {
	at, first := x.find(row)
	if first < 0 {
		x.first[at], first = row, row
	}
	return first
}

// Has reports whether a row with the same bytes was added.
func (x *Index) Has(row int) bool {
	_, first := x.find(row)
	return first >= 0
}

// find returns the place of a row in the map and the added row with its bytes, or -1.
func (x *Index) find(row int) (at uint64, first int) {
	content := x.row(row)
	for at = maphash.Bytes(x.seed, content); ; at++ { // another row can have the same hash
		first, ok := x.first[at]
		if !ok {
			return at, -1
		}
		if bytes.Equal(x.row(first), content) {
			return at, first
		}
	}
}

// row returns the bytes of a row.
func (x *Index) row(i int) []uint8 { return x.rows[i*x.size : (i+1)*x.size] }
