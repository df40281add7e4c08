package enginetest

import (
	"sync"
)

// What verifiable copies, made once for all tests.
var (
	Pristine    sync.Once
	PristineDir string
)
