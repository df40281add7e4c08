package hardware

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckPrecision(t *testing.T) {
	env := Env{GPUs: []GPU{{Name: "Old GPU", Compute: 75}, {Name: "New GPU", Compute: 90}}}
	for _, tc := range []struct {
		precision string
		device    Device
		fault     string
	}{
		{FP32, CPU, ""},
		{FP32, 0, ""},
		{FP32, 1, ""},
		{BF16, CPU, ""},
		{BF16, 0, "Old GPU has compute capability 7.5, 8.0 is needed"},
		{BF16, 1, ""},
		{TF32, CPU, "a format of NVIDIA's GPUs; choose fp32 or bf16"},
		{TF32, 0, "Old GPU has compute capability 7.5, 8.0 is needed"},
		{TF32, 1, ""},
		{"fp16", 1, "write fp32, tf32 or bf16"},
		{"", CPU, "write fp32, tf32 or bf16"},
		{"auto", CPU, "write fp32, tf32 or bf16"},
	} {
		err := env.CheckPrecision(tc.precision, tc.device)
		if tc.fault == "" {
			require.NoError(t, err, tc)
			continue
		}
		require.ErrorIs(t, err, ErrPrecision, tc)
		require.ErrorContains(t, err, tc.fault, tc)
	}
	require.Equal(t, FP32, env.GPUs[0].FastPrecision())
	require.Equal(t, BF16, env.GPUs[1].FastPrecision())
	require.Equal(t, FP32, GPU{Name: "not known"}.FastPrecision())
}
