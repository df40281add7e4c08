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
	"backfire/internal/visible"
	"backfire/internal/words"
)

// defaultCheckpointAge is the age from which gc lists a checkpoint.
const defaultCheckpointAge = 7 * 24 * time.Hour

// newCmdModelsGC returns the command that clears out a store.
func newCmdModelsGC(streams *IOStreams, runF func(context.Context, *modelsOptions) error) *cobra.Command {
	return newModelsCmd(&cobra.Command{
		Use:   "gc",
		Short: "List files that no run refers to, and remove them with --yes",
		Long: `List the results that no run, sweep or table of the store refers to, damaged results
that were set aside, and old checkpoints, training states and TorchScript modules
(model.file) that no kept model needs, with their sizes. Without --yes nothing is
removed. Models in training are left alone.

Everything is kept that an interrupted run, or one with failed models, needs to resume;
the size and the command to resume with are printed below the list. With --unfinished
these files are listed, too, and removed with --yes, except those of runs that a
process works on now.`,
		Example: `  backfire models gc --store runs
  backfire models gc --store runs --unfinished
  backfire models gc --store runs --yes`,
		Args: arguments(),
	}, streams, func(cmd *cobra.Command, opts *modelsOptions) {
		cmd.Flags().BoolVar(&opts.Yes, "yes", false, "remove the listed files")
		cmd.Flags().BoolVar(&opts.Unfinished, "unfinished", false, "also list, and with --yes remove, what unfinished runs resume from")
		cmd.Flags().DurationVar(&opts.CheckpointAge, "checkpoint-age", defaultCheckpointAge, "keep checkpoints, states and modules that are younger than this")
	}, runModelsGC, runF)
}

func runModelsGC(ctx context.Context, opts *modelsOptions) error {
	st, err := openStore(opts.Config)
	if err != nil {
		return err
	}
	garbage, err := st.Garbage(opts.Now().Add(-opts.CheckpointAge), plan.References)
	if err != nil {
		return err
	}
	keep := func(g store.Garbage) bool { return g.Open != nil && (g.Open.Live || !opts.Unfinished) }
	kept := keptText(slices.DeleteFunc(slices.Clone(garbage), func(g store.Garbage) bool { return !keep(g) }))
	garbage = slices.DeleteFunc(garbage, keep)
	if err := writeGarbage(opts.IO, garbage); err != nil {
		return err
	}
	them := "them"
	if len(garbage) == 1 {
		them = "it"
	}
	text := words.Plural(len(garbage), "item") + ", " + sizeText(sizeOf(garbage)) + ": nothing was removed; --yes removes " + them + "\n"
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

// writeGarbage writes the list of what can be removed.
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

// keptText describes the files that are kept for unfinished runs, a line for each run.
func keptText(kept []store.Garbage) string {
	var text strings.Builder
	for len(kept) > 0 {
		run := kept[0].Open
		own := slices.DeleteFunc(slices.Clone(kept), func(g store.Garbage) bool { return g.Open != run })
		kept = slices.DeleteFunc(kept, func(g store.Garbage) bool { return g.Open == run })
		if run.Damaged != nil {
			tell(&text, "kept: %s from which an unfinished run may resume (--unfinished lists it; the same command writes its note anew): %v\n", sizeText(sizeOf(own)), run.Damaged)
			continue
		}
		use := "from which a run of %s, begun %s, resumes (--unfinished lists it)"
		if run.Live {
			use = "that a live run of %s, begun %s, works with"
		}
		tell(&text, "kept: %s "+use+": %s\n",
			sizeText(sizeOf(own)), words.Plural(len(run.Cells), "model"), timeText(run.Begun), visible.Line(cmp.Or(run.Command, run.Sweep)))
	}
	return text.String()
}

// sizeOf returns the bytes of all items together.
func sizeOf(garbage []store.Garbage) int64 {
	var sum int64
	for _, g := range garbage {
		sum += g.Bytes
	}
	return sum
}

// remove removes the listed items, except those that another process has begun to
// use, and returns a line about the number and size of the removed ones.
func remove(ctx context.Context, st *store.Store, garbage []store.Garbage, streams *IOStreams) (string, error) {
	var freed int64
	removed := 0
	for _, g := range garbage {
		if ctx.Err() != nil {
			return "", &InterruptedError{Resume: words.Plural(removed, "item") + " removed"}
		}
		err := st.Remove(g)
		if errors.Is(err, store.ErrTaken) {
			tell(streams.ErrOut, "%s is kept: another process is using it\n", g.Path)
			continue
		}
		if err != nil {
			return "", err
		}
		removed++
		freed += g.Bytes
	}
	return fmt.Sprintf("%s removed, %s\n", words.Plural(removed, "item"), sizeText(freed)), nil
}
