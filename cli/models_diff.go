package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/internal/visible"
	"backfire/report"
	"backfire/stats"
)

// newCmdModelsDiff returns the command that compares two models.
func newCmdModelsDiff(streams *IOStreams, runF func(context.Context, *modelsOptions) error) *cobra.Command {
	return newModelsCmd(&cobra.Command{
		Use:   "diff A B",
		Short: "Compare two models: their settings and figures",
		Long: `Show the fields of cell.yaml in which two models differ, and then their figures side
by side with the difference B - A, in points. Attackers with the same ID are compared.
A and B are hashes of models or their beginnings. For a model in another store, give the
directory too (other/3f2a). If two trainings of one cell have the same digest, the
output says that they are the same.`,
		Example: `  backfire models diff 3f2a 9c41
  backfire models diff 3f2a /mnt/gpu/runs/3f2a --json`,
		Args: arguments("A", "B"),
	}, streams, func(cmd *cobra.Command, opts *modelsOptions) {
		cmd.Flags().BoolVar(&opts.JSON, "json", false, "write one line of JSON")
	}, runModelsDiff, runF)
}

// modelDifference holds the differences of two models; "models diff --json" writes it.
type modelDifference struct {
	A modelSide `json:"a"`
	B modelSide `json:"b"`
	// Same reports whether the results have one digest: they agree in every value
	// that depends on the cell.
	Same          bool                      `json:"same"`
	Configuration []configurationDifference `json:"configuration"`
	Figures       []figureDifference        `json:"figures"`
}

// modelSide is one of the two models.
type modelSide struct {
	Cell     string        `json:"cell"`
	Title    string        `json:"title"`
	Seed     uint64        `json:"seed"`
	Readings cell.Readings `json:"readings"`
	Digest   string        `json:"digest"`
}

// configurationDifference is a field of cell.yaml that only one of the cells has, or
// that has a different value in each.
type configurationDifference struct {
	Field string  `json:"field"`
	A     *string `json:"a"` // nil: A has no such field
	B     *string `json:"b"`
}

// figureDifference is a figure of both models: a share in [0, 1], or final_loss.
type figureDifference struct {
	Figure     string       `json:"figure"`
	Attacker   *int         `json:"attacker,omitempty"` // ID
	A          stats.Number `json:"a"`
	B          stats.Number `json:"b"`
	Difference stats.Number `json:"difference"` // B - A

	images int // behind a share of the model that has fewer
}

func runModelsDiff(_ context.Context, opts *modelsOptions) error {
	var records [2]*store.Record
	for i, name := range opts.Models {
		var err error
		if records[i], err = readModel(opts.Config, name); err != nil {
			return err
		}
	}
	d, err := newModelDifference(records[0], records[1])
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

// newModelDifference compares two models.
func newModelDifference(a, b *store.Record) (*modelDifference, error) {
	d := &modelDifference{A: sideOf(a), B: sideOf(b), Same: a.Result.Digest == b.Result.Digest, Figures: figureDifferences(a.Result, b.Result)}
	var err error
	d.Configuration, err = configurationDifferences(a.Cell, b.Cell)
	return d, err
}

// sideOf describes one of the models.
func sideOf(r *store.Record) modelSide {
	return modelSide{Cell: r.Result.Cell, Title: r.Cell.Title(), Seed: r.Result.Seed, Readings: r.Result.Readings, Digest: r.Result.Digest}
}

// configurationDifferences returns the fields that differ: those of a in its order,
// then those of b alone.
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

// figureDifferences returns the figures of both results.
func figureDifferences(a, b store.Result) []figureDifference {
	var figures []figureDifference
	add := func(name string, attacker *int, x, y float64, images int) {
		figures = append(figures, figureDifference{name, attacker, stats.Number(x), stats.Number(y), stats.Number(y - x), images})
	}
	heldOut := min(a.AttackersImages(), b.AttackersImages())
	add("clean_accuracy", nil, a.CleanAccuracy.Value(), b.CleanAccuracy.Value(), min(a.CleanAccuracy.Of, b.CleanAccuracy.Of))
	add("asr", nil, float64(a.ASR.Mean), float64(b.ASR.Mean), heldOut)
	add("base_rate", nil, float64(a.BaseRate.Mean), float64(b.BaseRate.Mean), heldOut)
	add("lift", nil, float64(a.Lift.Mean), float64(b.Lift.Mean), heldOut)
	add("robustness", nil, float64(a.Robustness.Mean), float64(b.Robustness.Mean), heldOut)
	add("train_accuracy", nil, a.TrainAccuracy, b.TrainAccuracy, min(a.TrainingImages, b.TrainingImages))
	for _, attacker := range a.Attackers {
		for _, other := range b.Attackers {
			if attacker.ID == other.ID {
				add("asr", &attacker.ID, attacker.ASR.Value(), other.ASR.Value(), min(attacker.ASR.Of, other.ASR.Of))
			}
		}
	}
	add(finalLoss, nil, a.FinalLoss, b.FinalLoss, 0)
	return figures
}

// finalLoss is the only figure that is not a share.
const finalLoss = "final_loss"

// figureNames are the names of the figures for people.
var figureNames = map[string]string{
	"clean_accuracy": "standard accuracy %", "asr": "mean ASR %", "base_rate": "mean base rate %", "lift": "mean lift %",
	"robustness": "mean robustness accuracy %", "train_accuracy": "train accuracy %", finalLoss: "final loss",
}

// show writes the difference as two tables.
func (d *modelDifference) show(streams *IOStreams) error {
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

// line returns the line that identifies the model.
func (s modelSide) line(side string) string {
	return fmt.Sprintf("%s  %s  %s; one seed: %d, one model\n", side, short(s.Cell), visible.Line(s.Title), s.Seed)
}

// textOr returns the text that p points to, or otherwise if p is nil.
func textOr(p *string, otherwise string) string {
	if p == nil {
		return otherwise
	}
	return *p
}

// row returns the figure for people: shares in percent, their difference in points.
func (f figureDifference) row() []string {
	if f.Figure == finalLoss {
		return []string{figureNames[f.Figure], fmt.Sprintf("%.4f", f.A), fmt.Sprintf("%.4f", f.B), fmt.Sprintf("%+.4f", f.Difference)}
	}
	name := figureNames[f.Figure]
	if f.Attacker != nil {
		name = "ASR of attacker " + strconv.Itoa(*f.Attacker) + " %"
	}
	change := stats.Percent(f.Difference, f.images)
	if f.Difference > 0 {
		change = "+" + change
	}
	return []string{name, stats.Percent(f.A, f.images), stats.Percent(f.B, f.images), change}
}
