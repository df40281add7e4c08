package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"backfire/experiments/cell"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/report"
	"backfire/report/audits"
	"backfire/report/table"
)

// auditLine is the last line of --json.
type auditLine struct {
	Event       string           `json:"event"`          // "audit"
	Path        string           `json:"path,omitempty"` // the sweep's summary
	Files       []string         `json:"files"`
	Interrupted bool             `json:"interrupted"`
	Failed      []store.Failure  `json:"failed"`
	Audit       *audits.Document `json:"audit"`
}

// showAudit writes the files of an audit's answers, unless it was interrupted, and shows the answers.
func (o *sweepOutput) showAudit(sum *summary.Summary, outcome *runner.Outcome, interrupted bool) error {
	dataset := sum.Points[0].Data.Name
	trials, err := report.Trials(sum, dataset, report.Options{Result: o.result})
	if err != nil {
		return err
	}
	result, err := sum.Audit.Analyze(trials, dataset, 0)
	if err != nil {
		return err
	}
	if result.Hash, err = cell.HashOf(sum.Audit); err != nil {
		return err
	}
	hours, err := trainedHours(o.sweep, o.store)
	if err != nil {
		return err
	}
	document := audits.New(result, dataset, len(sum.Missing), hours)
	line := auditLine{Event: "audit", Path: sum.Path, Files: []string{}, Interrupted: interrupted, Failed: append([]store.Failure{}, outcome.Failed...), Audit: document}
	if !interrupted {
		if line.Files, err = o.writeAudit(document, sum, outcome); err != nil {
			return err
		}
	}
	if o.opts.JSON {
		if err := json.NewEncoder(o.opts.IO.Out).Encode(line); err != nil {
			return fmt.Errorf("show the audit: %w", err)
		}
		return nil
	}
	if err := document.Write(o.opts.IO.Out, audits.Text); err != nil {
		return err
	}
	tell(o.opts.IO.Out, "\nThese answers as files:\n")
	for _, file := range line.Files {
		tell(o.opts.IO.Out, "  %s\n", file)
	}
	tell(o.opts.IO.Out, "Results, one directory per model: %s\n", o.store.Dir())
	return nil
}

// writeAudit writes the answers in all formats, and the attackers of all games as CSV. It returns the paths.
func (o *sweepOutput) writeAudit(document *audits.Document, sum *summary.Summary, outcome *runner.Outcome) ([]string, error) {
	base := filepath.Join(o.dir(), document.FileName())
	var paths []string
	for _, format := range audits.Formats() {
		path := base + "." + string(format)
		file, err := os.Create(path)
		if err != nil {
			return nil, fmt.Errorf("write the audit: %w", err)
		}
		if err := errors.Join(document.Write(file, format), file.Close()); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	page := base + ".html"
	file, err := os.Create(page)
	if err != nil {
		return nil, fmt.Errorf("write the audit: %w", err)
	}
	if err := errors.Join(document.WritePage(file), file.Close()); err != nil {
		return nil, err
	}
	paths = append(paths, page)
	made, err := o.table(o.opts.Kind, sum, document.Dataset, outcome)
	if err != nil {
		return nil, err
	}
	path := base + "." + string(table.FormatCSV)
	return append(paths, path), writeTableFile(path, made, table.FormatCSV)
}
