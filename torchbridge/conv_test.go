package torchbridge

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// fused evaluates a layer as the network does.
func fused(c normCase) func(s *scope, x tensor, l *layer, residual tensor) tensor {
	return func(s *scope, x tensor, l *layer, residual tensor) tensor {
		return s.convNorm(x, l, residual, c.relu, c.training)
	}
}

// TestConvolutions: convolutions and their gradients are libtorch's, whatever
// the shape: fewer pixels than are summed together, more than a band has, panels
// of one chunk and of many.
func TestConvolutions(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		channels := rapid.SampledFrom([]int{8, 10, 16, 24, 32, 40, 72}) // 10 is libtorch's
		c := normCase{
			batch:  rapid.IntRange(1, 9).Draw(rt, "batch"),
			in:     channels.Draw(rt, "in"),
			out:    channels.Draw(rt, "out"),
			size:   rapid.IntRange(1, 30).Draw(rt, "size"),
			kernel: rapid.SampledFrom([]int{1, 3}).Draw(rt, "kernel"),
			stride: rapid.IntRange(1, 2).Draw(rt, "stride"),
			direct: rapid.Bool().Draw(rt, "direct"),
		}
		rt.Logf("%+v", c)
		want, got := runNorm(t, c, unfused(c)), runNorm(t, c, fused(c))
		requireClose(rt, want.output, got.output, normTolerance, "output")
		requireClose(rt, want.gradients[0], got.gradients[0], normTolerance, "input gradient")
		requireClose(rt, want.gradients[1], got.gradients[1], normTolerance, "weight gradient")
	})
}

// TestConvolutionThreads: with direct kernels of our own, no bit depends on the number
// of threads. libtorch's do not promise that.
func TestConvolutionThreads(t *testing.T) {
	environment, err := Environment()
	require.NoError(t, err)
	if environment.CPUCapability != "AVX2" {
		t.Skipf("the convolutions are libtorch's with %s", environment.CPUCapability)
	}
	for _, c := range []normCase{
		{batch: 40, in: 8, out: 16, size: 20, kernel: 3, stride: 2, training: true},
		{batch: 3, in: 128, out: 256, size: 5, kernel: 3, stride: 1, training: true, direct: true},
		{batch: 3, in: 512, out: 512, size: 4, kernel: 3, stride: 1, training: true, direct: true}, // one part, shared out by channels
		{batch: 9, in: 16, out: 32, size: 9, kernel: 1, stride: 2, training: true},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			run := func(threads int) normResult {
				require.NoError(t, setThreads(threads))
				defer func() { require.NoError(t, setThreads(1)) }()
				return runNorm(t, c, fused(c))
			}
			require.Equal(t, run(1), run(5))
		})
	}
}

// TestLesserInstructionSets runs the layers' tests as on processors that have
// less than this one.
func TestLesserInstructionSets(t *testing.T) {
	environment, err := Environment()
	require.NoError(t, err)
	all := []string{"AVX512", "AVX2", "DEFAULT"}
	have := slices.Index(all, environment.CPUCapability)
	if have < 0 {
		t.Skipf("no less than %s", environment.CPUCapability)
	}
	for _, lesser := range all[have+1:] {
		t.Run(lesser, func(t *testing.T) {
			command := exec.Command(os.Args[0], "-test.run", "^(TestConvNorm.*|TestConvolution.*|TestWinograd.*|TestKernels|TestTrainsAsPyTorch)$", "-rapid.checks", "20")
			command.Env = append(os.Environ(), "ATEN_CPU_CAPABILITY="+map[string]string{"AVX2": "avx2", "DEFAULT": "default"}[lesser])
			output, err := command.CombinedOutput()
			require.NoError(t, err, string(output))
		})
	}
}
