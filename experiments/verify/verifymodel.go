package verify

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"backfire/defenses/indexing"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
	"backfire/stats"
)

// answered is what a stored model answered when it was asked again.
type answered struct {
	dir   string // of the files that a worker wrote
	exact bool   // on the kind of machine that it was trained on: the same bits
}

// elsewhere begins a note about a difference that has its reason.
const elsewhere = "on another kind of machine than it was trained on"

// withoutModel is the note of what only the model could tell.
const withoutModel = "cannot be derived again: the model is not stored"

// checkModel has a worker process predict the probes again with the stored model.
// On the kind of machine that it was trained on every prediction must be the
// same; elsewhere sums in another order turn the odd image that lies between two
// classes, and their number is told.
func (c *verification) checkModel(ctx context.Context) (string, error) {
	switch {
	case c.manifest == nil:
		return "", unchecked(store.ManifestFile)
	case c.manifest.Files[store.ModelFile] == "":
		return "not stored", nil
	case c.predicted == nil:
		return "", unchecked(store.PredictionsFile)
	case c.environment == nil:
		return "", unchecked(store.EnvironmentFile)
	}
	path, err := filepath.Abs(c.path(store.ModelFile))
	if err != nil {
		return "", err
	}
	dir := filepath.Join(c.scratch, "answered")
	if err := os.Mkdir(dir, disk.DirMode); err != nil {
		return "", err
	}
	if err := c.Ask(ctx, worker.Job{
		Cell: *c.cell, Source: c.source, Dir: dir, Predict: path, Threads: c.environment.Threads,
		Artefacts: store.Artefacts{Divergence: c.manifest.Files[store.DivergenceFile] != ""},
	}); err != nil {
		return "", err
	}
	predicted, err := os.ReadFile(filepath.Join(dir, store.PredictionsFile))
	if err != nil {
		return "", err
	}
	var here store.Environment
	if err := jsonfile.Read(filepath.Join(dir, store.EnvironmentFile), &here); err != nil {
		return "", err
	}
	c.answered = &answered{dir: dir, exact: here.Machine().SameBits(c.environment.Machine())}
	differing, err := differences(predicted, c.predicted)
	if err != nil {
		return "", err
	}
	switch {
	case differing == 0:
		return fmt.Sprintf("it predicts the same for all %d probes", len(predicted)), nil
	case c.answered.exact:
		return "", fmt.Errorf("it predicts another class for %d of %d probes", differing, len(predicted))
	default:
		return fmt.Sprintf("%s, it predicts another class for %d of %d probes", elsewhere, differing, len(predicted)), nil
	}
}

// differences counts the places in which two lists of predictions differ.
func differences(got, want []uint8) (int, error) {
	if len(got) != len(want) {
		return 0, fmt.Errorf("%d predictions instead of %d", len(got), len(want))
	}
	n := 0
	for i, class := range got {
		if class != want[i] {
			n++
		}
	}
	return n, nil
}

// divergenceTolerance is how far a divergence may lie from the one that is derived
// again on the same kind of machine. Both are worked out in double precision from
// the same single-precision features in the same order, so that they are equal; the
// tolerance leaves room for another compiler's rounding of sums of at most a few
// million terms below 1.
const divergenceTolerance = 1e-9

// checkDivergences compares the divergences with those that the stored model's
// features give again. On another kind of machine the features differ by rounding,
// which also moves the odd image into the next bin of a histogram: there the
// largest difference is told.
func (c *verification) checkDivergences(context.Context) (string, error) {
	switch {
	case c.manifest == nil:
		return "", unchecked(store.ManifestFile)
	case c.manifest.Files[store.DivergenceFile] == "":
		return "not stored", nil
	case c.manifest.Files[store.ModelFile] == "":
		return withoutModel, nil
	case c.answered == nil:
		return "", unchecked("model")
	}
	got, err := (&store.Record{Dir: c.dir}).Divergences()
	if err != nil {
		return "", err
	}
	want, err := (&store.Record{Dir: c.answered.dir}).Divergences()
	if err != nil {
		return "", err
	}
	apart, err := divergencesApart(got, want)
	switch {
	case err != nil:
		return "", err
	case apart <= divergenceTolerance:
		return fmt.Sprintf("%d, derived again from its features", len(got.Divergences)), nil
	case c.answered.exact:
		return "", fmt.Errorf("one of %d differs by %.2g from what its features give", len(got.Divergences), apart)
	default:
		return fmt.Sprintf("%s, one of %d differs by %.2g", elsewhere, len(got.Divergences), apart), nil
	}
}

