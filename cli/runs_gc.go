package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"backfire/experiments"
)

// defaultCheckpointAge is how old a checkpoint must be for gc to list it.
const defaultCheckpointAge = 7 * 24 * time.Hour

// NewCmdRunsGC returns the command that clears out a store.
func NewCmdRunsGC(streams *IOStreams, runF func(context.Context, *RunsOptions) error) *cobra.Command {
	return newRunsCmd(&cobra.Command{
		Use:   "gc",
		Short: "List what nothing in the store refers to, and remove it with --yes",
		Long: `List the results that no finished run, sweep or table of the store refers to,
damaged results that were set aside, and old checkpoints, with their sizes. Only
with --yes they are removed. What is being trained is left alone.

The results of a run that was interrupted are listed too: nothing refers to them
before the run is finished.`,
		Example: `  backfire runs gc --store runs
  backfire runs gc --store runs --yes`,
		Args: cobra.NoArgs,
	}, streams, func(cmd *cobra.Command, opts *RunsOptions) {
		cmd.Flags().BoolVar(&opts.Yes, "yes", false, "remove what is listed")
		cmd.Flags().DurationVar(&opts.CheckpointAge, "checkpoint-age", defaultCheckpointAge, "keep checkpoints that are younger")
	}, runRunsGC, runF)
}

func runRunsGC(ctx context.Context, opts *RunsOptions) error {
	store, err := openStore(opts.Config)
	if err != nil {
		return err
	}
	garbage, err := store.Garbage(opts.Now().Add(-opts.CheckpointAge))
	if err != nil {
		return err
	}
	rows := [][]string{{"SIZE", "WHAT", "WHY"}}
	var total int64
	for _, g := range garbage {
		rows = append(rows, []string{sizeText(g.Bytes), g.Path, g.Why})
		total += g.Bytes
	}
	if err := writeTable(opts.IO.Out, rows); err != nil {
		return err
	}
	if !opts.Yes {
		return write(opts.IO.Out, fmt.Sprintf("%s, %s: nothing was removed; --yes removes it\n", plural(len(garbage), "item"), sizeText(total)))
	}
	var freed int64
	removed := 0
	for _, g := range garbage {
		if ctx.Err() != nil {
			return &InterruptedError{Resume: plural(removed, "item") + " removed"}
		}
		err := store.Remove(g)
		if errors.Is(err, experiments.ErrTaken) {
			fmt.Fprintf(opts.IO.ErrOut, "%s stays: somebody is working on it\n", g.Path)
			continue
		}
		if err != nil {
			return err
		}
		removed++
		freed += g.Bytes
	}
	return write(opts.IO.Out, fmt.Sprintf("%s removed, %s\n", plural(removed, "item"), sizeText(freed)))
}
