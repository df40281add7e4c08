package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/report"
	"backfire/stats"
)

// NewCmdRunsDiff returns the command that compares two stored results.
func NewCmdRunsDiff(streams *IOStreams, runF func(context.Context, *RunsOptions) error) *cobra.Command {
	return newRunsCmd(&cobra.Command{
		Use:   "diff A B",
		Short: "Compare two stored results: their configurations and figures",
		Long: `Show the fields of cell.yaml in which two results differ, then their figures side
by side, with what B has more than A, in points. Attackers are those with the same
ID. A and B are hashes of cells or the beginnings of them, of results in other
stores with the directory before (other/3f2a). Two trainings of one cell are the
same if their digests are; this is said.`,
		Example: `  backfire runs diff 3f2a 9c41
  backfire runs diff 3f2a /mnt/gpu/runs/3f2a --json`,
		Args: cobra.ExactArgs(2),
	}, streams, func(cmd *cobra.Command, opts *RunsOptions) {
		cmd.Flags().BoolVar(&opts.JSON, "json", false, "write one line of JSON")
	}, runRunsDiff, runF)
}

// runDifference is what two results differ in, as "runs diff --json" writes it.
type runDifference struct {
	A runSide `json:"a"`
	B runSide `json:"b"`
	// Same says that the results have one digest: they agree in every value that
	// depends on the cell.
	Same          bool                      `json:"same"`
	Configuration []configurationDifference `json:"configuration"`
	Figures       []figureDifference        `json:"figures"`
}

// runSide is one of the two results.
type runSide struct {
	Cell     string        `json:"cell"`
	Title    string        `json:"title"`
	Seed     uint64        `json:"seed"`
	Readings cell.Readings `json:"readings"`
	Digest   string        `json:"digest"`
}

// configurationDifference is a field of cell.yaml that only one of the cells has,
// or that has another value in each.
type configurationDifference struct {
	Field string  `json:"field"`
	A     *string `json:"a"` // nil: A has no such field
	B     *string `json:"b"`
}

// figureDifference is a figure of both results: a share in [0, 1], or final_loss.
type figureDifference struct {
	Figure     string       `json:"figure"`
	Attacker   *int         `json:"attacker,omitempty"` // ID
	A          stats.Number `json:"a"`
	B          stats.Number `json:"b"`
	Difference stats.Number `json:"difference"` // B - A
}

func runRunsDiff(_ context.Context, opts *RunsOptions) error {
	var records [2]*store.Record
	for i, run := range opts.Runs {
		var err error
		if records[i], err = readRun(opts.Config, run); err != nil {
			return err
		}
	}
	d, err := newRunDifference(records[0], records[1])
	if err != nil {
		return err
	}
	if opts.JSON {
		if err := json.NewEncoder(opts.IO.Out).Encode(d); err != nil {
			return fmt.Errorf("write the difference: %w", err)
		}
		return nil
	}
	return d.show(opts.IO)
}

// newRunDifference compares two results.
func newRunDifference(a, b *store.Record) (*runDifference, error) {
	d := &runDifference{A: sideOf(a), B: sideOf(b), Same: a.Result.Digest == b.Result.Digest, Figures: figureDifferences(a.Result, b.Result)}
	var err error
	d.Configuration, err = configurationDifferences(a.Cell, b.Cell)
	return d, err
}

func sideOf(r *store.Record) runSide {
	return runSide{Cell: r.Result.Cell, Title: r.Cell.Title(), Seed: r.Result.Seed, Readings: r.Result.Readings, Digest: r.Result.Digest}
}

// configurationDifferences lists the fields that differ: those of a in its order,
// then those that b alone has.
func configurationDifferences(a, b cell.Cell) ([]configurationDifference, error) {
	left, err := a.Fields()
	if err != nil {
		return nil, err
	}
	right, err := b.Fields()
	if err != nil {
		return nil, err
	}
	others := map[string]*string{}
	for i := range right {
		others[right[i].Path] = &right[i].Value
	}
	differences := []configurationDifference{}
	for _, field := range left {
		other := others[field.Path]
		if delete(others, field.Path); other == nil || *other != field.Value {
			differences = append(differences, configurationDifference{field.Path, &field.Value, other})
		}
	}
	for _, field := range right {
		if own := others[field.Path]; own != nil {
			differences = append(differences, configurationDifference{field.Path, nil, own})
		}
	}
	return differences, nil
}

