package leases

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// placeOf returns the place of this process: a name for this boot of the host and this
// name space of PIDs. Containers of one host, which do not see each other's processes,
// have different places.
func placeOf(host string) string {
	boot, bootErr := os.ReadFile("/proc/sys/kernel/random/boot_id")
	pids, pidsErr := os.Readlink("/proc/self/ns/pid")
	if bootErr != nil || pidsErr != nil {
		return shorten(fmt.Sprintf("%s %d", host, os.Getpid())) // a place of this process alone
	}
	return shorten(string(boot) + pids)
}

// hasEnded reports whether a process of this place has ended. A process whose state
// cannot be read counts as living.
func hasEnded(o Owner) bool {
	if errors.Is(unix.Kill(o.PID, 0), unix.ESRCH) {
		return true
	}
	start, ended := startOf(o.PID)
	return ended || start != 0 && o.Start != 0 && start != o.Start
}

// startOf returns the time at which a process began, in clock ticks since boot (field 22
// of /proc/PID/stat, see proc(5)), 0 if not known. ended reports whether it has ended
// and its parent has not read its exit status yet.
func startOf(pid int) (start uint64, ended bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false
	}
	// The second field is the program's name in parentheses, in which any character is possible.
	_, rest, _ := strings.Cut(string(stat[max(0, strings.LastIndexByte(string(stat), ')')):]), " ")
	fields := strings.Fields(rest) // from the third on
	const state, begun = 0, 22 - 3
	if len(fields) <= begun {
		return 0, false
	}
	start, err = strconv.ParseUint(fields[begun], 10, 64)
	if err != nil {
		return 0, false
	}
	return start, fields[state] == "Z" || fields[state] == "X"
}
