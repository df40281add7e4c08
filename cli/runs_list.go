package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

// newCmdRunsList returns the command that lists the runs.
func newCmdRunsList(streams *IOStreams, runF func(context.Context, *runsOptions) error) *cobra.Command {
	opts := &runsOptions{}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the commands that you gave, the newest first",
		Long: `List the commands that trained models into the store, the newest first: when the run
finished, or when an unfinished run was begun; the command; the result in one line;
whether it is complete; and its hash, by which other commands take it. Repeat an
unfinished command to resume it.`,
		Example: `  backfire runs list
  backfire runs list --store mine --json`,
		Args: arguments(),
	}
	cmd.Flags().BoolVar(&opts.JSON, "json", false, "write one line of JSON per run")
	cmd.Flags().StringArrayVar(&opts.Filters, "filter", nil, "list models, as \"models list\" does")
	_ = cmd.Flags().MarkHidden("filter") // of the former "runs list"
	return newRunsCmd(cmd, streams, opts, runRunsList, runF)
}

// runLine is one line of "runs list --json".
type runLine struct {
	Run      string `json:"run"` // hash
	When     string `json:"when"`
	Begun    string `json:"begun"`    // of a finished run; empty: not known
	Finished string `json:"finished"` // likewise
	Command  string `json:"command"`  // empty: not known
	Kind     string `json:"kind"`     // of table; empty: not known
	Name     string `json:"name"`
	Title    string `json:"title"`
	Headline string `json:"headline"`
	Games    int    `json:"games"`   // one for each defender; 0: there is no summary
	Missing  int    `json:"missing"` // models that the summary lacks
	Open     bool   `json:"open"`    // unfinished
	Complete bool   `json:"complete"`
	State    string `json:"state"`          // for people
	Path     string `json:"path,omitempty"` // of the summary
}

// line returns the run as a line of JSON.
func (r *storedRun) line() runLine {
	line := runLine{
		Run: r.hash, When: timeText(r.when), Command: r.command(), Headline: r.headline(),
		Games: r.games(), Open: r.open != nil, Complete: r.complete(), State: r.state(),
	}
	if r.summary != nil {
		line.Missing, line.Path = len(r.summary.Missing), r.summary.Path
		if origin := r.summary.Origin; origin != nil {
			line.Kind, line.Name, line.Title = origin.Kind, origin.Name, origin.Title
			if !origin.Finished.IsZero() {
				line.Begun, line.Finished = timeText(origin.Begun), timeText(origin.Finished)
			}
		}
	}
	return line
}

func runRunsList(ctx context.Context, opts *runsOptions) error {
	if len(opts.Filters) > 0 {
		tellRenamed(opts.IO, "runs list --filter", "models list --filter")
		return runModelsList(ctx, &modelsOptions{IO: opts.IO, Config: opts.Config, Filters: opts.Filters, JSON: opts.JSON, Now: time.Now})
	}
	st, err := openStore(opts.Config)
	if err != nil {
		return err
	}
	runs, err := storedRuns(st, func(err error) { tell(opts.IO.ErrOut, "%v\n", err) })
	if err != nil {
		return err
	}
	if opts.JSON {
		lines := json.NewEncoder(opts.IO.Out)
		for i := range runs {
			if err := lines.Encode(runs[i].line()); err != nil {
				return fmt.Errorf("write the list: %w", err)
			}
		}
		return nil
	}
	if len(runs) == 0 {
		return write(opts.IO.Out, "no run\n")
	}
	rows := [][]string{{"RUN", "WHEN", "STATE", "RESULT", "COMMAND"}}
	for i := range runs {
		r := &runs[i]
		rows = append(rows, []string{short(r.hash), r.when.UTC().Format("2006-01-02 15:04"), r.state(), r.headline(), r.name()})
	}
	return writeTable(opts.IO.Out, rows)
}
