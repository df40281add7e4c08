package runner_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// statFields returns the fields of /proc/PID/stat after the name: state, parent, ...
func statFields(path string) []string {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	return strings.Fields(rest)
}

// childrenOf lists the processes whose parent is pid.
func childrenOf(t *testing.T, pid int) []int {
	t.Helper()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("needs /proc to find the worker processes")
	}
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	var children []int
	for _, path := range paths {
		fields := statFields(path)
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			child, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			require.NoError(t, err)
			children = append(children, child)
		}
	}
	return children
}

// isZombie reports whether a process has ended without being waited for. Such processes stay listed
// where the process that adopts orphans does not wait for them.
func isZombie(pid int) bool {
	fields := statFields(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return len(fields) == 0 || fields[0] == "Z"
}
