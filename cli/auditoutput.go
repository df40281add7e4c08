package cli

import (
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
	trials, err := report.Trials(sum, dataset, report.Options{Result: resultsOf(o.results)})
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
	hours, err := trainedHours(o.sweep, o.results)
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
	if err := showAnswers(o.opts, "audit", line, document, audits.Text, line.Files); err != nil {
		return err
	}
	o.tellStore()
	return nil
}

// writeAudit writes the answers in all formats, and the attackers of all games as CSV. It returns the paths.
func (o *sweepOutput) writeAudit(document *audits.Document, sum *summary.Summary, outcome *runner.Outcome) ([]string, error) {
	base := filepath.Join(o.dir(), document.FileName())
	paths, err := writeAnswers("audit", base, document, audits.Formats())
	if err != nil {
		return nil, err
	}
	page := base + ".html"
	if err := writeAnswer("audit", page, document.WritePage); err != nil {
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
