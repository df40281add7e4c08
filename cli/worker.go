package cli

import (
	"context"

	"github.com/spf13/cobra"

	"backfire/datasets"
	"backfire/experiments"
)

// workerName is the name of the command that a run starts its workers with.
const workerName = "worker"

// WorkerOptions are the options of "worker".
type WorkerOptions struct {
	IO     *IOStreams
	Worker *experiments.Worker
}

// NewCmdWorker returns the hidden command that trains models for a run: jobs on
// its standard input, events on its standard output, until the input ends.
func NewCmdWorker(streams *IOStreams, runF func(context.Context, *WorkerOptions) error) *cobra.Command {
	build := ThisBuild()
	opts := &WorkerOptions{IO: streams, Worker: &experiments.Worker{
		Engine: experiments.LibTorch{}, Load: datasets.Load,
		Program: experiments.Build{Version: build.Version, Commit: build.Commit, Go: build.Go},
	}}
	return &cobra.Command{
		Use:    workerName,
		Short:  "Train models for a run that talks to this process",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runWorker(cmd.Context(), opts)
		},
	}
}

func runWorker(ctx context.Context, opts *WorkerOptions) error {
	return opts.Worker.Run(ctx, opts.IO.In, opts.IO.Out)
}
