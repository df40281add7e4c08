package runner

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// guard makes a worker process die with its parent, however the parent dies, and keeps Ctrl-C from
// reaching it: the parent decides when it stops.
func guard(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// allowedCores returns the processor cores that the calling thread may run on, in ascending order;
// none if they are not known.
func allowedCores() []int {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	var cores []int
	for core := 0; len(cores) < set.Count(); core++ {
		if set.IsSet(core) {
			cores = append(cores, core)
		}
	}
	return cores
}

// startOn starts command on some cores, on any if there are none. A new process inherits the cores
// of the thread that starts it, so that the calling goroutine must be locked to its thread, which
// has its own cores again afterwards. Without the right to choose cores the process starts on any.
func startOn(command *exec.Cmd, cores []int) error {
	var before, wanted unix.CPUSet
	for _, core := range cores {
		wanted.Set(core)
	}
	if len(cores) > 0 && unix.SchedGetaffinity(0, &before) == nil && unix.SchedSetaffinity(0, &wanted) == nil {
		defer func() { _ = unix.SchedSetaffinity(0, &before) }() // those were its own, so that it succeeds
	}
	return command.Start()
}

// keepTo keeps all threads of a process to some cores. Threads that it starts later have the cores of
// the one that starts them. A process that has ended, and one that may not be moved, stays as it is.
func keepTo(pid int, cores []int) {
	var wanted unix.CPUSet
	for _, core := range cores {
		wanted.Set(core)
	}
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return
	}
	for _, thread := range threads {
		if id, err := strconv.Atoi(thread.Name()); err == nil {
			_ = unix.SchedSetaffinity(id, &wanted) // the thread may be gone
		}
	}
}

// clockTick is the unit of processor times in /proc. Linux has 100 ticks per second on every
// architecture that Go supports.
const clockTick = 10 * time.Millisecond

// processorTime returns the time that the threads of a process have run so far, in user mode and in
// the kernel, if it is known.
func processorTime(pid int) (time.Duration, bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false
	}
	// The name, in brackets, may contain anything. The state is the field after it; utime and stime
	// are the 12th and 13th from there, see proc(5).
	const utime = 11
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < utime+2 {
		return 0, false
	}
	var user, system int64
	if _, err := fmt.Sscan(string(fields[utime])+" "+string(fields[utime+1]), &user, &system); err != nil {
		return 0, false
	}
	return time.Duration(user+system) * clockTick, true
}
