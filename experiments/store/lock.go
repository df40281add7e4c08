package store

import (
	"backfire/internal/leases"
)

var (
	// ErrTaken says that another process (or another runner in this one) holds
	// the lock of a cell, which means that it is training that cell now.
	ErrTaken = leases.ErrTaken
	// ErrLost says that the lock of a cell was taken over by a process that
	// believed its holder dead.
	ErrLost = leases.ErrLost
)
