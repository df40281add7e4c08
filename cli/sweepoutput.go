package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"backfire/config"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/report"
	"backfire/report/table"
)

// sweepOutput makes, writes and shows the tables of a sweep.
type sweepOutput struct {
	opts  *SweepOptions
	file  *config.Sweep
	sweep *plan.Sweep
	store *store.Store
	// results is the store as show reads it.
	results *summary.OnceStore
	begun   time.Time // of the command
	// cheapest shows the answers of a search in place of tables; nil: it is none.
	cheapest func(sum *summary.Summary, outcome *runner.Outcome, interrupted bool) error
}

// tableLine is one of the last lines of --json, one for each dataset.
type tableLine struct {
	Event       string          `json:"event"`          // "table"
	Path        string          `json:"path,omitempty"` // the sweep's summary
	Files       []string        `json:"files"`          // the table's
	Interrupted bool            `json:"interrupted"`
	Failed      []store.Failure `json:"failed"` // of the whole sweep
	Table       *table.Table    `json:"table"`
}

// show makes the tables from the store, writes their files and shows them. An
// interrupted sweep has no files and, without --json, no tables. It returns the models
// that have no whole result.
func (o *sweepOutput) show(ctx context.Context, outcome *runner.Outcome, interrupted bool) ([]plan.Missing, error) {
	if interrupted && !o.opts.JSON {
		return outcome.Missing, nil
	}
	o.results = summary.NewOnceStore(o.store)
	sum, err := summary.Summarize(o.sweep, o.results)
	if err != nil {
		return nil, err
	}
	return sum.Unfinished, o.showSummary(ctx, sum, outcome, interrupted)
}

// showSummary writes the summary, makes its tables, writes their files and shows them.
func (o *sweepOutput) showSummary(ctx context.Context, sum *summary.Summary, outcome *runner.Outcome, interrupted bool) error {
	sum.Origin = &summary.Request{
		Kind: string(o.opts.Kind), Name: o.file.Name, Title: o.file.Title, Preset: o.file.Preset, Command: o.opts.CommandLine,
		Begun: o.begun.UTC(), Finished: time.Now().UTC(),
	}
	if !interrupted {
		if err := sum.Write(ctx, o.store); err != nil {
			return err
		}
		if len(sum.Missing) == 0 {
			if err := runner.End(o.sweep, o.store); err != nil {
				return err
			}
		}
	}
	if o.sweep.Audit != nil {
		return o.showAudit(sum, outcome, interrupted)
	}
	if o.cheapest != nil {
		return o.cheapest(sum, outcome, interrupted)
	}
	if o.sweep.Game != nil {
		return o.showGames(sum, outcome, interrupted)
	}
	shown := 0
	for _, dataset := range datasetsOf(sum) {
		for _, kind := range append([]report.Kind{o.opts.Kind}, report.SecondTables()...) {
			made, err := o.table(kind, sum, dataset, outcome)
			if kind != o.opts.Kind && errors.Is(err, report.ErrEmpty) {
				continue // most sweeps have no such defender
			}
			if err != nil {
				return err
			}
			line := tableLine{Event: "table", Path: sum.Path, Interrupted: interrupted, Failed: append([]store.Failure{}, outcome.Failed...), Table: made}
			if err := o.showTable(line, shown == 0); err != nil {
				return err
			}
			shown++
		}
	}
	o.tellStore()
	return nil
}

// showTable writes the files of a table, unless the sweep was interrupted, and shows the
// table.
func (o *sweepOutput) showTable(line tableLine, first bool) error {
	line.Files = []string{}
	if !line.Interrupted {
		var err error
		if line.Files, err = o.write(line.Table); err != nil {
			return err
		}
	}
	var err error
	if o.opts.JSON {
		err = json.NewEncoder(o.opts.IO.Out).Encode(line)
	} else {
		err = o.print(line.Table, first)
	}
	if err != nil {
		return fmt.Errorf("show %s: %w", line.Table.Name, err)
	}
	return nil
}

// table makes a table of the sweep on one of its datasets.
func (o *sweepOutput) table(kind report.Kind, summary *summary.Summary, dataset string, outcome *runner.Outcome) (*table.Table, error) {
	name := o.file.Name
	if kind != o.opts.Kind {
		name += "-" + string(kind)
	}
	return report.New(kind, summary, dataset, report.Options{
		Name: name, Title: o.file.Title, Preset: o.file.Preset, Failures: outcome.Failed, Result: resultsOf(o.results), Environment: o.environment,
	})
}

// resultsOf returns a reader of the results of a store, with their figures of pairs.
func resultsOf(st plan.Reader) func(cell string) (*store.Result, error) {
	return func(cell string) (*store.Result, error) {
		record, err := st.Read(cell)
		if err != nil {
			return nil, err
		}
		return record.WithPairs()
	}
}

// environment reads the environment in which a cell was trained.
func (o *sweepOutput) environment(cell string) (*store.Environment, error) {
	environment, err := (&store.Record{Dir: o.store.Path(cell)}).Environment()
	if err != nil {
		return nil, err
	}
	return &environment, nil
}

// datasetsOf lists the datasets of a sweep in the order of its points.
func datasetsOf(summary *summary.Summary) []string {
	var names []string
	for _, point := range summary.Points {
		if !slices.Contains(names, point.Data.Name) {
			names = append(names, point.Data.Name)
		}
	}
	return names
}

// print shows a table as text, with an empty line before all but the first.
func (o *sweepOutput) print(made *table.Table, first bool) error {
	if !first {
		tell(o.opts.IO.Out, "\n")
	}
	if err := made.WriteText(o.opts.IO.Out, widthOf(o.opts.IO.Out)); err != nil {
		return err
	}
	var extensions []string
	for _, format := range made.Formats() {
		extensions = append(extensions, string(format))
	}
	tell(o.opts.IO.Out, "\nThis table as files: %s.{%s}\n", o.path(made), strings.Join(extensions, ","))
	return nil
}

// dir returns the directory of the tables.
func (o *sweepOutput) dir() string {
	if o.opts.Out == "" {
		return filepath.Join(o.store.Dir(), "tables")
	}
	return o.opts.Out
}

// makeDir makes the directory of the tables.
func (o *sweepOutput) makeDir() error {
	if err := os.MkdirAll(o.dir(), 0o755); err != nil {
		return fmt.Errorf("make the directory for the tables: %w", err)
	}
	return nil
}

// path returns the path of a table's files, without their extension.
func (o *sweepOutput) path(made *table.Table) string {
	return filepath.Join(o.dir(), made.FileName())
}

// write writes a table's files and returns their paths.
func (o *sweepOutput) write(made *table.Table) ([]string, error) {
	path := o.path(made)
	var paths []string
	for _, format := range made.Formats() {
		name := path + "." + string(format)
		if err := writeTableFile(name, made, format); err != nil {
			return nil, err
		}
		paths = append(paths, name)
	}
	return paths, nil
}

// writeTableFile writes a table to a file in a format.
func writeTableFile(name string, made *table.Table, format table.Format) error {
	file, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write a table: %w", err)
	}
	if err := made.Write(file, format); err != nil {
		_ = file.Close() // the table is not whole anyway
		return err
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("write a table: %w", err)
	}
	return nil
}
