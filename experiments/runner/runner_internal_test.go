package runner

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIdleCores(t *testing.T) {
	for _, tc := range []struct {
		device                        string
		threads, workers, cores, want int
	}{
		{"cpu", 1, 3, 16, 13},
		{"cpu", 5, 3, 16, 1},
		{"cpu", 0, 2, 2, 0},
		{"cpu", 4, 8, 16, 0},
		{"cuda:0", 1, 3, 16, 0},
	} {
		require.Equal(t, tc.want, (&Runner{Device: tc.device, Threads: tc.threads}).idle(tc.workers, tc.cores))
	}
}
