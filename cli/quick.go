package cli

import (
	"context"

	"github.com/spf13/cobra"
)

// NewCmdQuick returns the command that plays a small game on the images inside
// the program: "run" with the preset quick.
func NewCmdQuick(streams *IOStreams, runF func(context.Context, *RunOptions) error) *cobra.Command {
	return newRunCmd(&cobra.Command{
		Use:   "quick",
		Short: "Play the game once, small, on the images inside the program: minutes, offline",
		Long: `Play the game with 1, 2, 5 and 10 attackers and the first five attackers alone,
on Fashion-MNIST's 10,000 test images (MIT licence, Zalando SE), which are inside
the program. It takes a few minutes on two cores, needs no network, and ends with
the table that "run" prints.

This is "backfire run --preset quick"; every other setting can be changed in the
same way, and given again it trains nothing twice.`,
		Example: `  backfire quick
  backfire quick --attackers 1,2,3 --seed 2`,
	}, "quick", streams, runF)
}
