package worker

import "syscall"

// peakMemory returns the largest resident set of this process so far, in bytes; 0 where it is not
// known.
func peakMemory() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return usage.Maxrss * 1024
}
