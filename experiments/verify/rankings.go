package verify

import (
	"context"
	"fmt"
	"slices"

	"backfire/experiments/ballots"
	"backfire/experiments/store"
)

// checkRankings compares the ballots of a model that votes with its predictions and the probes, and if the model is
// stored, with its answers. On another kind of machine the note gives the number of probes whose classes have another
// order.
func (c *verification) checkRankings(context.Context) (string, error) {
	switch {
	case c.manifest == nil:
		return "", unchecked(store.ManifestFile)
	case c.manifest.Files[ballots.RankingsFile] == "":
		return "not stored", nil
	case c.deal == nil:
		return "", unchecked("deal")
	}
	stored, err := (&store.Record{Cell: *c.cell, Dir: c.dir.Path(".")}).Ballots()
	if err != nil {
		return "", err
	}
	for i, probe := range c.deal.Probes.List {
		if probe.Source = 0; i >= len(stored.Probes) || stored.Probes[i] != probe {
			return "", fmt.Errorf("%s: probe %d is not that of the deal", ballots.ProbesFile, i)
		}
	}
	note := fmt.Sprintf("%d, the first classes are the predictions", len(stored.Probes))
	switch {
	case c.manifest.Files[store.ModelFile] == "":
		return note + "; the others " + withoutModel, nil
	case c.answered == nil:
		return "", unchecked("model")
	}
	again, err := (&store.Record{Cell: *c.cell, Dir: c.answered.dir.Path(".")}).Ballots()
	if err != nil {
		return "", err
	}
	differing := 0
	for i := range stored.Probes {
		if !slices.Equal(stored.Of(i), again.Of(i)) {
			differing++
		}
	}
	switch {
	case differing == 0:
		return note + ", and all are the model's", nil
	case c.answered.exact:
		return "", fmt.Errorf("the model ranks the classes of %d of %d probes in another order", differing, len(stored.Probes))
	default:
		return fmt.Sprintf("%s; %s, the model ranks the classes of %d in another order", note, elsewhere, differing), nil
	}
}
