package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"backfire/defenses/indexing"
	"backfire/experiments/store"
	"backfire/experiments/worker"
)

// checkAttribution compares the probes that an attribution asked with with those that the cell
// prescribes, and the answers with those that the stored model gives again.
func (c *verification) checkAttribution(context.Context) (string, error) {
	switch {
	case c.deal == nil:
		return "", unchecked("deal")
	case c.cell.Attribution == nil:
		return "nothing was asked", nil
	}
	stored, err := (&store.Record{Cell: *c.cell, Dir: c.dir.Path(".")}).AttributedProbes()
	if err != nil {
		return "", err
	}
	derived := worker.NewAttributedProbes(*c.cell.Attribution, c.deal.Probes.List, c.cell.Game.Seed)
	if len(stored) != len(derived) {
		return "", fmt.Errorf("%d queries instead of %d", len(stored), len(derived))
	}
	for i, a := range stored {
		b := derived[i]
		if a.Position != b.Position || a.Batch != b.Batch || a.Probe.Owner != b.Probe.Owner || a.Probe.Trigger != b.Probe.Trigger || a.Probe.Label != b.Probe.Label {
			return "", fmt.Errorf("line %d of %s asks with probe %d in batch %d, dealt again with probe %d in batch %d, or its owner, trigger or label differs",
				i+2, store.QueriesFile, a.Position, a.Batch, b.Position, b.Batch)
		}
	}
	switch {
	case c.manifest == nil:
		return "", unchecked(store.ManifestFile)
	case c.manifest.Files[store.ModelFile] == "":
		return fmt.Sprintf("asked with %d images; the answers %s", len(stored), withoutModel), nil
	case c.answered == nil:
		return "", unchecked("model")
	}
	return c.compareAnswers(stored)
}

// compareAnswers compares the guesses and the predictions after unlearning.
func (c *verification) compareAnswers(probes []store.AttributedProbe) (string, error) {
	answered, err := (&store.Record{Cell: *c.cell, Dir: c.answered.dir.Path(".")}).AttributedProbes()
	if err != nil {
		return "", err
	}
	guesses, turned := 0, 0
	for i, a := range probes {
		for _, form := range indexing.Forms() {
			for j, guess := range a.Guesses[form] {
				guesses++
				if guess != answered[i].Guesses[form][j] {
					turned++
				}
			}
		}
	}
	stored, err := (&store.Record{Cell: *c.cell, Dir: c.dir.Path(".")}).UnlearnedPredictions()
	if err != nil {
		return "", err
	}
	again, err := (&store.Record{Cell: *c.cell, Dir: c.answered.dir.Path(".")}).UnlearnedPredictions()
	if err != nil {
		return "", err
	}
	all := slices.Concat(stored...)
	differing, err := differences(slices.Concat(again...), all)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("%d of %d guesses and %d of %d predictions after unlearning are others", turned, guesses, differing, len(all))
	switch {
	case turned == 0 && differing == 0:
		return fmt.Sprintf("%d guesses and %d predictions after unlearning are the same", guesses, len(all)), nil
	case c.answered.exact:
		return "", errors.New(text)
	default:
		return elsewhere + ", " + text, nil
	}
}
