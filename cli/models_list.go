package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/words"
	"backfire/report"
	"backfire/stats"
)

// newCmdModelsList returns the command that lists the trained models.
func newCmdModelsList(streams *IOStreams, runF func(context.Context, *modelsOptions) error) *cobra.Command {
	return newModelsCmd(&cobra.Command{
		Use:   "list",
		Short: "List the trained models",
		Long: `List the models of the store, one per line. --filter key=value selects those with
that value in a field of cell.yaml or result.json, or with the prefix "environment." of
environment.json. The relations !=, <, <=, > and >= work, too. Of a list, one entry has
to meet the condition, with != all. Results that cannot be read are named on standard
error.`,
		Example: `  backfire models list --store runs
  backfire models list --filter data.name=mnist --filter game.seed=1
  backfire models list --filter 'asr.mean>=0.5' --filter collapsed=false
  backfire models list --filter defense.stack.cutmix.alpha=1 --json`,
		Args: arguments(),
	}, streams, func(cmd *cobra.Command, opts *modelsOptions) {
		cmd.Flags().StringArrayVar(&opts.Filters, "filter", nil, "list only models that meet this condition, such as `key=value`; may be repeated")
		cmd.Flags().BoolVar(&opts.JSON, "json", false, "write one line of JSON per model")
	}, runModelsList, runF)
}

// modelLine is one line of "models list --json".
type modelLine struct {
	Cell          string        `json:"cell"`
	Title         string        `json:"title"`
	Dataset       string        `json:"dataset"`
	N             int           `json:"n"`
	Seed          uint64        `json:"seed"`
	Readings      cell.Readings `json:"readings"`
	Width         int           `json:"width"`
	Epochs        int           `json:"epochs"`
	Defense       string        `json:"defense"`
	CleanAccuracy game.Rate     `json:"clean_accuracy"`
	ASR           stats.Summary `json:"asr"`
	Collapsed     bool          `json:"collapsed"`
	Finished      string        `json:"finished"`
	Path          string        `json:"path"`
}

func runModelsList(ctx context.Context, opts *modelsOptions) error {
	filters, err := parseFilters(opts.Filters)
	if err != nil {
		return err
	}
	st, err := openStore(opts.Config)
	if err != nil {
		return err
	}
	hashes, err := st.Hashes()
	if err != nil {
		return err
	}
	f := filterer{filters: filters, keys: map[string]bool{}}
	var records []*store.Record
	for _, hash := range hashes {
		if err := ctx.Err(); err != nil {
			return &InterruptedError{}
		}
		record, err := st.Glance(hash)
		if errors.Is(err, store.ErrBroken) {
			tell(opts.IO.ErrOut, "%v\n", err)
			continue
		}
		if err != nil {
			return err
		}
		passes, err := f.passes(record)
		if errors.Is(err, store.ErrBroken) {
			tell(opts.IO.ErrOut, "%v\n", err)
			continue
		}
		if err != nil {
			return err
		}
		if passes {
			records = append(records, record)
		}
	}
	if err := f.unknown(); err != nil {
		return err
	}
	if opts.JSON {
		return writeModelLines(opts, records)
	}
	return writeModelTable(opts, records)
}

// writeModelLines writes a line of JSON per model.
func writeModelLines(opts *modelsOptions, records []*store.Record) error {
	lines := json.NewEncoder(opts.IO.Out)
	for _, r := range records {
		if err := lines.Encode(modelLine{
			Cell: r.Result.Cell, Title: r.Cell.Title(), Dataset: r.Cell.Data.Name, N: len(r.Cell.Game.Attackers),
			Seed: r.Cell.Game.Seed, Readings: r.Result.Readings, Width: r.Cell.Model.Width, Epochs: r.Result.Epochs(r.Cell), Defense: defenseOf(r.Cell),
			CleanAccuracy: r.Result.CleanAccuracy, ASR: r.Result.ASR, Collapsed: r.Result.Collapsed,
			Finished: timeText(r.Result.Provenance.Finished), Path: r.Dir,
		}); err != nil {
			return fmt.Errorf("write the list: %w", err)
		}
	}
	return nil
}

// writeModelTable writes a table with a line per model, and below it the readings.
func writeModelTable(opts *modelsOptions, records []*store.Record) error {
	rows := [][]string{{"MODEL", "TITLE", "DATASET", "N", "SEED", "WIDTH", "EPOCHS", "DEFENSE", "STANDARD ACC. %", "ASR %", "AGE"}}
	for _, r := range records {
		asr := spread(r.Result.ASR, r.Result.AttackersImages())
		if r.Result.Collapsed {
			asr += " (collapsed)"
		}
		rows = append(rows, []string{
			short(r.Result.Cell), r.Cell.Title(), r.Cell.Data.Name, strconv.Itoa(len(r.Cell.Game.Attackers)),
			strconv.FormatUint(r.Cell.Game.Seed, 10), strconv.Itoa(r.Cell.Model.Width), strconv.Itoa(r.Result.Epochs(r.Cell)),
			defenseOf(r.Cell), ratePercent(r.Result.CleanAccuracy), asr,
			words.Duration(opts.Now().Sub(r.Result.Provenance.Finished)),
		})
	}
	if err := writeTable(opts.IO.Out, rows); err != nil {
		return err
	}
	text := words.Plural(len(records), "model") + ", each of one seed\n"
	if len(records) == 0 {
		text = "no model\n"
	}
	for _, reading := range readingsOf(records) {
		text += "Readings: " + reading + "\n"
	}
	return write(opts.IO.Out, text)
}

// readingsOf returns the distinct readings of results, each with the number of its
// models if there are several.
func readingsOf(records []*store.Record) []string {
	var texts []string
	counts := map[string]int{}
	for _, r := range records {
		text := report.ReadingsText(r.Result.Readings)
		if counts[text]++; counts[text] == 1 {
			texts = append(texts, text)
		}
	}
	for i, text := range texts {
		if len(texts) > 1 {
			texts[i] = text + " (" + words.Plural(counts[text], "model") + ")"
		}
	}
	return texts
}
