package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"backfire/report"
)

// paperTable is one of the paper's tables: an argument of "table".
type paperTable struct {
	number string
	kind   report.Kind
	about  string
}

// paperTables are the paper's tables. Their kinds are the names of their sweeps.
var paperTables = []paperTable{
	{"1", report.Table1, "ASR by number of attackers and poison rate"},
	{"2", report.Table2, "ASR with equal and with different target labels"},
	{"3", report.Table3, "ASR and standard accuracy by number of attackers and defense"},
}

// NewCmdTable returns the command that makes a table of the paper.
func NewCmdTable(streams *IOStreams, runF func(context.Context, *SweepOptions) error) *cobra.Command {
	opts := newSweepOptions(streams)
	var numbers []string
	for _, table := range paperTables {
		numbers = append(numbers, table.number)
	}
	cmd := &cobra.Command{
		Use:   "table [1|2|3]",
		Short: "Make a table of the paper, its figures beside the measured ones",
		Long: `Make one of the paper's three tables: train what it needs, print it with the
paper's figures below the measured ones and the paper's claims settled, and write
it as text, Markdown, LaTeX, CSV and JSON. Without a number it lists the tables.

The preset quick, which is the default, plays on the images inside the program in
minutes; workstation and paper play on MNIST unless --dataset says otherwise.
Claims need three seeds.

Models that the store has are not trained again, whichever table asked for them,
so an interrupted table goes on when the same command is given again. Exit code 3
says that some models failed while the others were finished.`,
		Example: `  backfire table 1
  backfire table 2 --dataset all --preset workstation --seeds 3
  backfire table 3 --dataset cifar10 --preset paper --dry-run`,
		ValidArgs: numbers,
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
	}
	flags := addSweepFlags(cmd, opts)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return listTables(streams)
		}
		table := paperTables[slices.Index(numbers, args[0])]
		opts.Kind, opts.Sweep = table.kind, string(table.kind)
		opts.Config = flags.Options(streams.Environ)
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runSweep(cmd.Context(), opts)
	}
	return cmd
}

// listTables prints which tables there are.
func listTables(streams *IOStreams) error {
	rows := [][]string{{"TABLE", "ABOUT"}}
	for _, table := range paperTables {
		rows = append(rows, []string{table.number, table.about})
	}
	if err := writeTable(streams.Out, rows); err != nil {
		return err
	}
	fmt.Fprintln(streams.Out, "\nA table of your own: \"backfire sweep FILE\"; see \"backfire sweep --help\".")
	return nil
}
