//go:build !linux

package runner

import (
	"os/exec"
	"time"
)

// guard does nothing: a worker process ends when its standard input does.
func guard(*exec.Cmd) {}

// allowedCores returns none: the cores are not known on this system.
func allowedCores() []int { return nil }

// startOn starts command on any cores.
func startOn(command *exec.Cmd, _ []int) error { return command.Start() }

// keepTo does nothing: processes have any cores.
func keepTo(int, []int) {}

// processorTime reports that the time is not known on this system.
func processorTime(int) (time.Duration, bool) { return 0, false }
