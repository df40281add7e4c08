package datasets

import (
	"sync"

	"backfire/datasets/census"
)

// equalImages finds equal images of a set, once.
type equalImages struct {
	once  sync.Once
	first map[int]int
}

// EqualImages returns, for each image whose pixels equal those of another image of the
// set, the index of the first of these images; it is empty if no two images are equal.
// The first call compares all images, unless the census counted no repeated one. The
// caller must not change the map.
func (s *Set) EqualImages() map[int]int {
	s.equal.once.Do(func() {
		if s.Census.Seen > 0 && s.Census.Pixels.Repeated == 0 {
			return
		}
		s.equal.first = map[int]int{}
		index := census.NewIndex(s.Images, s.C*s.H*s.W)
		for image := range s.Len() {
			if first := index.Add(image); first != image {
				s.equal.first[first], s.equal.first[image] = first, first
			}
		}
	})
	return s.equal.first
}
