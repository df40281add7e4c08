package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/stats"
)

// modelsOptions are the options of the models commands.
type modelsOptions struct {
	IO      *IOStreams
	Config  config.Options // names the store
	Models  []string       // hashes or their beginnings, of show and diff
	Filters []string       // conditions such as key=value, of list
	JSON    bool           // of list, show and diff

	Yes           bool          // gc removes what it lists
	Unfinished    bool          // gc also lists what unfinished runs need
	CheckpointAge time.Duration // of gc: younger checkpoints are kept

	Now func() time.Time
}

// newCmdModels returns the group of commands about trained models and their results.
func newCmdModels(streams *IOStreams) *cobra.Command {
	group := newGroup("models", "List, show, compare and clear out trained models",
		newCmdModelsList(streams, nil),
		newCmdModelsShow(streams, nil),
		newCmdModelsDiff(streams, nil),
		newCmdModelsGC(streams, nil),
	)
	group.Long = `A model is one trained network with its result: the store has a directory for each,
named by the hash of all that determines the training. Runs share models: a model
that two runs need is trained once. "backfire runs" has the commands that trained
them.`
	group.Example = `  backfire models list --filter 'asr.mean>0.5'
  backfire models show 3f2a`
	return group
}

// newModelsCmd completes a models command with its flags and options.
func newModelsCmd(cmd *cobra.Command, streams *IOStreams, flags func(*cobra.Command, *modelsOptions), run, runF func(context.Context, *modelsOptions) error) *cobra.Command {
	opts := &modelsOptions{IO: streams, Now: time.Now}
	store := addStoreFlag(cmd)
	flags(cmd, opts)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Config, opts.Models = storeConfig(streams, *store), args
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return run(cmd.Context(), opts)
	}
	return cmd
}

// addStoreFlag declares --store for a command that has no other settings.
func addStoreFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("store", "", "directory of the run store (store)")
}

// storeConfig returns the configuration of a command that has no settings but --store.
func storeConfig(streams *IOStreams, store string) config.Options {
	return config.Options{Environ: streams.Environ, Sets: keySets(map[string]string{"store": store})}
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

// findModel returns the hash of the stored model that begins with prefix.
func findModel(st *store.Store, prefix string) (string, error) {
	hash, err := st.Find(prefix)
	switch {
	case errors.Is(err, store.ErrNotStored):
		return "", Usagef("%w; \"backfire models list\" lists the stored models", err)
	case errors.Is(err, store.ErrAmbiguous):
		return "", &UsageError{Err: err}
	}
	return hash, err
}

// short returns the beginning of a hash, for people.
func short(hash string) string { return hash[:min(len(hash), 12)] }

// ratePercent returns a rate in percent, or a dash if it is undefined.
func ratePercent(r game.Rate) string { return stats.Percent(stats.Number(r.Value()), r.Of) }

// spread returns a mean and a standard deviation over attackers in percent, of one value
// the value. images is the number of images behind the mean.
func spread(s stats.Summary, images int) string {
	if s.N < 2 {
		return stats.Percent(s.Mean, images)
	}
	return stats.Percent(s.Mean, images) + " ± " + stats.Percent(s.Std, images)
}

// defenseOf returns the name of a cell's defense.
func defenseOf(cell cell.Cell) string {
	if cell.Defense == nil {
		return plan.Undefended
	}
	return cell.Defense.String()
}
