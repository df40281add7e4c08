package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/internal/disk"
	"backfire/internal/visible"
	"backfire/internal/words"
	"backfire/report"
	"backfire/stats"
)

// newCmdRunsShow returns the command that shows a run.
func newCmdRunsShow(streams *IOStreams, runF func(context.Context, *runsOptions) error) *cobra.Command {
	opts := &runsOptions{}
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Show a run: command, configuration, games and files",
		Long: `Show the command of a run, its state, the configuration of its points, the figures of
its games, and its files. RUN is "latest", the hash of a run or its beginning; "backfire
runs list" lists the hashes.`,
		Example: `  backfire runs show latest
  backfire runs show 3e24d2 --json | jq .summary.points[0].games`,
		Args: arguments("RUN"),
	}
	cmd.Flags().BoolVar(&opts.JSON, "json", false, "write the line of \"runs list\" with the whole summary")
	return newRunsCmd(cmd, streams, opts, runRunsShow, runF)
}

func runRunsShow(ctx context.Context, opts *runsOptions) error {
	if strings.ContainsRune(opts.Run, filepath.Separator) { // other/3f2a has always been a model
		return showFormer(ctx, opts)
	}
	st, err := openStore(opts.Config)
	if err != nil {
		return err
	}
	run, err := findRun(st, opts.Run, func(err error) { tell(opts.IO.ErrOut, "%v\n", err) })
	if errors.Is(err, errNoRun) {
		if _, missing := st.Find(opts.Run); missing == nil {
			return showFormer(ctx, opts)
		}
	}
	if err != nil {
		return fmt.Errorf("runs show: %w", err)
	}
	if opts.JSON {
		return writeLine(opts.IO.Out, struct {
			runLine
			Summary *summary.Summary `json:"summary"`
		}{run.line(), run.summary})
	}
	text := runHeading(run)
	if run.summary != nil {
		text += configurationText(run.summary)
	}
	if err := write(opts.IO.Out, wrapLines(text, widthOf(opts.IO.Out))+"\n"); err != nil {
		return err
	}
	if run.summary != nil && run.games() > 0 {
		if err := writeTable(opts.IO.Out, gameRows(run.summary)); err != nil {
			return err
		}
		if err := write(opts.IO.Out, "\n"); err != nil {
			return err
		}
	}
	rows, err := runFileRows(st, run)
	if err != nil {
		return err
	}
	return writeTable(opts.IO.Out, rows)
}

// showFormer shows a model, as the former "runs show" did.
func showFormer(ctx context.Context, opts *runsOptions) error {
	tellRenamed(opts.IO, "runs show MODEL", "models show MODEL")
	return runModelsShow(ctx, &modelsOptions{IO: opts.IO, Config: opts.Config, Models: []string{opts.Run}, JSON: opts.JSON, Now: time.Now})
}

// runHeading returns the lines that identify a run.
func runHeading(r *storedRun) string {
	var text strings.Builder
	line := func(name, value string) {
		if value != "" {
			tell(&text, "%-14s %s\n", name, visible.Line(value))
		}
	}
	line("run", r.hash)
	line("command", r.command())
	line("when", timeText(r.when))
	line("state", r.state())
	line("result", r.headline())
	if r.summary == nil {
		return text.String()
	}
	if origin := r.summary.Origin; origin != nil {
		line("preset", origin.Preset)
	}
	for _, missing := range r.summary.Missing {
		line("missing", short(missing.Cell)+"  "+missing.Title)
	}
	return text.String()
}

// configurationText returns the settings of the points, once for points that agree in
// them.
func configurationText(sum *summary.Summary) string {
	var text strings.Builder
	seen := map[string]bool{}
	for _, p := range sum.Points {
		settings := fmt.Sprintf("%-14s %s, %d of %d images of %s\n", "data", visible.Line(p.Data.Name), p.Pool, p.Data.Images, p.Data.Shape) +
			fmt.Sprintf("%-14s %s\n", "network", networkText(p.Model.Architecture, p.Model.Width, p.Model.Module)) +
			fmt.Sprintf("%-14s %s in batches of %d, %s, learning rate %g (%s)\n", "training", epochsAtMost(p.Training),
				p.Training.Batch, p.Training.Optimizer, p.Training.LearningRate, p.Training.Schedule) +
			fmt.Sprintf("%-14s %s\n", "readings", report.ReadingsText(p.Readings))
		if !seen[settings] {
			seen[settings] = true
			text.WriteString(settings)
		}
	}
	if targets := targetsOf(sum); len(targets) > 0 {
		tell(&text, "%-14s %s\n", "targets", strings.Join(targets, ", "))
	}
	return text.String()
}

