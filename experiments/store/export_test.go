package store

import "backfire/internal/disk"

// Names that the tests of the contract see.
const (
	AsideDir = asideDir
	LocksDir = locksDir
	OpenFile = openFile
	WorkDir  = workDir
)

// ReadRecord reads the result in dir without its store.
func ReadRecord(dir, hash string, check func(m Manifest, dir disk.Dir) error) (*Record, error) {
	return readRecord(disk.In(dir), hash, check)
}
