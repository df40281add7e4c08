package cli

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/hardware"
)

func TestDemandedDevice(t *testing.T) {
	for _, tc := range []struct {
		setting     string
		gpus, found int
		forGPU      bool
		want, fault string
	}{
		{"auto", 0, 0, false, "auto", ""},
		{"auto", 0, 2, true, "auto", ""},
		{"auto", 0, 0, true, "", "the plan was made for a GPU, and this host has none"},
		{"auto", 1, 0, false, "", "--gpus 1: no such device"},
		{"auto", 4, 4, false, "cuda:0,1,2,3", ""},
		{"auto", 4, 3, false, "", "this host has 3"},
		{"auto", 1, 1, false, "auto", ""},
		{"all", 4, 4, false, "all", ""},
		{"cuda", 1, 1, false, "cuda", ""},
	} {
		got, err := demandedDevice(tc.setting, tc.gpus, tc.found, tc.forGPU)
		if tc.fault != "" {
			require.ErrorIs(t, err, hardware.ErrDevice)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, tc.want, got)
	}
}

func TestCheckGPUs(t *testing.T) {
	for device, most := range map[string]int{"auto": 4, "all": 4, "cuda:0,1": 4, "cuda": 1, "cuda:3": 1, "cpu": 0} {
		for gpus := range 5 {
			require.Equal(t, gpus > most, checkGPUs(gpus, device) != nil, "%s, %d", device, gpus)
		}
	}
}
