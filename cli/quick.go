package cli

import (
	"context"

	"github.com/spf13/cobra"
)

// NewCmdQuick returns the command that plays a small game on the images inside
// the program: the command run with the preset quick.
func NewCmdQuick(streams *IOStreams, runF func(context.Context, *SweepOptions) error) *cobra.Command {
	return newRunCmd(&cobra.Command{
		Use:   "quick",
		Short: "Play the game once, small, on the images inside the program: minutes, offline",
		Long: `Play the game with 1, 2, 5 and 10 attackers and the first five attackers alone,
on Fashion-MNIST's 10,000 test images (MIT licence, Zalando SE), which are inside
the program. It takes a few minutes on two cores, needs no network, and makes the
table that "run" makes.

This is "backfire run --preset quick", and takes the same flags and settings.
Repeated, it trains no model twice.`,
		Example: `  backfire quick
  backfire quick --attackers 1,2,3 --seed 2
  backfire quick --seeds 6 --dry-run`,
	}, "quick", streams, runF)
}