// figureDifferences lists the figures of both results.
func figureDifferences(a, b store.Result) []figureDifference {
	var figures []figureDifference
	add := func(name string, attacker *int, x, y float64) {
		figures = append(figures, figureDifference{name, attacker, stats.Number(x), stats.Number(y), stats.Number(y - x)})
	}
	add("clean_accuracy", nil, a.CleanAccuracy.Value(), b.CleanAccuracy.Value())
	add("asr", nil, float64(a.ASR.Mean), float64(b.ASR.Mean))
	add("base_rate", nil, float64(a.BaseRate.Mean), float64(b.BaseRate.Mean))
	add("lift", nil, float64(a.Lift.Mean), float64(b.Lift.Mean))
	add("robustness", nil, float64(a.Robustness.Mean), float64(b.Robustness.Mean))
	add("train_accuracy", nil, a.TrainAccuracy, b.TrainAccuracy)
	for _, attacker := range a.Attackers {
		for _, other := range b.Attackers {
			if attacker.ID == other.ID {
				add("asr", &attacker.ID, attacker.ASR.Value(), other.ASR.Value())
			}
		}
	}
	add(finalLoss, nil, a.FinalLoss, b.FinalLoss)
	return figures
}

// finalLoss is the only figure that is no share.
const finalLoss = "final_loss"

// figureNames are what people are shown.
var figureNames = map[string]string{
	"clean_accuracy": "standard accuracy %", "asr": "mean ASR %", "base_rate": "mean base rate %", "lift": "mean lift %",
	"robustness": "mean robustness accuracy %", "train_accuracy": "train accuracy %", finalLoss: "final loss",
}

// show writes the difference as two tables.
func (d *runDifference) show(streams *IOStreams) error {
	text := d.A.line("A") + d.B.line("B") + "Readings: " + report.ReadingsText(d.A.Readings)
	if d.A.Readings != d.B.Readings {
		text += "; of B: " + report.ReadingsText(d.B.Readings)
	}
	text += ".\n\n"
	if d.Same {
		text += "The results are the same to the last digit: digest " + short(d.A.Digest) + ".\n\n"
	}
	if err := write(streams.Out, text); err != nil {
		return err
	}
	rows := [][]string{{"CONFIGURATION", "A", "B"}}
	for _, c := range d.Configuration {
		rows = append(rows, []string{c.Field, textOr(c.A, "-"), textOr(c.B, "-")})
	}
	if len(rows) == 1 {
		rows = append(rows, []string{"no difference", "", ""})
	}
	if err := writeTable(streams.Out, rows); err != nil {
		return err
	}
	if err := write(streams.Out, "\n"); err != nil {
		return err
	}
	rows = [][]string{{"FIGURE", "A", "B", "B - A"}}
	for _, f := range d.Figures {
		rows = append(rows, f.row())
	}
	return writeTable(streams.Out, rows)
}

// line names the result.
func (s runSide) line(side string) string {
	return fmt.Sprintf("%s  %s  %s; one seed: %d, one model\n", side, short(s.Cell), s.Title, s.Seed)
}

// textOr is the text that p points to, or another if there is none.
func textOr(p *string, otherwise string) string {
	if p == nil {
		return otherwise
	}
	return *p
}

// row is the figure for people: shares in percent, their difference in points.
func (f figureDifference) row() []string {
	if f.Figure == finalLoss {
		return []string{figureNames[f.Figure], fmt.Sprintf("%.4f", f.A), fmt.Sprintf("%.4f", f.B), fmt.Sprintf("%+.4f", f.Difference)}
	}
	name := figureNames[f.Figure]
	if f.Attacker != nil {
		name = "ASR of attacker " + strconv.Itoa(*f.Attacker) + " %"
	}
	change := percentage(float64(f.Difference))
	if f.Difference > 0 {
		change = "+" + change
	}
	return []string{name, percentage(float64(f.A)), percentage(float64(f.B)), change}
}
