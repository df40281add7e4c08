package disk

import "golang.org/x/sys/unix"

// wayThrough are the flags to open a directory for what lies in it alone.
const wayThrough = unix.O_PATH

// exchangeAt makes two names trade places.
func exchangeAt(fromDir int, from string, toDir int, to string) error {
	return unix.Renameat2(fromDir, from, toDir, to, unix.RENAME_EXCHANGE)
}

// touchAt lets the file system stamp a name: with UTIME_NOW a server is sent no time.
func touchAt(dir int, name string) error {
	now := unix.Timespec{Nsec: unix.UTIME_NOW}
	return unix.UtimesNanoAt(dir, name, []unix.Timespec{now, now}, unix.AT_SYMLINK_NOFOLLOW)
}
