package cli

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/experiments"
	"backfire/stats"
)

// RunsOptions are the options of the runs commands.
type RunsOptions struct {
	IO      *IOStreams
	Config  config.Options // whose store is looked at
	Runs    []string       // hashes or their beginnings, of show and diff
	Filters []string       // key=value, of list
	JSON    bool           // of list and show

	Yes           bool          // gc removes what it lists
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
func openStore(options config.Options) (*experiments.Store, error) {
	resolved, err := config.Load(options)
	if err != nil {
		return nil, err
	}
	store, err := experiments.ExistingStore(resolved.Config.Store)
	if err != nil {
		return nil, &UsageError{Err: err}
	}
	return store, nil
}

// findRun finds the stored cell whose hash begins with prefix.
func findRun(store *experiments.Store, prefix string) (string, error) {
	hash, err := store.Find(prefix)
	if errors.Is(err, experiments.ErrNotStored) || errors.Is(err, experiments.ErrAmbiguous) {
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
func defenseOf(cell experiments.Cell) string {
	if cell.Defense == nil {
		return experiments.Undefended
	}
	return cell.Defense.String()
}

// filter is a condition on a field of cell.yaml.
type filter struct{ key, value string }

// parseFilters reads the "key=value" of --filter.
func parseFilters(texts []string) ([]filter, error) {
	var filters []filter
	for _, text := range texts {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, Usagef("--filter %s: must be key=value, such as --filter game.seed=1", text)
		}
		filters = append(filters, filter{strings.TrimSpace(key), strings.TrimSpace(value)})
	}
	return filters, nil
}

// filterer applies filters and remembers which keys there are.
type filterer struct {
	filters []filter
	keys    []string // of all cells so far
}

// passes says whether a cell meets all conditions; a list does if one of its
// entries does.
func (f *filterer) passes(cell experiments.Cell) (bool, error) {
	fields, err := cell.Fields()
	if err != nil {
		return false, err
	}
	for _, field := range fields {
		if !slices.Contains(f.keys, field.Key) {
			f.keys = append(f.keys, field.Key)
		}
	}
	for _, filter := range f.filters {
		if !slices.ContainsFunc(fields, func(field experiments.Field) bool {
			return field.Key == filter.key && field.Is(filter.value)
		}) {
			return false, nil
		}
	}
	return true, nil
}

// unknown refuses a key that no cell has.
func (f *filterer) unknown() error {
	for _, filter := range f.filters {
		if len(f.keys) > 0 && !slices.Contains(f.keys, filter.key) {
			return Usagef("--filter %s=%s: no stored cell has this field; did you mean %s?", filter.key, filter.value, config.Nearest(filter.key, f.keys))
		}
	}
	return nil
}
