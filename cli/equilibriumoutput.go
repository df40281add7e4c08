package cli

import (
	"path/filepath"

	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/report"
	"backfire/report/equilibria"
)

// gameLine is the last line of --json, one for each dataset.
type gameLine struct {
	Event       string               `json:"event"`          // "game"
	Path        string               `json:"path,omitempty"` // the sweep's summary
	Files       []string             `json:"files"`
	Interrupted bool                 `json:"interrupted"`
	Failed      []store.Failure      `json:"failed"`
	Game        *equilibria.Document `json:"game"`
}

// showGames solves the game of each dataset, writes the files of its answers, unless it was interrupted, and shows
// the answers.
func (o *sweepOutput) showGames(sum *summary.Summary, outcome *runner.Outcome, interrupted bool) error {
	hours, err := trainedHours(o.sweep, o.results)
	if err != nil {
		return err
	}
	for i, dataset := range datasetsOf(sum) {
		trials, err := report.GameTrials(sum, dataset)
		if err != nil {
			return err
		}
		result, err := sum.Game.Analyze(trials, 0)
		if err != nil {
			return err
		}
		result.Hash = sum.Sweep
		document := equilibria.New(result, dataset, len(sum.Missing), hours)
		line := gameLine{Event: "game", Path: sum.Path, Files: []string{}, Interrupted: interrupted, Failed: append([]store.Failure{}, outcome.Failed...), Game: document}
		if !interrupted {
			base := filepath.Join(o.dir(), document.FileName())
			if line.Files, err = writeAnswers("game", base, document, equilibria.Formats()); err != nil {
				return err
			}
		}
		if i > 0 && !o.opts.JSON {
			tell(o.opts.IO.Out, "\n")
		}
		if err := showAnswers(o.opts, "game", line, document, equilibria.Text, line.Files); err != nil {
			return err
		}
	}
	o.tellStore()
	return nil
}
