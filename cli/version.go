package cli

import (
	"context"

	"github.com/spf13/cobra"

	"backfire/internal/buildinfo"
	"backfire/launcher"
)

// VersionOptions are the options of "version".
type VersionOptions struct {
	IO       *IOStreams
	Build    buildinfo.Build
	Describe func(context.Context) (launcher.Description, error) // the engine
}

// newCmdVersion returns the command that prints the versions of the program and of
// the libraries that it uses.
func newCmdVersion(streams *IOStreams, runF func(context.Context, *VersionOptions) error) *cobra.Command {
	opts := &VersionOptions{IO: streams, Build: buildinfo.This(), Describe: launcher.New(streams.Environ).Describe}
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of backfire, Go, libtorch and gotch",
		Long: `Print the versions of backfire, its engine, Go, libtorch and gotch, for a report.
"backfire --version" prints the first alone.`,
		Example: `  backfire version`,
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runVersion(cmd.Context(), opts)
		},
	}
}

func runVersion(ctx context.Context, opts *VersionOptions) error {
	engine, libtorch := "not working, see backfire doctor", "unknown"
	d, err := opts.Describe(ctx)
	if err == nil {
		engine, libtorch = nameOf(d.Build), d.Libtorch.Version+" ("+d.Libtorch.Variant+")"
	}
	return writeTable(opts.IO.Out, [][]string{
		{"backfire", opts.Build.Version},
		{"commit", known(opts.Build.Commit)},
		{"go", opts.Build.Go},
		{"engine", engine},
		{"libtorch", libtorch},
		{"gotch", known(d.Build.Gotch)},
	})
}

// nameOf returns the version and the commit of a build.
func nameOf(build buildinfo.Build) string {
	return build.Version + ", commit " + known(build.Commit)
}

// known returns text, or "unknown" where it is empty.
func known(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}
