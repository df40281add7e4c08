package hardware

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChooseAll(t *testing.T) {
	same, mixed := []GPU{{Name: "a"}, {Name: "a"}, {Name: "a"}}, []GPU{{Name: "a"}, {Name: "b"}}
	for _, tc := range []struct {
		name  string
		gpus  []GPU
		want  []Device
		fault string
	}{
		{"all", same, []Device{0, 1, 2}, ""},
		{"cuda:2,0", same, []Device{2, 0}, ""},
		{"cuda:1,0", mixed, []Device{1, 0}, ""},
		{"cuda:1", mixed, []Device{1}, ""},
		{"auto", same, []Device{0}, ""},
		{"auto", nil, []Device{CPU}, ""},
		{"all", mixed, nil, "cuda:0 is a and cuda:1 is b"},
		{"all", nil, nil, "no CUDA GPU was found"},
		{"cuda:0,3", same, nil, "there are 3 CUDA devices"},
		{"cuda:0,x", same, nil, "write auto, cpu, cuda or cuda:K"},
		{"gpu", same, nil, "write auto, cpu, cuda or cuda:K"},
	} {
		got, err := ChooseAll(tc.name, tc.gpus, "cuda")
		if tc.fault != "" {
			require.ErrorIs(t, err, ErrDevice, tc.name)
			require.ErrorContains(t, err, tc.fault, tc.name)
			continue
		}
		require.NoError(t, err, tc.name)
		require.Equal(t, tc.want, got, tc.name)
	}
}
