package export

import (
	"backfire/internal/disk"
	"backfire/internal/torchfile"
)

// BenchDatasets writes the images of an attacker for BackdoorBench and returns the states of its datasets, whatever
// the dataset is called.
func (m *Model) BenchDatasets(dir disk.Dir, attacker int) (train, test torchfile.Dict, err error) {
	made := map[string]bool{}
	if train, err = m.benchTraining(dir, "record/x", made); err != nil {
		return nil, nil, err
	}
	test, err = m.benchHeldOut(dir, "record/x", attacker, made)
	return train, test, err
}
