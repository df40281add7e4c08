package datasets

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"backfire/datasets/census"
)

// The values of Source.Contributors.
const (
	ContributorFolders = "folders" // the folder above the classes (or the splits) names the contributor
	ContributorColumn  = "column"  // the column source of a table names it
)

// Contributors are the people or places that images come from. A game can make each of
// them an agent.
type Contributors struct {
	Names []string // sorted
	Of    []uint16 // by image, the index of its contributor in Names
}

// maxContributors is the largest accepted number of contributors.
const maxContributors = 1 << 16

// withContributors adds to a set the contributor of each image. They become part of its
// checksum, since a game can depend on them.
func (s *Set) withContributors(of []string) (*Set, error) {
	if len(of) != s.Len() {
		return nil, advisedf("%w: the images name no contributors; set data.contributors to none, or add what names them", ErrCorrupt)
	}
	index := map[string]int{}
	for _, name := range of {
		index[name] = 0
	}
	if len(index) > maxContributors {
		return nil, fmt.Errorf("%w: %d contributors; at most %d are accepted", ErrCorrupt, len(index), maxContributors)
	}
	c := &Contributors{Names: slices.Sorted(maps.Keys(index)), Of: make([]uint16, s.Len())}
	for i, name := range c.Names {
		index[name] = i
	}
	for i, name := range of {
		c.Of[i] = uint16(index[name])
	}
	s.attach(c)
	return s, nil
}

// attach sets the contributors of a set that has none, and its checksum.
func (s *Set) attach(c *Contributors) {
	hash := sha256.New()
	fmt.Fprintf(hash, "%s contributors %q %d", s.Checksum, c.Names, c.Of)
	s.Contributors, s.Checksum = c, hex.EncodeToString(hash.Sum(nil))
}

// fits returns an error unless the contributors are those of a set.
func (c *Contributors) fits(s *Set) error {
	if len(c.Of) != s.Len() {
		return fmt.Errorf("%w: contributors of %d images for %d", ErrCorrupt, len(c.Of), s.Len())
	}
	for _, at := range c.Of {
		if int(at) >= len(c.Names) {
			return fmt.Errorf("%w: a contributor without a name", ErrCorrupt)
		}
	}
	return nil
}

// count returns the number of images of each contributor; nil: there are none.
func (c *Contributors) count() []census.ContributorCount {
	if c == nil {
		return nil
	}
	counts := make([]census.ContributorCount, len(c.Names))
	for i, name := range c.Names {
		counts[i].Name = name
	}
	for _, at := range c.Of {
		counts[at].Images++
	}
	return counts
}
