// Package cli is the command line of backfire.
//
// Every command has a file of its own with three parts, in this order: an
// options struct (what it needs: streams, flags, injected functions), NewCmdX
// (turns arguments and flags into options and hands them to runF, or to runX
// when runF is nil) and runX(ctx, opts), which does the work. To add a command:
//
//  1. write x.go with XOptions, NewCmdX(streams *IOStreams, runF func(context.Context, *XOptions) error) *cobra.Command
//     and runX; tests pass a runF that inspects the options, or call runX with streams of their own;
//  2. a command that resolves a configuration calls config.AddFlags(cmd.Flags(), preset) in NewCmdX and
//     config.Load(flags.Options(streams.Environ)) in runX;
//  3. a command with subcommands is made by newGroup;
//  4. add it to the list in NewCmdRoot.
//
// Commands return errors and never print them: Main prints one sentence and
// [ExitCode] chooses the exit code. Results go to Out, everything else to ErrOut.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"backfire/config"
)

// NewCmdRoot returns the whole command tree.
func NewCmdRoot(streams *IOStreams) *cobra.Command {
	root := newGroup("backfire", "Play, score and report multi-agent backdoor games",
		NewCmdCancel(streams, nil),
		NewCmdCollect(streams, nil),
		NewCmdConfig(streams),
		NewCmdData(streams),
		NewCmdDoctor(streams, nil),
		NewCmdImportTrigger(streams, nil),
		NewCmdPredict(streams, nil),
		NewCmdPlan(streams, nil),
		NewCmdQuick(streams, nil),
		NewCmdReport(streams, nil),
		NewCmdRun(streams, nil),
		NewCmdRuns(streams),
		NewCmdStatus(streams, nil),
		NewCmdSubmit(streams),
		NewCmdSweep(streams, nil),
		NewCmdTable(streams, nil),
		NewCmdTrigger(streams, nil),
		NewCmdVerify(streams, nil),
		NewCmdVersion(streams, nil),
		NewCmdPlanWorker(streams, nil),
	)
	root.Long = `backfire plays the multi-agent backdoor game: several attackers poison one
shared training set, each with its own trigger and target label, a defender
trains on it, and the program measures what every one of them achieved.

Start with "backfire quick"; "backfire doctor" checks this machine.`
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	root.SetFlagErrorFunc(flagError)
	return root
}

// Main runs the program with the given arguments (without the program's name)
// and returns its exit code. It is all that package main calls.
func Main(ctx context.Context, args []string, streams *IOStreams) int {
	return execute(ctx, NewCmdRoot(streams), args, streams)
}

// execute runs a command tree and turns its error into one sentence and an exit
// code.
func execute(ctx context.Context, root *cobra.Command, args []string, streams *IOStreams) int {
	// What fails before a command starts is cobra's verdict on the command line.
	started := false
	root.PersistentPreRun = func(*cobra.Command, []string) { started = true }
	root.SetArgs(append([]string{}, args...)) // for nil cobra would take those of the process
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return ExitOK
	}
	message := "backfire: " + err.Error() + "\n"
	if !started {
		err = &UsageError{Err: err}
		message += fmt.Sprintf("See %q.\n", cmd.CommandPath()+" --help")
	}
	// There is nowhere left to report an error of writing this to.
	_, _ = io.WriteString(streams.ErrOut, message)
	return ExitCode(err)
}

// newGroup returns a command that only holds subcommands. Called alone it shows
// its help; an unknown subcommand is a usage error with suggestions.
func newGroup(use, short string, subcommands ...*cobra.Command) *cobra.Command {
	group := &cobra.Command{
		Use:                        use,
		Short:                      short,
		SuggestionsMinimumDistance: 2,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			message := fmt.Sprintf("unknown command %q for %q", args[0], cmd.CommandPath())
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				message += fmt.Sprintf("; did you mean %s?", strings.Join(near, " or "))
			}
			return errors.New(message)
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	group.AddCommand(subcommands...)
	return group
}

// flagError adds the nearest flag's name to the error about an unknown one.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || len(unknown.GetSpecifiedName()) < 2 {
		return &UsageError{Err: err}
	}
	var names []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	slices.Sort(names)
	return Usagef("%w; did you mean --%s?", err, config.Nearest(unknown.GetSpecifiedName(), names))
}
