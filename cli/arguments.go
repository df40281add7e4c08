package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"backfire/config"
)

// arguments returns the check of a command's arguments, which have the given names. A
// name in brackets is optional, and one with dots takes one argument or more: FILE,
// [NAME], RUN..., [RUN...]. Only the last name may be either.
func arguments(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		many := false
		for i, name := range names {
			inner, optional := strings.CutPrefix(name, "[")
			inner = strings.TrimSuffix(inner, "]")
			inner, more := strings.CutSuffix(inner, "...")
			if i >= len(args) && !optional {
				return fmt.Errorf("%s: %s is missing", pathOf(cmd), inner)
			}
			many = many || more
		}
		if len(args) > len(names) && !many {
			return fmt.Errorf("%s: unexpected argument %q", pathOf(cmd), args[len(names)])
		}
		return nil
	}
}

// oneOf returns the check of an argument that must be one of a few words. noun names
// the argument in the error.
func oneOf(noun string, words []string, count cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := count(cmd, args); err != nil {
			return err
		}
		for _, arg := range args {
			if !slices.Contains(words, arg) {
				return fmt.Errorf("%s: there is no %s %q, only %s", pathOf(cmd), noun, arg, strings.Join(words, ", "))
			}
		}
		return nil
	}
}

// pathOf returns the name of a command without the program's, or the program's name.
func pathOf(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return "command line"
	}
	return strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
}

// unknownCommand returns the error about a subcommand that a group does not have, with
// the nearest name.
func unknownCommand(group *cobra.Command, name string) error {
	var names []string
	for _, sub := range group.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return fmt.Errorf("%s: there is no command %q%s", pathOf(group), name, suggestion(name, "", names))
}

// suggestion returns the clause about the name nearest to an unknown one, with a prefix;
// empty where no name is similar.
func suggestion(unknown, prefix string, names []string) string {
	near := config.Nearest(unknown, names)
	if near == "" || levenshtein.ComputeDistance(unknown, near) > max(2, len(unknown)/2) {
		return ""
	}
	return "; did you mean " + prefix + near + "?"
}

// checkCommand returns the error about an unknown command, with the group that lacks
// it. Cobra shows the group's help where --help follows, as if the command existed.
func checkCommand(root *cobra.Command, args []string) (*cobra.Command, error) {
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		return root, nil
	}
	cmd, rest, err := root.Find(args)
	if err != nil || !cmd.HasSubCommands() {
		return cmd, err
	}
	for _, arg := range rest {
		if !strings.HasPrefix(arg, "-") {
			return cmd, unknownCommand(cmd, arg)
		}
	}
	return cmd, nil
}

// flagGroupError returns cobra's error about flags that exclude each other in the
// project's words, and nil for other errors.
func flagGroupError(cmd *cobra.Command, err error) error {
	_, given, found := strings.Cut(err.Error(), "are set none of the others can be; [")
	given, closed := strings.CutSuffix(given, "] were all set")
	if !found || !closed {
		return nil
	}
	return fmt.Errorf("%s: --%s exclude each other", pathOf(cmd), strings.Join(strings.Fields(given), " and --"))
}

// flagError returns the error of parsing flags in the project's words, with the nearest
// name for an unknown flag.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var empty *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	var malformed *pflag.InvalidSyntaxError
	path := pathOf(cmd)
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return Usagef("%s: there is no flag -%s", path, unknown.GetSpecifiedName())
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		for _, key := range config.Keys() {
			if key.Flag == name {
				return Usagef("%s: there is no flag --%s: the command does not use %s", path, name, key.Name)
			}
		}
		var names []string
		cmd.Flags().VisitAll(func(flag *pflag.Flag) {
			if !flag.Hidden {
				names = append(names, flag.Name)
			}
		})
		slices.Sort(names)
		return Usagef("%s: there is no flag --%s%s", path, name, suggestion(name, "--", names))
	case errors.As(err, &empty):
		return Usagef("%s: --%s needs a value", path, empty.GetFlag().Name)
	case errors.As(err, &invalid):
		flag := invalid.GetFlag()
		allowed := map[string]string{
			"int": "must be a whole number", "bool": "must be true or false", "duration": "must be a duration, such as 90s or 2h",
		}[flag.Value.Type()]
		if allowed == "" {
			return Usagef("%s: --%s %s: %w", path, flag.Name, invalid.GetValue(), invalid.Unwrap())
		}
		return Usagef("%s: --%s %s: %s", path, flag.Name, invalid.GetValue(), allowed)
	case errors.As(err, &malformed):
		return Usagef("%s: %s is not a flag", path, malformed.GetSpecifiedFlag())
	}
	return Usagef("%s: %w", path, err)
}
