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
	"backfire/report"
	"backfire/stats"
)

// NewCmdRunsList returns the command that lists the stored results.
func NewCmdRunsList(streams *IOStreams, runF func(context.Context, *RunsOptions) error) *cobra.Command {
	return newRunsCmd(&cobra.Command{
		Use:   "list",
		Short: "List the stored results",
		Long: `List the results of the store, one trained model per line. --filter key=value
keeps those that have that value in a field of cell.yaml or result.json, or below
"environment" of environment.json; !=, <, <=, > and >= are known, too. Of a list,
one entry has to meet the condition, with != all. Results that cannot be read are
named on standard error.`,
		Example: `  backfire runs list --store runs
  backfire runs list --filter data.name=mnist --filter game.seed=1
  backfire runs list --filter 'asr.mean>=0.5' --filter collapsed=false
  backfire runs list --filter defense.stack.cutmix.alpha=1 --json`,
		Args: cobra.NoArgs,
	}, streams, func(cmd *cobra.Command, opts *RunsOptions) {
		cmd.Flags().StringArrayVar(&opts.Filters, "filter", nil, "list only results that meet this condition, such as `key=value`; may be repeated")
		cmd.Flags().BoolVar(&opts.JSON, "json", false, "write one line of JSON per result")
	}, runRunsList, runF)
}

// runLine is one line of "runs list --json".
type runLine struct {
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

func runRunsList(ctx context.Context, opts *RunsOptions) error {
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
			fmt.Fprintln(opts.IO.ErrOut, err)
			continue
		}
		if err != nil {
			return err
		}
		passes, err := f.passes(record)
		if errors.Is(err, store.ErrBroken) {
			fmt.Fprintln(opts.IO.ErrOut, err)
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
		return writeRunLines(opts, records)
	}
	return writeRunTable(opts, records)
}

func writeRunLines(opts *RunsOptions, records []*store.Record) error {
	lines := json.NewEncoder(opts.IO.Out)
	for _, r := range records {
		if err := lines.Encode(runLine{
			Cell: r.Result.Cell, Title: r.Cell.Title(), Dataset: r.Cell.Data.Name, N: len(r.Cell.Game.Attackers),
			Seed: r.Cell.Game.Seed, Readings: r.Result.Readings, Width: r.Cell.Model.Width, Epochs: r.Cell.Training.Epochs, Defense: defenseOf(r.Cell),
			CleanAccuracy: r.Result.CleanAccuracy, ASR: r.Result.ASR, Collapsed: r.Result.Collapsed,
			Finished: timeText(r.Result.Provenance.Finished), Path: r.Dir,
		}); err != nil {
			return fmt.Errorf("write the list: %w", err)
		}
	}
	return nil
}

func writeRunTable(opts *RunsOptions, records []*store.Record) error {
	rows := [][]string{{"RUN", "TITLE", "DATASET", "N", "SEED", "WIDTH", "EPOCHS", "DEFENSE", "STANDARD ACC. %", "ASR %", "AGE"}}
	for _, r := range records {
		asr := spread(r.Result.ASR)
		if r.Result.Collapsed {
			asr += " (collapsed)"
		}
		rows = append(rows, []string{
			short(r.Result.Cell), r.Cell.Title(), r.Cell.Data.Name, strconv.Itoa(len(r.Cell.Game.Attackers)),
			strconv.FormatUint(r.Cell.Game.Seed, 10), strconv.Itoa(r.Cell.Model.Width), strconv.Itoa(r.Cell.Training.Epochs),
			defenseOf(r.Cell), percentage(r.Result.CleanAccuracy.Value()), asr,
			duration(opts.Now().Sub(r.Result.Provenance.Finished)),
		})
	}
	if err := writeTable(opts.IO.Out, rows); err != nil {
		return err
	}
	text := plural(len(records), "result") + ", each of one model and one seed\n"
	if len(records) == 0 {
		text = "no result\n"
	}
	for _, reading := range readingsOf(records) {
		text += "Readings: " + reading + "\n"
	}
	return write(opts.IO.Out, text)
}

// readingsOf names the readings of results, with the number of results where
// there are several.
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
			texts[i] = text + " (" + plural(counts[text], "result") + ")"
		}
	}
	return texts
}