// targetsOf returns the target labels of all attackers of a summary, each once; of many
// only the first.
func targetsOf(sum *summary.Summary) []string {
	const most = 10
	var targets []string
	for _, p := range sum.Points {
		for _, g := range p.Games {
			for _, a := range g.Attackers {
				if target := a.TargetText(); !slices.Contains(targets, target) {
					targets = append(targets, target)
				}
			}
		}
	}
	if more := len(targets) - most; more > 0 {
		targets = append(targets[:most], fmt.Sprintf("and %d more", more))
	}
	return targets
}

// epochsAtMost returns the number of epochs of a training, and the rule that may end
// it before.
func epochsAtMost(t cell.Training) string {
	text := words.Plural(t.Epochs, "epoch")
	if t.StopWhen != "" {
		text = "at most " + text + ", until " + t.StopWhen + ","
	}
	return text
}

// gameRows returns the table of the games, in percent. The varied keys and the seed
// identify a point where it has no name.
func gameRows(sum *summary.Summary) [][]string {
	rows := [][]string{{"POINT", "SEED", "N", "DEFENDER", "STANDARD ACC. %", "ASR %", "BASE RATE %", "ROBUSTNESS ACC. %", "HITS OF EACH ATTACKER", "MODELS"}}
	for _, p := range sum.Points {
		name := p.Name
		if name == "" {
			var keys []string
			for _, key := range slices.Sorted(maps.Keys(p.Keys)) {
				keys = append(keys, key+"="+p.Keys[key])
			}
			name = strings.Join(keys, " ")
		}
		if name == "" {
			name = "-"
		}
		for _, g := range p.Games {
			row := []string{name, strconv.FormatUint(p.Seed, 10), strconv.Itoa(g.N), g.Defender, "-", "-", "-", "-", "-"}
			if g.Complete {
				images := p.AttackersImages(&g)
				row = append(row[:4], fmt.Sprintf("%s (%d/%d)", stats.Percent(stats.Number(g.CleanAccuracy.Value()), g.CleanImages()), g.CleanAccuracy.Hits, g.CleanAccuracy.Of), spread(g.ASR, images), spread(g.BaseRate, images), spread(g.Robustness, images), hitsOf(g.Attackers))
			}
			var models []string
			for _, hash := range g.Models {
				models = append(models, short(hash))
			}
			rows = append(rows, append(row, strings.Join(models, " ")))
		}
	}
	return rows
}

// hitsOf returns the images behind the ASR of each attacker, "0: 139/159"; of many only the first.
func hitsOf(attackers []summary.GameAttacker) string {
	const most = 10
	var texts []string
	for _, a := range attackers[:min(most, len(attackers))] {
		texts = append(texts, fmt.Sprintf("%d: %d/%d", a.ID, a.ASR.Hits, a.ASR.Of))
	}
	if more := len(attackers) - most; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, ", ")
}

// runFileRows returns the table of the run's own files. The models have directories of
// their own.
func runFileRows(st *store.Store, r *storedRun) ([][]string, error) {
	rows := [][]string{{"FILE", "SIZE"}}
	dirs := []disk.Dir{st.PlanFiles(r.hash)}
	if r.open != nil && r.open.Sweep != r.hash {
		dirs = append(dirs, st.PlanFiles(r.open.Sweep))
	}
	for _, dir := range dirs {
		entries, err := dir.ReadDir(".")
		if err != nil {
			return nil, fmt.Errorf("runs show: list the files: %w", err)
		}
		for _, entry := range entries {
			path := dir.Path(entry.Name)
			size, err := dir.Size(entry.Name)
			if err != nil {
				return nil, err
			}
			rows = append(rows, []string{path, sizeText(size)})
		}
	}
	return rows, nil
}
