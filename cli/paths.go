package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"backfire/config"
)

// pathValue is the value of a flag that is a path and no setting. ~/ at its beginning is
// the home directory, as in settings that are paths: a shell leaves it in --out=~/x.
type pathValue struct {
	path    *string
	streams *IOStreams // with the variable HOME
}

// pathVar declares a flag that is a path and no setting.
func pathVar(set *pflag.FlagSet, streams *IOStreams, path *string, name, short, value, usage string) {
	*path = value
	set.VarP(&pathValue{path, streams}, name, short, usage)
}

// String returns the path.
func (v *pathValue) String() string {
	if v.path == nil { // pflag asks an empty value about its default
		return ""
	}
	return *v.path
}

// Set takes a path, and refuses one that is not certain to be meant as such.
func (v *pathValue) Set(text string) (err error) {
	*v.path, err = config.ExpandPath(text, v.streams.Environ)
	return err
}

// Type returns the kind of the value for the help.
func (v *pathValue) Type() string { return "string" }

// expandArguments replaces ~/ at the beginning of each argument of a command by the home
// directory. No command has an argument that begins with ~ and is no path.
func expandArguments(streams *IOStreams) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		for i, arg := range args {
			if len(arg) == 0 || arg[0] != '~' {
				continue
			}
			expanded, err := config.ExpandPath(arg, streams.Environ)
			if err != nil {
				return Usagef("%s: %w", pathOf(cmd), err)
			}
			args[i] = expanded
		}
		return nil
	}
}
