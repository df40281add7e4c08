package reference_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/ballots"
	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// Python counts the votes and searches the certificates of both rules, and derives training sets without the
// defender's own images. A changed ranking is noticed.
func TestVotesAreDerivedAnew(t *testing.T) {
	data := writeIDX(t)
	point := another(t, "vote", func(c *config.Config) {
		c.Attackers.Counts, c.Attackers.Singles, c.Attackers.Transfers, c.Artefacts.Images = []int{2}, 0, 0, "npz"
		c.Defenders = []string{"vote", "vote(groups=2 own=false rule=run_off)", "vote(groups=2)+agent_augmentation"}
	})
	st := played(t, point)
	requireDerived(t, []string{
		"vote: the votes of 4 models; certificates searched: majority, run_off",
		"vote(groups=2 own=false rule=run_off): the votes of 2 models; certificates searched: majority, run_off",
		"agent_augmentation+vote(groups=2): the votes of 2 models; certificates searched: majority, run_off",
	}, "--data", data, st.Dir())

	changed, err := filepath.Glob(filepath.Join(st.Dir(), "*", ballots.RankingsFile))
	require.NoError(t, err)
	require.NotEmpty(t, changed)
	text, err := os.ReadFile(changed[0])
	require.NoError(t, err)
	for at := range text {
		text[at] = 3 - text[at] // of four classes
	}
	require.NoError(t, os.WriteFile(changed[0], text, disk.FileMode))
	dir := filepath.Dir(changed[0])
	require.NoError(t, os.Remove(filepath.Join(dir, store.ManifestFile)))
	require.NoError(t, enginetest.WriteManifest(dir, filepath.Base(dir)))
	out, code := rederive(t, "--data", data, st.Dir())
	require.NotZero(t, code)
	require.Contains(t, out, "the first classes of rankings.bin")
}
