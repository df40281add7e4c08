// Package cli is the command line of backfire.
//
// Every command has a file of its own with three parts, in this order: an
// options struct (streams, flags, injected functions), newCmdX (turns arguments and
// flags into options and passes them to runF, or to runX where runF is nil) and
// runX(ctx, opts), which does the work. A command below a group has xOptions and
// newCmdX, as no other package uses them. To add a command:
//
//  1. write x.go with XOptions, newCmdX(streams *IOStreams, runF func(context.Context, *XOptions) error) *cobra.Command
//     and runX; tests pass a runF that inspects the options, or call runX with streams of their own;
//  2. give it a Short, a Long and an Example, and check its arguments by [arguments];
//  3. a command that resolves a configuration calls addKeys(cmd, keys...) in newCmdX with the
//     keys that it uses, and config.Load(flags.Options(streams.Environ)) in runX;
//  4. a command with subcommands is made by newGroup;
//  5. add it to a group in newCmdRoot, and rewrite docs/cli.md by go test ./cli -run TestReference -regen.
//
// Commands return errors and never print them: Main prints one sentence and
// [ExitCode] chooses the exit code. Results go to Out, everything else to ErrOut.
package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"backfire/internal/buildinfo"
	"backfire/internal/visible"
)

// newCmdRoot returns the whole command tree.
func newCmdRoot(streams *IOStreams) *cobra.Command {
	root := newGroup("backfire", "Play, score and report multi-agent backdoor games")
	addGroup(root, "play", "Play",
		newCmdAudit(streams, nil),
		newCmdCheapest(streams, nil),
		newCmdConfig(streams),
		newCmdEquilibrium(streams, nil),
		newCmdQuick(streams, nil),
		newCmdRun(streams, nil),
		newCmdSweep(streams, nil),
		newCmdTable(streams, nil),
		newCmdPaper(streams, nil),
	)
	addGroup(root, "look", "Look",
		newCmdExport(streams, nil),
		newCmdModels(streams),
		newCmdPredict(streams, nil),
		newCmdReport(streams, nil),
		newCmdRuns(streams),
		newCmdServe(streams, nil),
		newCmdVerify(streams, nil),
	)
	addGroup(root, "data", "Data",
		newCmdData(streams),
		newCmdImportTrigger(streams, nil),
		newCmdTrigger(streams, nil),
	)
	addGroup(root, "cluster", "Cluster",
		newCmdCancel(streams, nil),
		newCmdCollect(streams, nil),
		newCmdPlan(streams, nil),
		newCmdStatus(streams, nil),
		newCmdSubmit(streams),
		newCmdPlanWorker(streams, nil),
	)
	addGroup(root, "program", "This program",
		newCmdCompletion(streams, nil),
		newCmdDoctor(streams, nil),
		newCmdVersion(streams, nil),
	)
	return describeRoot(root, streams)
}

// describeRoot gives the root its texts and streams, and what answers wrong flags and a request for completion.
func describeRoot(root *cobra.Command, streams *IOStreams) *cobra.Command {
	root.SetHelpCommand(newCmdHelp())
	root.SetHelpCommandGroupID("program")
	root.InitDefaultHelpCmd()
	root.CompletionOptions.DisableDefaultCmd = true
	root.Long = `backfire plays the multi-agent backdoor game: several attackers poison one shared
training set, each with its own trigger and target label, a defender trains on it, and
the program measures what each attacker and the defender achieved.

Start with "backfire quick"; "backfire doctor" checks this machine.`
	root.Example = `  backfire quick
  backfire table 1
  backfire runs list`
	root.Version = buildinfo.This().Version
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	root.SetFlagErrorFunc(flagError)
	addCompletions(root, streams)
	return root
}

// addGroup adds commands to the root under a heading of its help.
func addGroup(root *cobra.Command, id, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: id, Title: title + ":"})
	for _, cmd := range commands {
		cmd.GroupID = id
		root.AddCommand(cmd)
	}
}

// Main runs the program with the given arguments (without the program's name) and
// returns its exit code. Package main calls nothing else.
func Main(ctx context.Context, args []string, streams *IOStreams) int {
	streams = streams.shown()
	defer streams.flush()
	return execute(ctx, newCmdRoot(streams), args, streams)
}

// execute runs a command tree and turns its error into one sentence and an exit
// code.
func execute(ctx context.Context, root *cobra.Command, args []string, streams *IOStreams) int {
	// An error before a command starts is about the command line.
	started := false
	expand := expandArguments(streams)
	root.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		if err := expand(cmd, args); err != nil {
			return err
		}
		started = true
		return nil
	}
	root.SetArgs(append([]string{}, args...)) // for nil cobra would take those of the process
	cmd, err := checkCommand(root, args)
	if err == nil {
		cmd, err = root.ExecuteContextC(ctx)
	}
	if err == nil {
		return ExitOK
	}
	if exclusive := flagGroupError(cmd, err); exclusive != nil {
		err, started = exclusive, false // cobra checks groups of flags late
	}
	message := "backfire: " + visible.Sentence(err) + "\n"
	if !started {
		err = &UsageError{Err: err}
		message += fmt.Sprintf("See %q.\n", cmd.CommandPath()+" --help")
	}
	// There is nowhere left to report an error of writing this to.
	_, _ = io.WriteString(streams.ErrOut, message)
	return ExitCode(err)
}

// newGroup returns a command that only holds subcommands. Called alone it shows
// its help; an unknown subcommand is a usage error with the nearest name.
func newGroup(use, short string, subcommands ...*cobra.Command) *cobra.Command {
	group := &cobra.Command{
		Use:   use,
		Short: short,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return unknownCommand(cmd, args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	group.AddCommand(subcommands...)
	return group
}

// newCmdHelp returns the command that shows the help of another command.
func newCmdHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND...]",
		Short: "Show the help of a command",
		Long: `Show the help of a command: its purpose, flags and examples. "backfire COMMAND --help"
shows the same.`,
		Example: `  backfire help
  backfire help runs list`,
		Args:              arguments("[COMMAND...]"),
		ValidArgsFunction: completeCommands,
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := checkCommand(cmd.Root(), args)
			if err != nil {
				return &UsageError{Err: err}
			}
			found.InitDefaultHelpFlag() // as cobra does before it shows a help
			return found.Help()
		},
	}
}
