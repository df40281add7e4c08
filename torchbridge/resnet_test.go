package torchbridge

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// Narrow networks train with the kernels that oneDNN chooses on processors
// without AVX-512, too: shortcuts with a stride of theirs would end the process
// within a few steps.
func TestNarrowNetworksWithAVX2(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.Command(self, "-test.run", "^(TestRestoredTrainingIsBitIdentical|TestEpochReportsProgressAndCoversTheRest)$")
	command.Env = append(os.Environ(), "ONEDNN_MAX_CPU_ISA=AVX2")
	said, err := command.CombinedOutput()
	require.NoError(t, err, "%.2000s", said)
}
