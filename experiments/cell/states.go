package cell

import "path/filepath"

// StateSuffix ends the name of a file that holds a state of a training.
const StateSuffix = ".safetensors"

// StateFile returns the path of the state called hash in a directory of states.
func StateFile(dir, hash string) string { return filepath.Join(dir, hash+StateSuffix) }

// GoesOnFrom returns the hashes of the states of other trainings that the training of the cell can start from,
// the furthest first: for an attribution and a repair the end of the training that they take, for a filter the
// end of the first training, which it looks at, with sliced agent indexing
// the beginnings of the segments up to the one that an excluded agent would enter in. Other cells start
// from their initial weights and have none. The error is that of Hash.
func (c Cell) GoesOnFrom() ([]string, error) {
	if c.Takes() {
		hash, err := c.Trained().Hash()
		return []string{hash}, err
	}
	if first, ok := c.FirstModel(); ok {
		hash, err := first.Hash()
		return []string{hash}, err
	}
	var hashes []string
	for at := c.SharedSegments(); at > 0; at-- {
		hash, err := c.Prefix(at).Hash()
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}
