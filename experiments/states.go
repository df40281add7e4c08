package experiments

import "path/filepath"

// stateFile is the file of the state called hash.
func stateFile(states, hash string) string { return filepath.Join(states, hash+stateSuffix) }

// GoesOnFrom returns the hashes of the states of other trainings that the training of
// the cell can go on from, the furthest first: the end of the training that an
// inquiry asks, and with sliced agent indexing the beginnings of the slices up to the
// one that a left-out attacker enters in. Other cells begin with their initial
// weights and have none.
func (c Cell) GoesOnFrom() ([]string, error) {
	if c.Inquiry != nil {
		hash, err := c.base().Hash()
		return []string{hash}, err
	}
	var hashes []string
	for at := c.shared(); at > 0; at-- {
		hash, err := c.until(at).Hash()
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}
