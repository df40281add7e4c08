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
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/network"
	"backfire/internal/visible"
	"backfire/internal/words"
	"backfire/report"
	"backfire/stats"
)

// newCmdModelsShow returns the command that shows a model.
func newCmdModelsShow(streams *IOStreams, runF func(context.Context, *modelsOptions) error) *cobra.Command {
	return newModelsCmd(&cobra.Command{
		Use:   "show MODEL",
		Short: "Show a model: settings, figures, attackers and files",
		Long: `Show the settings of a model, its figures, each attacker beside itself alone, the
training time and the files. MODEL is the hash of a model or its beginning, or such a
directory of another store (other/3f2a). All files are compared with their checksums
first.`,
		Example: `  backfire models show 3f2a
  backfire models show 3f2a --json | jq .attackers[0].asr`,
		Args: arguments("MODEL"),
	}, streams, func(cmd *cobra.Command, opts *modelsOptions) {
		cmd.Flags().BoolVar(&opts.JSON, "json", false, "write result.json as one line")
	}, runModelsShow, runF)
}

func runModelsShow(_ context.Context, opts *modelsOptions) error {
	record, err := readModel(opts.Config, opts.Models[0])
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

// readModel reads the stored result whose hash begins with a name, from the store that
// a configuration names, or from the directory before the hash.
func readModel(options config.Options, name string) (*store.Record, error) {
	if strings.ContainsRune(name, filepath.Separator) {
		options.Sets = append(slices.Clone(options.Sets), "store="+filepath.Dir(name))
		name = filepath.Base(name)
	}
	store, err := openStore(options)
	if err != nil {
		return nil, err
	}
	hash, err := findModel(store, name)
	if err != nil {
		return nil, err
	}
	return store.Read(hash)
}

// heading returns the lines about a result above its attackers and files.
func heading(r *store.Record) string {
	var text strings.Builder
	line := func(name, format string, args ...any) {
		tell(&text, "%-18s %s\n", name, visible.Line(fmt.Sprintf(format, args...)))
	}
	c, result := r.Cell, r.Result
	images := result.AttackersImages()
	line("model", "%s", result.Cell)
	line("title", "%s", c.Title())
	line("data", "%s, %d of %d images of %s, %d classes", c.Data.Name, c.Game.PoolSize, c.Data.Images, c.Data.Shape, len(c.Data.Classes))
	line("seed", "%d (one seed, one model)", c.Game.Seed)
	line("network", "%s%s", networkText(c.Model.Architecture, c.Model.Width, c.Model.Module), weightsText(c.Model))
	line("training", "%s of %d images in batches of %d, %s, learning rate %g (%s)",
		epochsText(r), result.TrainingImages, c.Training.Batch, c.Training.Optimizer, c.Training.LearningRate, c.Training.Schedule)
	line("defense", "%s", defenseOf(c))
	line("readings", "%s", report.ReadingsText(result.Readings))
	line("standard accuracy", "%s %% (%d of %d)%s", ratePercent(result.CleanAccuracy), result.CleanAccuracy.Hits, result.CleanAccuracy.Of, collapsedText(result.Collapsed))
	line("mean ASR", "%s %%, base rate %s %%, robustness accuracy %s %%", spread(result.ASR, images), spread(result.BaseRate, images), spread(result.Robustness, images))
	line("last epoch", "loss %.4f, %s %% of the training set predicted as trained on", result.FinalLoss, stats.Percent(stats.Number(result.TrainAccuracy), result.TrainingImages))
	line("took", "%s, %.0f images/s, finished %s", words.Duration(words.Seconds(result.Provenance.TotalSeconds)), result.Provenance.ImagesPerSecond, timeText(result.Provenance.Finished))
	line("directory", "%s", r.Dir)
	text.WriteByte('\n')
	return text.String()
}

// networkText returns a network in words.
func networkText(architecture string, width int, module network.Module) string {
	if module.Describes() {
		return fmt.Sprintf("TorchScript module %s, %d values", short(module.SHA256), module.Values)
	}
	return fmt.Sprintf("%s, width %d", architecture, width)
}

// weightsText returns a remark about initial weights that were not drawn.
func weightsText(m cell.Model) string {
	if m.Weights == "" {
		return ""
	}
	return ", initial weights " + short(m.Weights)
}

// epochsText returns the number of epochs of a model, and the rule that ended its
// training.
func epochsText(r *store.Record) string {
	text := words.Plural(r.Result.Epochs(r.Cell), "epoch")
	if rule := r.Cell.Training.StopWhen; rule != "" {
		text += fmt.Sprintf(" of at most %d (until %s)", r.Cell.Training.Epochs, rule)
	}
	return text
}

// collapsedText returns the remark about a model whose accuracy is at chance.
func collapsedText(collapsed bool) string {
	if collapsed {
		return ", at chance: the ASRs mean nothing"
	}
	return ""
}

// timeText returns a time in UTC.
func timeText(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// rateText returns a rate in percent, or a dash if there is none.
func rateText(rate *game.Rate) string {
	if rate == nil {
		return "-"
	}
	return ratePercent(*rate)
}

// singleOf returns the single ASR of the attacker with an ID; nil if it is not known.
func singleOf(r *store.Record, id int) *game.Rate {
	i := slices.IndexFunc(r.Result.Provenance.Single, func(s store.Single) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return r.Result.Provenance.Single[i].ASR
}

// attackerRows returns the table of the attackers.
func attackerRows(r *store.Record) [][]string {
	rows := [][]string{{"ATTACKER", "TARGET", "P0", "P1", "P2", "POISONED", "ASR %", "ALONE %", "BASE RATE %", "ROBUSTNESS ACC. %", "TRIGGER"}}
	for _, a := range r.Result.Attackers {
		trigger := a.Trigger
		if trigger == "" {
			trigger = "one per image"
		}
		rows = append(rows, []string{
			strconv.Itoa(a.ID), a.TargetText(), fmt.Sprint(a.PoisonRate), fmt.Sprint(a.P1), fmt.Sprint(a.P2), strconv.Itoa(a.Poisoned),
			rateText(&a.ASR), rateText(singleOf(r, a.ID)), rateText(&a.BaseRate), rateText(&a.Robustness), trigger,
		})
	}
	return rows
}

// fileRows returns the table of the files, with a line for all files of a directory.
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

// sizeText returns a size in kB, from 1 MB on in MB.
func sizeText(n int64) string {
	if n < 1e6 {
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return megabytes(n)
}
