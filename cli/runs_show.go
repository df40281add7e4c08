package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/report"
)

// NewCmdRunsShow returns the command that shows a stored result.
func NewCmdRunsShow(streams *IOStreams, runF func(context.Context, *RunsOptions) error) *cobra.Command {
	return newRunsCmd(&cobra.Command{
		Use:   "show RUN",
		Short: "Show a stored result",
		Long: `Show what was trained, what came out, each attacker beside itself alone, how long
it took and which files there are. RUN is the hash of the cell or the beginning of
it, or such a directory of another store (other/3f2a). All files are compared with
their checksums first.`,
		Example: `  backfire runs show 3f2a
  backfire runs show 3f2a --json | jq .attackers[0].asr`,
		Args: cobra.ExactArgs(1),
	}, streams, func(cmd *cobra.Command, opts *RunsOptions) {
		cmd.Flags().BoolVar(&opts.JSON, "json", false, "write result.json as one line")
	}, runRunsShow, runF)
}

func runRunsShow(_ context.Context, opts *RunsOptions) error {
	record, err := readRun(opts.Config, opts.Runs[0])
	if err != nil {
		return err
	}
	if opts.JSON {
		if err := json.NewEncoder(opts.IO.Out).Encode(record.Result); err != nil {
			return fmt.Errorf("write the result: %w", err)
		}
		return nil
	}
	if err := write(opts.IO.Out, heading(record)); err != nil {
		return err
	}
	if err := writeTable(opts.IO.Out, attackerRows(record)); err != nil {
		return err
	}
	rows, err := fileRows(record)
	if err != nil {
		return err
	}
	if err := write(opts.IO.Out, "\n"); err != nil {
		return err
	}
	return writeTable(opts.IO.Out, rows)
}

// readRun reads the stored result whose hash begins so: of the store that a
// configuration names, or of the one whose directory stands before the hash.
func readRun(options config.Options, run string) (*store.Record, error) {
	if strings.ContainsRune(run, filepath.Separator) {
		options.Sets = append(slices.Clone(options.Sets), "store="+filepath.Dir(run))
		run = filepath.Base(run)
	}
	store, err := openStore(options)
	if err != nil {
		return nil, err
	}
	hash, err := findRun(store, run)
	if err != nil {
		return nil, err
	}
	return store.Read(hash)
}

// heading is all of a result but its attackers and files.
func heading(r *store.Record) string {
	var text strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&text, "%-18s %s\n", name, fmt.Sprintf(format, args...))
	}
	c, result := r.Cell, r.Result
	line("run", "%s", result.Cell)
	line("title", "%s", c.Title())
	line("data", "%s, %d of %d images of %s, %d classes", c.Data.Name, c.Game.PoolSize, c.Data.Images, c.Data.Shape, len(c.Data.Classes))
	line("seed", "%d (one seed, one model)", c.Game.Seed)
	line("model", "%s, width %d", c.Model.Architecture, c.Model.Width)
	line("training", "%s of %d images in batches of %d, %s, learning rate %g (%s)",
		plural(c.Training.Epochs, "epoch"), result.TrainingImages, c.Training.Batch, c.Training.Optimizer, c.Training.LearningRate, c.Training.Schedule)
	line("defense", "%s", defenseOf(c))
	line("readings", "%s", report.ReadingsText(result.Readings))
	line("standard accuracy", "%s %% (%d of %d)%s", percentage(result.CleanAccuracy.Value()), result.CleanAccuracy.Hits, result.CleanAccuracy.Of, collapsedText(result.Collapsed))
	line("mean ASR", "%s %%, base rate %s %%, robustness accuracy %s %%", spread(result.ASR), spread(result.BaseRate), spread(result.Robustness))
	line("last epoch", "loss %.4f, %s %% of the training set predicted as trained on", result.FinalLoss, percentage(result.TrainAccuracy))
	line("took", "%s, %.0f images/s, finished %s", duration(seconds(result.Provenance.TotalSeconds)), result.Provenance.ImagesPerSecond, timeText(result.Provenance.Finished))
	line("directory", "%s", r.Dir)
	text.WriteByte('\n')
	return text.String()
}

func collapsedText(collapsed bool) string {
	if collapsed {
		return ", at chance: the ASRs mean nothing"
	}
	return ""
}

func timeText(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// rateText is a rate in percent, or a dash if there is none.
func rateText(rate *game.Rate) string {
	if rate == nil {
		return "-"
	}
	return percentage(rate.Value())
}

// singleOf is the single ASR of the attacker with an ID; nil if it is not known.
func singleOf(r *store.Record, id int) *game.Rate {
	i := slices.IndexFunc(r.Result.Provenance.Single, func(s store.Single) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return r.Result.Provenance.Single[i].ASR
}

// attackerRows is the table of the attackers.
func attackerRows(r *store.Record) [][]string {
	rows := [][]string{{"ATTACKER", "TARGET", "P0", "P1", "P2", "POISONED", "ASR %", "ALONE %", "BASE RATE %", "ROBUSTNESS ACC. %", "TRIGGER"}}
	for _, a := range r.Result.Attackers {
		trigger := a.Trigger
		if trigger == "" {
			trigger = "one per image"
		}
		rows = append(rows, []string{
			strconv.Itoa(a.ID), a.Label, fmt.Sprint(a.PoisonRate), fmt.Sprint(a.P1), fmt.Sprint(a.P2), strconv.Itoa(a.Poisoned),
			rateText(&a.ASR), rateText(singleOf(r, a.ID)), rateText(&a.BaseRate), rateText(&a.Robustness), trigger,
		})
	}
	return rows
}

// fileRows is the table of the files, those of a directory in one line.
func fileRows(r *store.Record) ([][]string, error) {
	var tops []string
	for _, name := range r.Files() {
		top, _, _ := strings.Cut(name, "/")
		if !slices.Contains(tops, top) {
			tops = append(tops, top)
		}
	}
	rows := [][]string{{"FILE", "SIZE"}}
	for _, top := range tops {
		size, err := disk.Size(r.File(top))
		if err != nil {
			return nil, err
		}
		rows = append(rows, []string{top, sizeText(size)})
	}
	return rows, nil
}

// sizeText is a size in kB, or in MB from one on.
func sizeText(n int64) string {
	if n < 1e6 {
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return megabytes(n)
}
