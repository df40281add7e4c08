package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"backfire/experiments/plan"
	"backfire/experiments/store"
)

// defaultCheckpointAge is how old a checkpoint must be for gc to list it.
const defaultCheckpointAge = 7 * 24 * time.Hour

// NewCmdRunsGC returns the command that clears out a store.
func NewCmdRunsGC(streams *IOStreams, runF func(context.Context, *RunsOptions) error) *cobra.Command {
	return newRunsCmd(&cobra.Command{
		Use:   "gc",
		Short: "List what nothing in the store refers to, and remove it with --yes",
		Long: `List the results that no run, sweep or table of the store refers to, damaged
results that were set aside, and old checkpoints and states in training, with their
sizes. Without --yes nothing is removed, and that is said. What is being trained is
left alone.

Of a run that was interrupted, or of which models failed, everything is kept that
the same command goes on with; how much that is, and the command, stand below the
list. --unfinished lists it too, so that with --yes it is removed.`,
		Example: `  backfire runs gc --store runs
  backfire runs gc --store runs --unfinished
  backfire runs gc --store runs --yes`,
		Args: cobra.NoArgs,
	}, streams, func(cmd *cobra.Command, opts *RunsOptions) {
		cmd.Flags().BoolVar(&opts.Yes, "yes", false, "remove what is listed")
		cmd.Flags().BoolVar(&opts.Unfinished, "unfinished", false, "list, and with --yes remove, what runs go on with that have not come to their end")
		cmd.Flags().DurationVar(&opts.CheckpointAge, "checkpoint-age", defaultCheckpointAge, "keep checkpoints and states that are younger")
	}, runRunsGC, runF)
}

func runRunsGC(ctx context.Context, opts *RunsOptions) error {
	st, err := openStore(opts.Config)
	if err != nil {
		return err
	}
	garbage, err := st.Garbage(opts.Now().Add(-opts.CheckpointAge), plan.References)
	if err != nil {
		return err
	}
	kept := ""
	if !opts.Unfinished {
		first := slices.IndexFunc(garbage, func(g store.Garbage) bool { return g.Open != nil })
		if first >= 0 {
			kept = keptText(garbage[first:])
			garbage = garbage[:first]
		}
	}
	if err := writeGarbage(opts.IO, garbage); err != nil {
		return err
	}
	text := plural(len(garbage), "item") + ", " + sizeText(sizeOf(garbage)) + ": nothing was removed; --yes removes it\n"
	switch {
	case len(garbage) == 0:
		text = "nothing to remove\n"
	case opts.Yes:
		if text, err = remove(ctx, st, garbage, opts.IO); err != nil {
			return err
		}
	}
	return write(opts.IO.Out, text+kept)
}

// writeGarbage lists what can go.
func writeGarbage(streams *IOStreams, garbage []store.Garbage) error {
	if len(garbage) == 0 {
		return nil
	}
	rows := [][]string{{"SIZE", "WHAT", "WHY"}}
	for _, g := range garbage {
		rows = append(rows, []string{sizeText(g.Bytes), g.Path, g.Why})
	}
	return writeTable(streams.Out, rows)
}

// keptText says what is kept for which unfinished runs.
func keptText(kept []store.Garbage) string {
	var text strings.Builder
	for len(kept) > 0 {
		run := kept[0].Open
		own := slices.DeleteFunc(slices.Clone(kept), func(g store.Garbage) bool { return g.Open != run })
		kept = slices.DeleteFunc(kept, func(g store.Garbage) bool { return g.Open == run })
		fmt.Fprintf(&text, "kept: %s that a run of %s, begun %s, goes on with (--unfinished lists it): %s\n",
			sizeText(sizeOf(own)), plural(len(run.Cells), "model"), timeText(run.Begun), cmp.Or(run.Command, run.Sweep))
	}
	return text.String()
}

func sizeOf(garbage []store.Garbage) int64 {
	var sum int64
	for _, g := range garbage {
		sum += g.Bytes
	}
	return sum
}

// remove removes what was listed, but for what somebody works on by now, and says
// how much it was.
func remove(ctx context.Context, st *store.Store, garbage []store.Garbage, streams *IOStreams) (string, error) {
	var freed int64
	removed := 0
	for _, g := range garbage {
		if ctx.Err() != nil {
			return "", &InterruptedError{Resume: plural(removed, "item") + " removed"}
		}
		err := st.Remove(g)
		if errors.Is(err, store.ErrTaken) {
			fmt.Fprintf(streams.ErrOut, "%s stays: somebody is working on it\n", g.Path)
			continue
		}
		if err != nil {
			return "", err
		}
		removed++
		freed += g.Bytes
	}
	return fmt.Sprintf("%s removed, %s\n", plural(removed, "item"), sizeText(freed)), nil
}
