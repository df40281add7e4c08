//go:build !linux

package leases

import (
	"fmt"
	"os"
	"time"
)

func touch(path string) error {
	now := time.Now()
	return os.Chtimes(path, now, now)
}

// place is of this process alone: others are known by their silence.
func place(host string) string { return shorten(fmt.Sprintf("%s %d", host, os.Getpid())) }

// hasEnded is asked about this process only.
func hasEnded(Owner) bool { return false }

func startOf(int) (start uint64, ended bool) { return 0, false }
