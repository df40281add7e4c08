package store

// Names that the tests of the contract see.
const (
	AsideDir = asideDir
	LocksDir = locksDir
	OpenFile = openFile
	WorkDir  = workDir
)

// ReadRecord reads the result in dir without its store.
var ReadRecord = readRecord
