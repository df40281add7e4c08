package cli

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/stats"
)

// RunsOptions are the options of the runs commands.
type RunsOptions struct {
	IO      *IOStreams
	Config  config.Options // whose store is looked at
	Runs    []string       // hashes or their beginnings, of show and diff
	Filters []string       // conditions such as key=value, of list
	JSON    bool           // of list, show and diff

	Yes           bool          // gc removes what it lists
	Unfinished    bool          // gc lists what unfinished runs need, too
	CheckpointAge time.Duration // of gc: younger checkpoints stay

	Now func() time.Time
}

// NewCmdRuns returns the group of commands about stored results.
func NewCmdRuns(streams *IOStreams) *cobra.Command {
	return newGroup("runs", "List, show, compare and clear out stored results",
		NewCmdRunsList(streams, nil),
		NewCmdRunsShow(streams, nil),
		NewCmdRunsDiff(streams, nil),
		NewCmdRunsGC(streams, nil),
	)
}

// newRunsCmd gives a runs command its flags and its options.
func newRunsCmd(cmd *cobra.Command, streams *IOStreams, flags func(*cobra.Command, *RunsOptions), run, runF func(context.Context, *RunsOptions) error) *cobra.Command {
	opts := &RunsOptions{IO: streams, Now: time.Now}
	store := cmd.Flags().String("store", "", "directory of the run store (store)")
	flags(cmd, opts)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Config = config.Options{Environ: streams.Environ}
		if *store != "" {
			opts.Config.Sets = []string{"store=" + *store}
		}
		opts.Runs = args
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return run(cmd.Context(), opts)
	}
	return cmd
}

// openStore opens the store that a configuration names, which must exist.
func openStore(options config.Options) (*store.Store, error) {
	resolved, err := config.Load(options)
	if err != nil {
		return nil, err
	}
	store, err := store.OpenExisting(resolved.Config.Store)
	if err != nil {
		return nil, &UsageError{Err: err}
	}
	return store, nil
}

// findRun finds the stored cell whose hash begins with prefix.
func findRun(st *store.Store, prefix string) (string, error) {
	hash, err := st.Find(prefix)
	switch {
	case errors.Is(err, store.ErrNotStored):
		return "", Usagef("%w; \"backfire runs list\" shows what is", err)
	case errors.Is(err, store.ErrAmbiguous):
		return "", &UsageError{Err: err}
	}
	return hash, err
}

// short is the beginning of a hash that people are shown.
func short(hash string) string { return hash[:min(len(hash), 12)] }

// percentage is a share in percent with one decimal, or a dash if there is none.
func percentage(share float64) string {
	if math.IsNaN(share) {
		return "-"
	}
	return strconv.FormatFloat(100*share, 'f', 1, 64)
}

// spread is a mean and standard deviation in percent.
func spread(s stats.Summary) string {
	if s.N < 2 {
		return percentage(float64(s.Mean))
	}
	return percentage(float64(s.Mean)) + " ± " + percentage(float64(s.Std))
}

// defenseOf names what the defender of a cell does.
func defenseOf(cell cell.Cell) string {
	if cell.Defense == nil {
		return plan.Undefended
	}
	return cell.Defense.String()
}
