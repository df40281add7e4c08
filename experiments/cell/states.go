package cell

import ()

// GoesOnFrom returns the hashes of the states of other trainings that the training of
// the cell can go on from, the furthest first: the end of the training that an
// inquiry asks, and with sliced agent indexing the beginnings of the slices up to the
// one that a left-out attacker enters in. Other cells begin with their initial
// weights and have none.
func (c Cell) GoesOnFrom() ([]string, error) {
	if c.Attribution != nil {
		hash, err := c.WithoutAttribution().Hash()
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
