package cli

import (
	"context"

	"github.com/spf13/cobra"

	"backfire/config"
)

// runsOptions are the options of the runs commands.
type runsOptions struct {
	IO      *IOStreams
	Config  config.Options // names the store
	Run     string         // of show: latest, a hash or its beginning
	Filters []string       // of the former "runs list", which listed models
	JSON    bool
}

// newCmdRuns returns the group of commands about the runs of a store.
func newCmdRuns(streams *IOStreams) *cobra.Command {
	group := newGroup("runs", "List the commands that you gave, and show their results",
		newCmdRunsList(streams, nil),
		newCmdRunsShow(streams, nil),
		deprecated(streams, newCmdModelsDiff(streams, nil), "runs diff"),
		deprecated(streams, newCmdModelsGC(streams, nil), "runs gc"),
	)
	group.Long = `A run is one command that trained models, such as run, table or sweep, with the
summary that it left in the store. "backfire models" has the single models.`
	group.Example = `  backfire runs list
  backfire runs show latest`
	return group
}

// deprecated hides a models command that lies under its former name, and makes it name
// the new one on standard error.
func deprecated(streams *IOStreams, cmd *cobra.Command, former string) *cobra.Command {
	cmd.Hidden = true
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		tellRenamed(streams, former, "models "+cmd.Name())
		return run(cmd, args)
	}
	return cmd
}

// tellRenamed writes the line about a command that has another name now.
func tellRenamed(streams *IOStreams, former, name string) {
	tell(streams.ErrOut, "\"backfire %s\" is now \"backfire %s\"; the old name will be removed in the next version\n", former, name)
}

// newRunsCmd completes a runs command with its flags and options.
func newRunsCmd(cmd *cobra.Command, streams *IOStreams, opts *runsOptions, run, runF func(context.Context, *runsOptions) error) *cobra.Command {
	opts.IO = streams
	store := addStoreFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Config = storeConfig(streams, *store)
		if len(args) > 0 {
			opts.Run = args[0]
		}
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return run(cmd.Context(), opts)
	}
	return cmd
}
