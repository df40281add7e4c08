package cli

import (
	"context"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"backfire/torchbridge"
)

// version and commit are set by the build:
// -ldflags "-X backfire/cli.version=v1.2.3 -X backfire/cli.commit=0123abcd".
var (
	version = "dev"
	commit  string
)

// Build says what the program was built from.
type Build struct {
	Version string // release, or "dev"
	Commit  string // revision, with "+changes" after it where the tree had some; empty: not known
	Go      string // toolchain and platform
	Gotch   string // version of the libtorch bindings
}

// ThisBuild returns what the running program was built from.
func ThisBuild() Build {
	build := Build{Version: version, Commit: commit, Go: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return build
	}
	for _, module := range info.Deps {
		if module.Path == "github.com/sugarme/gotch" {
			build.Gotch = module.Version
		}
	}
	if build.Commit != "" {
		return build
	}
	changed := false
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			build.Commit = setting.Value
		case "vcs.modified":
			changed = setting.Value == "true"
		}
	}
	if changed && build.Commit != "" {
		build.Commit += "+changes"
	}
	return build
}

// VersionOptions are the options of "version".
type VersionOptions struct {
	IO    *IOStreams
	Build Build
	Torch func() (torchbridge.Env, error)
}

// NewCmdVersion returns the command that prints the versions of the program and
// of what it stands on.
func NewCmdVersion(streams *IOStreams, runF func(context.Context, *VersionOptions) error) *cobra.Command {
	opts := &VersionOptions{IO: streams, Build: ThisBuild(), Torch: torchbridge.Environment}
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of backfire, Go, libtorch and gotch",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runVersion(opts)
		},
	}
}

func runVersion(opts *VersionOptions) error {
	libtorch := "not working, see backfire doctor"
	if env, err := opts.Torch(); err == nil {
		libtorch = env.Version + " (" + env.Variant + ")"
	}
	return writeTable(opts.IO.Out, [][]string{
		{"backfire", opts.Build.Version},
		{"commit", known(opts.Build.Commit)},
		{"go", opts.Build.Go},
		{"libtorch", libtorch},
		{"gotch", known(opts.Build.Gotch)},
	})
}

// known returns text, or "unknown" where it is empty.
func known(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}
