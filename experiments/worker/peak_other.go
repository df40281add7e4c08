//go:build !linux

package worker

// peakMemory returns 0: the peak memory is not known on this system.
func peakMemory() int64 { return 0 }
