package cli

import (
	"context"

	"github.com/spf13/cobra"
)

// quickPreset is the preset of the command quick, and quickSeeds its number of seeds.
const (
	quickPreset = "quick"
	quickSeeds  = 3
)

// newCmdQuick returns the command that plays a small game on the images inside
// the program: the command run with the preset quick.
func newCmdQuick(streams *IOStreams, runF func(context.Context, *SweepOptions) error) *cobra.Command {
	return newRunCmd(&cobra.Command{
		Use:   "quick",
		Short: "Play a small game on the images inside the program: minutes, offline",
		Long: `Play the game with 1, 2, 5 and 10 attackers, and each of the first five attackers
alone with the images that it has among the others, on three seeds. The images are
Fashion-MNIST's 10,000 test images (MIT licence, Zalando SE), which are inside the
program. It takes a few minutes on two cores, needs no network, and makes the table
that "run" makes. Its last line says what was found.

This is "backfire run --preset quick --seeds 3", and takes the same flags and
settings. Repeated, it trains no model twice.`,
		Example: `  backfire quick
  backfire quick --attackers 1,2,3 --seeds 1
  backfire quick --seeds 6 --dry-run`,
	}, quickPreset, streams, runF)
}
