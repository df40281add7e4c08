package datasets

import "backfire/datasets/census"

// SharedPixels returns the number of rows in some whose pixels equal those of a row in
// others, such as the held-out images that were also trained on. Rows that are in both
// count, too.
func (s *Set) SharedPixels(some, others []int) int {
	index := census.NewIndex(s.Images, s.C*s.H*s.W)
	for _, row := range others {
		index.Add(row)
	}
	n := 0
	for _, row := range some {
		if index.Has(row) {
			n++
		}
	}
	return n
}