// apart returns the largest difference of a divergence between two measurements of
// the same training set. The error says that they are not of the same.
func divergencesApart(d *store.Divergences, other *store.Divergences) (float64, error) {
	if d.Format != other.Format || d.Cell != other.Cell || d.Looked != other.Looked || d.Features != other.Features || len(d.Divergences) != len(other.Divergences) {
		return 0, fmt.Errorf("%s is of another training set or model", store.DivergenceFile)
	}
	most := 0.0
	for i, a := range d.Divergences {
		b := other.Divergences[i]
		for _, pair := range [][2]stats.Number{{a.MMD2, b.MMD2}, {a.JS, b.JS}} {
			if pair[0].Defined() != pair[1].Defined() {
				return 0, fmt.Errorf("entry %d of %s is %v, derived again %v", i, store.DivergenceFile, pair[0], pair[1])
			}
			if pair[0].Defined() {
				most = max(most, math.Abs(float64(pair[0]-pair[1])))
			}
		}
		if a.MMD2, a.JS, b.MMD2, b.JS = 0, 0, 0, 0; a != b {
			return 0, fmt.Errorf("entry %d of %s is about %d images of agent %d in class %d (%s), derived again about %d of agent %d in class %d (%s)",
				i, store.DivergenceFile, a.Rows, a.Agent, a.Class, a.Part, b.Rows, b.Agent, b.Class, b.Part)
		}
	}
	return most, nil
}

// checkInquiry compares what an inquiry asked with what the cell has it ask, and
// the answers with those that the stored model gives again.
func (c *verification) checkInquiry(context.Context) (string, error) {
	switch {
	case c.again == nil:
		return "", unchecked("deal")
	case c.cell.Attribution == nil:
		return "nothing was asked", nil
	}
	got, err := (&store.Record{Cell: *c.cell, Dir: c.dir}).AttributedProbes()
	if err != nil {
		return "", err
	}
	want := worker.NewAttributedProbes(*c.cell.Attribution, c.again.Probes.List, c.cell.Game.Seed)
	if len(got) != len(want) {
		return "", fmt.Errorf("%d queries instead of %d", len(got), len(want))
	}
	for i, a := range got {
		b := want[i]
		if a.Position != b.Position || a.Batch != b.Batch || a.Probe.Owner != b.Probe.Owner || a.Probe.Trigger != b.Probe.Trigger || a.Probe.Label != b.Probe.Label {
			return "", fmt.Errorf("line %d of %s asks with probe %d in batch %d, dealt again with probe %d in batch %d, or says something else of it",
				i+2, store.QueriesFile, a.Position, a.Batch, b.Position, b.Batch)
		}
	}
	switch {
	case c.manifest == nil:
		return "", unchecked(store.ManifestFile)
	case c.manifest.Files[store.ModelFile] == "":
		return fmt.Sprintf("asked with %d images; the answers %s", len(got), withoutModel), nil
	case c.answered == nil:
		return "", unchecked("model")
	}
	return c.compareAnswers(got)
}

// compareAnswers compares guesses and unlearned predictions.
func (c *verification) compareAnswers(got []store.AttributedProbe) (string, error) {
	want, err := (&store.Record{Cell: *c.cell, Dir: c.answered.dir}).AttributedProbes()
	if err != nil {
		return "", err
	}
	guesses, turned := 0, 0
	for i, a := range got {
		for _, form := range indexing.Forms() {
			for j, guess := range a.Guesses[form] {
				guesses++
				if guess != want[i].Guesses[form][j] {
					turned++
				}
			}
		}
	}
	stored, err := os.ReadFile(c.path(store.UnlearnedFile))
	if err != nil {
		return "", err
	}
	again, err := os.ReadFile(filepath.Join(c.answered.dir, store.UnlearnedFile))
	if err != nil {
		return "", err
	}
	differing, err := differences(again, stored)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("%d of %d guesses and %d of %d predictions after unlearning are others", turned, guesses, differing, len(stored))
	switch {
	case turned == 0 && differing == 0:
		return fmt.Sprintf("%d guesses and %d predictions after unlearning are the same", guesses, len(stored)), nil
	case c.answered.exact:
		return "", errors.New(text)
	default:
		return elsewhere + ", " + text, nil
	}
}
