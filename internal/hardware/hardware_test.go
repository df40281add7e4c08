package hardware

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChoose(t *testing.T) {
	for _, tc := range []struct {
		name    string
		gpus    int
		variant string
		want    string
		fault   string
	}{
		{"auto", 0, "cpu", "cpu", ""},
		{"auto", 0, "cuda", "cpu", ""},
		{"auto", 2, "cuda", "cuda:0", ""},
		{"cpu", 2, "cuda", "cpu", ""},
		{"cuda", 1, "cuda", "cuda:0", ""},
		{"cuda:1", 2, "cuda", "cuda:1", ""},
		{"cuda", 0, "cpu", "", "libtorch without CUDA"},
		{"cuda", 0, "cuda", "", "no CUDA GPU was found"},
		{"cuda:2", 2, "cuda", "", "cuda:0 to cuda:1"},
		{"cuda:x", 2, "cuda", "", "write auto, cpu, cuda or cuda:K"},
		{"cuda:-1", 2, "cuda", "", "write auto, cpu, cuda or cuda:K"},
		{"gpu", 2, "cuda", "", "write auto, cpu, cuda or cuda:K"},
		{"", 0, "cpu", "", "write auto, cpu, cuda or cuda:K"},
	} {
		device, err := Choose(tc.name, tc.gpus, tc.variant)
		if tc.fault != "" {
			require.ErrorIs(t, err, ErrDevice, tc.name)
			require.ErrorContains(t, err, tc.fault, tc.name)
			continue
		}
		require.NoError(t, err, tc.name)
		require.Equal(t, tc.want, device.String(), tc.name)
	}
}
