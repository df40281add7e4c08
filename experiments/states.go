package experiments

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

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

// NeededStates returns the files in States that cells which are still to be trained
// would go on from: for each of the cells without a result, the furthest of its
// states that is there. What is stored needs none of them, and no result depends on
// one: without its state a cell is trained from the beginning, to the same files. So
// all others may be removed, and these too at the price of training again.
func (s *Store) NeededStates(cells []Cell) (map[string]bool, error) {
	states, err := s.States()
	if err != nil {
		return nil, err
	}
	stored, err := s.names()
	if err != nil {
		return nil, fmt.Errorf("experiments: states that are needed: %w", err)
	}
	needed := map[string]bool{}
	for _, cell := range cells {
		hash, err := cell.Hash()
		if err != nil {
			return nil, err
		}
		if stored[hash] {
			continue
		}
		sources, err := cell.GoesOnFrom()
		if err != nil {
			return nil, err
		}
		for _, source := range sources {
			path := stateFile(states, source)
			_, err := os.Stat(path)
			if err == nil {
				needed[path] = true
				break
			}
			if !errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("experiments: states that are needed: %w", err)
			}
		}
	}
	return needed, nil
}
