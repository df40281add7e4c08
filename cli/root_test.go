package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// Mistakes on the command line have exit code 2, nothing on standard output, and a
// sentence with the fault and the place of the help.
func TestMistakesOnTheCommandLine(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"confg"}, "backfire: command line: there is no command \"confg\"; did you mean config?\nSee \"backfire --help\".\n"},
		{[]string{"zzzzzzzz"}, "backfire: command line: there is no command \"zzzzzzzz\"\nSee \"backfire --help\".\n"},
		{[]string{"nosuch", "--help"}, "backfire: command line: there is no command \"nosuch\"\nSee \"backfire --help\".\n"},
		{[]string{"config", "shwo"}, "backfire: config: there is no command \"shwo\"; did you mean show?\nSee \"backfire config --help\".\n"},
		{[]string{"config", "shwo", "-h"}, "backfire: config: there is no command \"shwo\"; did you mean show?\nSee \"backfire config --help\".\n"},
		{[]string{"help", "confg"}, "backfire: command line: there is no command \"confg\"; did you mean config?\n"},
		{[]string{"config", "show", "--widht", "3"}, "backfire: config show: there is no flag --widht; did you mean --width?\nSee \"backfire config show --help\".\n"},
		{[]string{"version", "-x"}, "backfire: version: there is no flag -x\nSee \"backfire version --help\".\n"},
		{[]string{"version", "--=x"}, "backfire: version: --=x is not a flag\nSee \"backfire version --help\".\n"},
		{[]string{"verify", "--epochs", "2"}, "backfire: verify: there is no flag --epochs: the command does not use train.epochs\nSee \"backfire verify --help\".\n"},
		{[]string{"verify", "--all", "--set", "train.lr=1"}, "backfire: verify: --set train.lr: the command uses only data.name, data.path, data.split, data.resize, data.contributors, data.dir, model.weights, device, store\n"},
		{[]string{"config", "show", "--seed"}, "backfire: config show: --seed needs a value\nSee \"backfire config show --help\".\n"},
		{[]string{"config", "show", "--format", "xml"}, "backfire: config show: --format xml: must be one of table, yaml, json\nSee \"backfire config show --help\".\n"},
		{[]string{"trigger", "--first", "many"}, "backfire: trigger: --first many: must be a whole number\nSee \"backfire trigger --help\".\n"},
		{[]string{"run", "--watch=x"}, "backfire: run: --watch x: must be true or false\nSee \"backfire run --help\".\n"},
		{[]string{"worker", "--time", "2"}, "backfire: worker: --time 2: must be a duration, such as 90s or 2h\nSee \"backfire worker --help\".\n"},
		{[]string{"worker"}, "backfire: worker: --plan is missing: give the directory that \"backfire plan\" printed, or a hash\nSee \"backfire worker --help\".\n"},
		{[]string{"run", "--watch", "--json"}, "backfire: run: --json and --watch exclude each other\nSee \"backfire run --help\".\n"},
		{[]string{"version", "extra"}, "backfire: version: unexpected argument \"extra\"\nSee \"backfire version --help\".\n"},
		{[]string{"models", "diff", "3f2a"}, "backfire: models diff: B is missing\nSee \"backfire models diff --help\".\n"},
		{[]string{"sweep"}, "backfire: sweep: FILE is missing\nSee \"backfire sweep --help\".\n"},
		{[]string{"table", "4"}, "backfire: table: there is no table \"4\", only 1, 2, 3, defenses, labels, vote\nSee \"backfire table --help\".\n"},
		{[]string{"completion", "bahs"}, "backfire: completion: there is no shell \"bahs\", only bash, zsh, fish, powershell\nSee \"backfire completion --help\".\n"},
	} {
		code, out, errOut := runMain(t, tc.args...)
		require.Equal(t, ExitUsage, code, "%v", tc.args)
		require.Empty(t, out, "%v", tc.args)
		require.Equal(t, tc.want, errOut, "%v", tc.args)
	}
}

func TestWrongConfigurationIsUsage(t *testing.T) {
	code, out, errOut := runMain(t, "config", "show", "--p", "1.5")
	require.Equal(t, ExitUsage, code)
	require.Empty(t, out)
	require.Equal(t, "backfire: config: attackers.p = 1.5 (flag --p): must be a number from 0 to 1\n", errOut)
}

func TestGroupsShowTheirHelp(t *testing.T) {
	for _, args := range [][]string{nil, {"config"}, {"--help"}, {"config", "--help"}} {
		code, out, errOut := runMain(t, args...)
		require.Equal(t, ExitOK, code, "%v", args)
		require.Regexp(t, `(?m)^(Available Commands|Play):$`, out, "%v", args)
		require.Empty(t, errOut, "%v", args)
	}
}

// No command shows a message of cobra's about arguments and flags.
func TestCobraIsSilent(t *testing.T) {
	streams, _, _ := testStreams()
	walk(newCmdRoot(streams), func(cmd *cobra.Command) {
		path := strings.Fields(cmd.CommandPath())[1:]
		for _, args := range [][]string{{"a", "b", "c", "d"}, {"--nosuch"}, {"-Q"}} {
			if cmd.Name() == "predict" || cmd.Name() == "report" || cmd.Name() == "verify" {
				continue // take any number
			}
			code, _, errOut := runMain(t, append(slices.Clone(path), args...)...)
			require.Equal(t, ExitUsage, code, "%v %v", path, args)
			require.NotRegexp(t, `arg\(s\)|unknown (command|flag|shorthand)|invalid argument`, errOut, "%v %v", path, args)
		}
	})
}

func TestVersionFlag(t *testing.T) {
	code, out, errOut := runMain(t, "--version")
	require.Equal(t, ExitOK, code, errOut)
	require.Regexp(t, `^backfire version \S+\n$`, out)
}

// The error of a command that started keeps its exit code and has no hint at --help.
func TestErrorsOfACommandThatStarted(t *testing.T) {
	for _, tc := range []struct {
		err  error
		code int
	}{
		{errors.New("disk full"), ExitFailure},
		{fmt.Errorf("1 of 3: %w", ErrCellsFailed), ExitCellsFailed},
		{&InterruptedError{Resume: "repeat the command to resume"}, ExitInterrupted},
	} {
		streams, out, errOut := testStreams()
		root := newGroup("backfire", "test", &cobra.Command{Use: "fails", RunE: func(*cobra.Command, []string) error { return tc.err }})
		root.SilenceErrors, root.SilenceUsage = true, true
		require.Equal(t, tc.code, execute(context.Background(), root, []string{"fails"}, streams))
		require.Empty(t, out.String())
		require.Equal(t, "backfire: "+tc.err.Error()+"\n", errOut.String())
	}
}
