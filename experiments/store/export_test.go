package store

import "backfire/experiments/cell"

// Names that the tests of the contract see.
const (
	AsideDir = asideDir
	LocksDir = locksDir
	WorkDir  = workDir
)

// ReadRecord reads the result in dir without its store.
var ReadRecord = readRecord

var _ cell.Cell
