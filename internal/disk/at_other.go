//go:build !linux

package disk

import (
	"time"

	"golang.org/x/sys/unix"
)

// wayThrough are the flags to open a directory for what lies in it alone.
const wayThrough = unix.O_RDONLY

// exchangeAt reports that this system cannot exchange two names in one step.
func exchangeAt(int, string, int, string) error { return unix.ENOSYS }

// touchAt sets the modification time of a name by the clock of this machine.
func touchAt(dir int, name string) error {
	now, err := unix.TimeToTimespec(time.Now())
	if err != nil {
		return err
	}
	return unix.UtimesNanoAt(dir, name, []unix.Timespec{now, now}, unix.AT_SYMLINK_NOFOLLOW)
}
