package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
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
	hours, err := trainedHours(o.sweep, o.store)
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
			if line.Files, err = o.writeGame(document); err != nil {
				return err
			}
		}
		if err := o.showGame(line, i == 0); err != nil {
			return err
		}
	}
	if !o.opts.JSON {
		tell(o.opts.IO.Out, "Results, one directory per model: %s\n", o.store.Dir())
	}
	return nil
}

// showGame shows the answers of one dataset.
func (o *sweepOutput) showGame(line gameLine, first bool) error {
	if o.opts.JSON {
		if err := json.NewEncoder(o.opts.IO.Out).Encode(line); err != nil {
			return fmt.Errorf("show the game: %w", err)
		}
		return nil
	}
	if !first {
		tell(o.opts.IO.Out, "\n")
	}
	if err := line.Game.Write(o.opts.IO.Out, equilibria.Text); err != nil {
		return err
	}
	tell(o.opts.IO.Out, "\nThese answers as files:\n")
	for _, file := range line.Files {
		tell(o.opts.IO.Out, "  %s\n", file)
	}
	return nil
}

// writeGame writes the answers in all formats and returns the paths.
func (o *sweepOutput) writeGame(document *equilibria.Document) ([]string, error) {
	var paths []string
	for _, format := range equilibria.Formats() {
		path := filepath.Join(o.dir(), document.FileName()) + "." + string(format)
		file, err := os.Create(path)
		if err != nil {
			return nil, fmt.Errorf("write the game: %w", err)
		}
		if err := errors.Join(document.Write(file, format), file.Close()); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}
