package verify

import (
	"context"
	"fmt"
	"math"
	"path/filepath"

	"backfire/experiments/ballots"
	"backfire/experiments/removed"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
	"backfire/stats"
)

// answered holds the answers of a stored model that was asked again.
type answered struct {
	dir   disk.Dir // of the files that a worker wrote
	exact bool     // reports that this machine gives the same bits as the one that trained
}

// elsewhere begins a note about a difference that another kind of machine explains.
const elsewhere = "on another kind of machine than it was trained on"

// withoutModel is the note of a check that needs the model.
const withoutModel = "cannot be derived again: the model is not stored"

// checkModel has a worker process predict the probes again with the stored model. On the kind of
// machine that trained it every prediction must be the same. Elsewhere sums in another order change
// the class of the odd image that lies between two classes; the note gives their number.
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
	if err := c.Store.CheckModule(*c.cell); err != nil {
		return "", unable(err)
	}
	path, err := filepath.Abs(c.dir.Path(store.ModelFile))
	if err != nil {
		return "", err
	}
	dir := disk.In(c.scratch).Sub("answered")
	if err := dir.Mkdir("."); err != nil {
		return "", err
	}
	if err := c.Ask(ctx, func(device string) worker.Request {
		return worker.Predict{
			Setup:  worker.Setup{Cell: *c.cell, Device: device, Threads: c.environment.Threads, Module: c.Store.ModulePath(*c.cell)},
			Source: c.source, Dir: dir.Path("."), Model: path, Divergences: c.manifest.Files[store.DivergenceFile] != "",
			Rankings:   c.manifest.Files[ballots.RankingsFile] != "",
			Detections: c.manifest.Files[removed.DetectionFile] != "", Detectors: c.detectors(),
		}
	}); err != nil {
		return "", asked(err)
	}
	predicted, err := (&store.Record{Dir: dir.Path(".")}).Predictions(len(c.cell.Data.Classes))
	if err != nil {
		return "", err
	}
	var here store.Environment
	if err := jsonfile.ReadIn(dir, store.EnvironmentFile, &here); err != nil {
		return "", err
	}
	c.answered = &answered{dir: dir, exact: here.Machine().SameBits(c.environment.Machine())}
	differing, err := differences(predicted, c.predicted)
	if err != nil {
		return "", err
	}
	if err := c.compareLoss(); err != nil {
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

// lossTolerance is the largest difference between a loss on the defender's held-out images and the one that is
// derived again on another kind of machine. There probabilities differ by the rounding of sums, also in bfloat16.
const lossTolerance = 0.05

// compareLoss compares the stored loss on the defender's held-out images with that of the model that was asked
// again.
func (c *verification) compareLoss() error {
	if c.result == nil || c.result.CleanLoss == nil { // as older versions stored it
		return nil
	}
	var again worker.Loss
	if err := jsonfile.ReadIn(c.answered.dir, worker.LossFile, &again); err != nil {
		return err
	}
	stored, apart := *c.result.CleanLoss, math.Inf(1)
	if again.CleanLoss != nil {
		apart = math.Abs(*again.CleanLoss - stored)
	}
	if apart > lossTolerance || c.answered.exact && apart > 0 {
		return fmt.Errorf("its loss on the defender's held-out images differs by %.2g from the stored %g", apart, stored)
	}
	return nil
}

// differences counts the positions in which two lists of predictions differ. They must have the
// same length.
func differences(again, stored []uint16) (int, error) {
	if len(again) != len(stored) {
		return 0, fmt.Errorf("%d predictions instead of %d", len(again), len(stored))
	}
	n := 0
	for i, class := range again {
		if class != stored[i] {
			n++
		}
	}
	return n, nil
}

// divergenceTolerance is the largest difference between a divergence and the one that is derived
// again on the same kind of machine. Both are computed in double precision from the same
// single-precision features in the same order, so that they are equal; the tolerance leaves room
// for another compiler's rounding of sums of at most a few million terms below 1.
const divergenceTolerance = 1e-9

// checkDivergences compares the divergences with those of the stored model's features. On another
// kind of machine the features differ by rounding, which also moves the odd image into the next bin
// of a histogram: there the note gives the largest difference.
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
	stored, err := (&store.Record{Cell: *c.cell, Dir: c.dir.Path(".")}).Divergences()
	if err != nil {
		return "", err
	}
	again, err := (&store.Record{Cell: *c.cell, Dir: c.answered.dir.Path(".")}).Divergences()
	if err != nil {
		return "", err
	}
	apart, err := divergencesApart(stored, again)
	switch {
	case err != nil:
		return "", err
	case apart <= divergenceTolerance:
		return fmt.Sprintf("%d, derived again from its features", len(stored.Divergences)), nil
	case c.answered.exact:
		return "", fmt.Errorf("one of %d differs by %.2g from what its features give", len(stored.Divergences), apart)
	default:
		return fmt.Sprintf("%s, one of %d differs by %.2g", elsewhere, len(stored.Divergences), apart), nil
	}
}

// divergencesApart returns the largest difference between the divergences of two measurements. The
// error reports that they are not of the same training set and model.
func divergencesApart(d, other *store.Divergences) (float64, error) {
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
