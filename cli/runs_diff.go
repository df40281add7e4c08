package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"backfire/experiments"
)

// NewCmdRunsDiff returns the command that compares two stored results.
func NewCmdRunsDiff(streams *IOStreams, runF func(context.Context, *RunsOptions) error) *cobra.Command {
	return newRunsCmd(&cobra.Command{
		Use:   "diff A B",
		Short: "Compare two stored results: their configurations and figures",
		Long: `Show the fields of cell.yaml in which two results differ, then their figures side
by side, with what B has more than A, in points. Attackers are those with the same
ID.`,
		Example: `  backfire runs diff 3f2a 9c41`,
		Args:    cobra.ExactArgs(2),
	}, streams, func(*cobra.Command, *RunsOptions) {}, runRunsDiff, runF)
}

func runRunsDiff(_ context.Context, opts *RunsOptions) error {
	store, err := openStore(opts.Config)
	if err != nil {
		return err
	}
	var records [2]*experiments.Record
	for i, run := range opts.Runs {
		if records[i], err = readRun(store, run); err != nil {
			return err
		}
	}
	rows, err := cellDifferences(records[0], records[1])
	if err != nil {
		return err
	}
	if err := writeTable(opts.IO.Out, rows); err != nil {
		return err
	}
	if err := write(opts.IO.Out, "\n"); err != nil {
		return err
	}
	return writeTable(opts.IO.Out, figureDifferences(records[0], records[1]))
}

// cellDifferences is the table of the fields that differ.
func cellDifferences(a, b *experiments.Record) ([][]string, error) {
	left, err := a.Cell.Fields()
	if err != nil {
		return nil, err
	}
	right, err := b.Cell.Fields()
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, field := range right {
		values[field.Path] = field.Value
	}
	rows := [][]string{{"CONFIGURATION", "A " + short(a.Result.Cell), "B " + short(b.Result.Cell)}}
	for _, field := range left {
		value, ok := values[field.Path]
		if delete(values, field.Path); !ok {
			value = "-"
		}
		if !ok || value != field.Value {
			rows = append(rows, []string{field.Path, field.Value, value})
		}
	}
	for _, field := range right {
		if value, ok := values[field.Path]; ok {
			rows = append(rows, []string{field.Path, "-", value})
		}
	}
	if len(rows) == 1 {
		rows = append(rows, []string{"no difference", "", ""})
	}
	return rows, nil
}

// figureDifferences is the table of the figures, in percent.
func figureDifferences(a, b *experiments.Record) [][]string {
	rows := [][]string{{"FIGURE", "A", "B", "B - A"}}
	add := func(name string, x, y float64) {
		change := percentage(y - x)
		if y > x {
			change = "+" + change
		}
		rows = append(rows, []string{name, percentage(x), percentage(y), change})
	}
	x, y := a.Result, b.Result
	add("standard accuracy %", x.CleanAccuracy.Value(), y.CleanAccuracy.Value())
	add("mean ASR %", float64(x.ASR.Mean), float64(y.ASR.Mean))
	add("mean base rate %", float64(x.BaseRate.Mean), float64(y.BaseRate.Mean))
	add("mean lift %", float64(x.Lift.Mean), float64(y.Lift.Mean))
	add("mean robustness accuracy %", float64(x.Robustness.Mean), float64(y.Robustness.Mean))
	add("train accuracy %", x.TrainAccuracy, y.TrainAccuracy)
	for _, attacker := range x.Attackers {
		for _, other := range y.Attackers {
			if attacker.ID == other.ID {
				add("ASR of attacker "+strconv.Itoa(attacker.ID)+" %", attacker.ASR.Value(), other.ASR.Value())
			}
		}
	}
	rows = append(rows, []string{"final loss", fmt.Sprintf("%.4f", x.FinalLoss), fmt.Sprintf("%.4f", y.FinalLoss), fmt.Sprintf("%+.4f", y.FinalLoss-x.FinalLoss)})
	return rows
}
