package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"backfire/report"
)

// knownTable is a table whose sweep is part of the program: an argument of "table".
type knownTable struct {
	name  string
	kind  report.Kind
	sweep string
	paper bool // one of the paper's own
	about string
}

// knownTables are the paper's tables and two that the paper lacks.
var knownTables = []knownTable{
	{"1", report.Table1, "table1", true, "ASR by number of attackers and poison rate"},
	{"2", report.Table2, "table2", true, "ASR with equal and with different target labels"},
	{"3", report.Table3, "table3", true, "ASR and standard accuracy by number of attackers and defense"},
	{"defenses", report.Families, "defenses", false, "every defense with one attacker and with ten: ASR, accuracies, score and cost, against none"},
	{"labels", report.Points, "labels", false, "five attackers with one label, with one for two of them, and with a label for each"},
}

// The values of --readings.
const (
	plainReadings    = "plain"
	reportedReadings = "as-reported"
)

// newCmdTable returns the command that makes a table of the paper.
func newCmdTable(streams *IOStreams, runF func(context.Context, *SweepOptions) error) *cobra.Command {
	opts := newSweepOptions(streams)
	var names []string
	for _, table := range knownTables {
		names = append(names, table.name)
	}
	cmd := &cobra.Command{
		Use:   "table [1|2|3|defenses|labels]",
		Short: "Make a table of the paper, its figures beside the measured ones",
		Long: `Make one of the paper's three tables: train what it needs, print it with the
paper's figures below the measured ones and the paper's claims settled, and write
it as text, Markdown, LaTeX, CSV and JSON. Two tables are not the paper's: "defenses"
compares every defense with its undefended twin, and "labels" one label for all
attackers with one for some of them and one for each. Without an argument the tables
are listed.

The preset quick, which is the default, plays on the images inside the program in
minutes; workstation and paper play on MNIST unless --dataset says otherwise.
Claims need six seeds at least, more where several are judged together.

Table 3 with --readings as-reported has two readings side by side, on 12,500 images and
with six seeds: as the paper's figures come about on MNIST (a fresh pattern for every
image, random labels, a deal that the attackers share), and the plain one.

Models in the store are not retrained, whichever table they were trained for:
repeat the command to resume an interrupted table. Exit code 3 means that some
models failed while the others were finished, 4 that a result is missing or damaged
otherwise.`,
		Example: `  backfire table 1
  backfire table 2 --dataset all --preset workstation --seeds 6
  backfire table 3 --dataset cifar10 --preset paper --dry-run
  backfire table 3 --readings as-reported --dataset all --dry-run`,
		ValidArgs: names,
		Args:      oneOf("table", names, arguments("[TABLE]")),
	}
	flags := addSweepFlags(cmd, opts)
	readings := cmd.Flags().String("readings", plainReadings, "readings of table 3: plain, or as-reported for those that give the paper's figures on MNIST, beside the plain ones")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return listTables(streams)
		}
		table := knownTables[slices.Index(names, args[0])]
		opts.Kind, opts.Sweep = table.kind, table.sweep
		switch {
		case *readings != plainReadings && *readings != reportedReadings:
			return Usagef("table: --readings %s: must be %s or %s", *readings, plainReadings, reportedReadings)
		case *readings == reportedReadings && table.kind != report.Table3:
			return Usagef("table: --readings %s: only table 3 has it", *readings)
		case *readings == reportedReadings:
			opts.Sweep += "-" + *readings
		}
		opts.Config, opts.CommandLine = flags.Options(streams.Environ), commandLine(cmd, args)
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runSweep(cmd.Context(), opts)
	}
	return cmd
}

// listTables prints the names and subjects of the tables.
func listTables(streams *IOStreams) error {
	rows := [][]string{{"TABLE", "ABOUT"}}
	for _, table := range knownTables {
		rows = append(rows, []string{table.name, table.about})
	}
	if err := writeTable(streams.Out, rows); err != nil {
		return err
	}
	tell(streams.Out, "\nA table of your own: \"backfire sweep FILE\"; see \"backfire sweep --help\".\n")
	return nil
}
