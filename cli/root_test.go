package cli

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// The command line's mistakes: exit code 2, nothing on stdout, and a sentence
// that says what is wrong and where help is.
func TestMistakesOnTheCommandLine(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"confg"}, "backfire: unknown command \"confg\" for \"backfire\"; did you mean config?\nSee \"backfire --help\".\n"},
		{[]string{"zzzzzzzz"}, "backfire: unknown command \"zzzzzzzz\" for \"backfire\"\nSee \"backfire --help\".\n"},
		{[]string{"config", "shwo"}, "backfire: unknown command \"shwo\" for \"backfire config\"; did you mean show?\nSee \"backfire config --help\".\n"},
		{[]string{"config", "show", "--widht", "3"}, "backfire: unknown flag: --widht; did you mean --width?\nSee \"backfire config show --help\".\n"},
		{[]string{"version", "-x"}, "backfire: unknown shorthand flag: 'x' in -x\nSee \"backfire version --help\".\n"},
		{[]string{"config", "show", "--seed"}, "backfire: flag needs an argument: --seed\nSee \"backfire config show --help\".\n"},
		{[]string{"config", "show", "--format", "xml"}, "backfire: invalid argument \"xml\" for \"--format\" flag: must be one of table, yaml, json\nSee \"backfire config show --help\".\n"},
		{[]string{"version", "extra"}, "backfire: unknown command \"extra\" for \"backfire version\"\nSee \"backfire version --help\".\n"},
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
		require.Contains(t, out, "Available Commands:", "%v", args)
		require.Empty(t, errOut, "%v", args)
	}
}

// Every command can be called for help and says in one line what it does.
func TestEveryCommandIsDescribed(t *testing.T) {
	streams, _, _ := testStreams()
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		require.NotEmpty(t, cmd.Short, cmd.CommandPath())
		require.NotRegexp(t, `\.$`, cmd.Short, cmd.CommandPath())
		require.True(t, cmd.Runnable(), "%s", cmd.CommandPath())
		names := map[string]bool{}
		for _, sub := range cmd.Commands() {
			require.False(t, names[sub.Name()], "%s is there twice", sub.CommandPath())
			names[sub.Name()] = true
			visit(sub)
		}
	}
	visit(NewCmdRoot(streams))
}

// What a command itself returns keeps its own exit code and no hint at --help.
func TestErrorsOfACommandThatStarted(t *testing.T) {
	for _, tc := range []struct {
		err  error
		code int
	}{
		{errors.New("disk full"), ExitFailure},
		{fmt.Errorf("1 of 3: %w", ErrCellsFailed), ExitCellsFailed},
		{&InterruptedError{Resume: "the same command goes on"}, ExitInterrupted},
	} {
		streams, out, errOut := testStreams()
		root := newGroup("backfire", "test", &cobra.Command{Use: "fails", RunE: func(*cobra.Command, []string) error { return tc.err }})
		root.SilenceErrors, root.SilenceUsage = true, true
		require.Equal(t, tc.code, execute(context.Background(), root, []string{"fails"}, streams))
		require.Empty(t, out.String())
		require.Equal(t, "backfire: "+tc.err.Error()+"\n", errOut.String())
	}
}
