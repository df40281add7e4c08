package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"backfire/experiments/cell"
	"backfire/experiments/overview"
	"backfire/experiments/plan"
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
	Network       string        `json:"network"`
	Width         int           `json:"width,omitempty"` // 0, and not written: the network is a module
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
	models, err := listedModels(ctx, opts, st, filters)
	if err != nil {
		return err
	}
	if opts.JSON {
		return writeModelLines(opts, st, models)
	}
	return writeModelTable(opts, models)
}

// listedModels returns the stored models that meet all conditions, by hash. It names damaged
// ones on standard error.
func listedModels(ctx context.Context, opts *modelsOptions, st *store.Store, filters []filter) ([]overview.Result, error) {
	report := func(err error) { tell(opts.IO.ErrOut, "%v\n", err) }
	if len(filters) == 0 {
		models, err := overview.List(ctx, st, report)
		if ctx.Err() != nil {
			return nil, &InterruptedError{}
		}
		return models, err
	}
	hashes, err := st.Hashes()
	if err != nil {
		return nil, err
	}
	f := filterer{filters: filters, keys: map[string]bool{}}
	var models []overview.Result
	for _, hash := range hashes {
		if err := ctx.Err(); err != nil {
			return nil, &InterruptedError{}
		}
		record, err := st.Glance(hash)
		passes := false
		if err == nil {
			passes, err = f.passes(record)
		}
		switch {
		case errors.Is(err, store.ErrBroken):
			report(err)
		case err != nil:
			return nil, err
		case passes:
			models = append(models, overview.Of(record))
		}
	}
	return models, f.unknown()
}

// writeModelLines writes a line of JSON per model.
func writeModelLines(opts *modelsOptions, st *store.Store, models []overview.Result) error {
	lines := json.NewEncoder(opts.IO.Out)
	for _, m := range models {
		if err := lines.Encode(modelLine{
			Cell: m.Cell, Title: m.Title, Dataset: m.Dataset, N: m.N, Seed: m.Seed, Readings: m.Readings, Network: m.Network, Width: m.Width, Epochs: m.Epochs,
			Defense: cmp.Or(m.Defense, plan.Undefended), CleanAccuracy: m.CleanAccuracy, ASR: m.ASR, Collapsed: m.Collapsed,
			Finished: timeText(m.Finished), Path: st.Path(m.Cell),
		}); err != nil {
			return fmt.Errorf("write the list: %w", err)
		}
	}
	return nil
}

// writeModelTable writes a table with a line per model, and below it the readings.
func writeModelTable(opts *modelsOptions, models []overview.Result) error {
	rows := [][]string{{"MODEL", "TITLE", "DATASET", "N", "SEED", "NETWORK", "EPOCHS", "DEFENSE", "STANDARD ACC. %", "ASR %", "AGE"}}
	for _, m := range models {
		asr := spread(m.ASR, m.AttackersImages)
		if m.Collapsed {
			asr += " (collapsed)"
		}
		rows = append(rows, []string{
			short(m.Cell), m.Title, m.Dataset, strconv.Itoa(m.N), strconv.FormatUint(m.Seed, 10), m.Network, strconv.Itoa(m.Epochs),
			cmp.Or(m.Defense, plan.Undefended), ratePercent(m.CleanAccuracy), asr, words.Duration(opts.Now().Sub(m.Finished)),
		})
	}
	if err := writeTable(opts.IO.Out, rows); err != nil {
		return err
	}
	text := words.Plural(len(models), "model") + ", each of one seed\n"
	if len(models) == 0 {
		text = "no model\n"
	}
	for _, reading := range readingsOf(models) {
		text += "Readings: " + reading + "\n"
	}
	return write(opts.IO.Out, text)
}

// readingsOf returns the distinct readings of models, each with the number of its
// models if there are several.
func readingsOf(models []overview.Result) []string {
	var texts []string
	counts := map[string]int{}
	for _, m := range models {
		text := report.ReadingsText(m.Readings)
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
