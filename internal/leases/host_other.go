//go:build !linux

package leases

import (
	"fmt"
	"os"
)

// placeOf returns a place of this process alone, so that other processes are judged by
// the age of their tickets.
func placeOf(host string) string { return shorten(fmt.Sprintf("%s %d", host, os.Getpid())) }

// hasEnded returns false: the only process of this place is this one.
func hasEnded(Owner) bool { return false }

// startOf returns that the start of a process is not known.
func startOf(int) (start uint64, ended bool) { return 0, false }
