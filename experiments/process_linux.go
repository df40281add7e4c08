package experiments

import (
	"os/exec"
	"syscall"
)

// guard makes a worker process die with its parent, however that dies, and
// keeps Ctrl-C from reaching it: the parent decides when it stops.
func guard(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// peakMemory is the largest resident set of this process so far, in bytes.
func peakMemory() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return usage.Maxrss * 1024
}
