package verify

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"

	"backfire/defenses"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/removed"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/game"
	"backfire/internal/disk"
)

// checkData loads the images of the cell, and reads its initial weights.
func (c *verification) checkData(ctx context.Context) (string, error) {
	if c.cell == nil {
		return "", unchecked(store.CellFile)
	}
	set, source, err := c.Images(ctx, c.cell.Data)
	if err != nil {
		return "", unable(err)
	}
	if err := c.cell.Data.Fits(set); err != nil {
		return "", fmt.Errorf("%s: %w", store.CellFile, err)
	}
	c.set, c.source = set, source
	note := fmt.Sprintf("%d images of %s, SHA-256 %.12s", c.cell.Data.Images, c.cell.Data.Name, c.cell.Data.Checksum)
	if c.cell.Model.Weights == "" {
		return note, nil
	}
	if _, err := c.cell.CheckWeights(c.Weights); err != nil {
		return "", err
	}
	return note + fmt.Sprintf("; initial weights, SHA-256 %.12s", c.cell.Model.Weights), nil
}

// checkDeal deals the game again.
func (c *verification) checkDeal(context.Context) (string, error) {
	if c.set == nil {
		return "", unchecked("data")
	}
	deal, err := worker.NewDeal(c.set, *c.cell)
	if err != nil {
		return "", err
	}
	if c.cell.Filters() {
		gone, err := removed.Read(c.dir)
		if err == nil {
			err = deal.Remove(gone)
		}
		if err != nil {
			return "", err
		}
	}
	c.deal = deal
	return fmt.Sprintf("%d images are trained on, %d predicted", len(deal.Training.Labels), deal.Probes.N), nil
}

// checkPoison compares poison.csv with the images stamped again, row by row.
func (c *verification) checkPoison(context.Context) (string, error) {
	if c.deal == nil {
		return "", unchecked("deal")
	}
	scratch := disk.In(c.scratch)
	if err := c.deal.Files().WritePoison(scratch.Path(store.PoisonFile)); err != nil {
		return "", err
	}
	derived, err := csvRows(scratch, store.PoisonFile)
	if err != nil {
		return "", err
	}
	stored, err := csvRows(c.dir, store.PoisonFile)
	if err != nil {
		return "", err
	}
	for i := range max(len(derived), len(stored)) {
		if i >= len(derived) || i >= len(stored) || !slices.Equal(derived[i], stored[i]) {
			return "", fmt.Errorf("line %d of %s is %q, dealt again it is %q", i+1, store.PoisonFile, rowAt(stored, i), rowAt(derived, i))
		}
	}
	return fmt.Sprintf("%d stamped images match their SHA-256", len(derived)-1), nil
}

// rowAt returns a line for a message.
func rowAt(rows [][]string, i int) string {
	if i >= len(rows) {
		return "missing"
	}
	return strings.Join(rows[i], ",")
}

// csvRows reads the lines of a CSV file in a directory, its heading included.
func csvRows(dir disk.Dir, name string) ([][]string, error) {
	text, err := dir.ReadFile(name, disk.MaxRecord)
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir.Path(name), err)
	}
	return rows, nil
}

// checkPredictions scores the stored predictions again.
func (c *verification) checkPredictions(context.Context) (string, error) {
	if c.deal == nil {
		return "", unchecked("deal")
	}
	predicted, err := (&store.Record{Dir: c.dir.Path(".")}).Predictions(len(c.cell.Data.Classes))
	if err != nil {
		return "", err
	}
	if c.score, err = c.deal.Game.Score(predicted); err != nil {
		return "", err
	}
	c.predicted = predicted
	return fmt.Sprintf("%d, one for each probe", len(predicted)), nil
}

// checkMetrics reads metrics.csv and remembers its epochs, of which there are as many as the cell asks for, or as
// its rule leaves.
func (c *verification) checkMetrics(context.Context) (string, error) {
	if c.cell == nil {
		return "", unchecked(store.CellFile)
	}
	metrics, err := (&store.Record{Cell: *c.cell, Dir: c.dir.Path(".")}).Metrics()
	if err != nil {
		return "", err
	}
	if defenses.Get[defenses.Exec](c.cell.DefenseStack(), defenses.KindExec) != nil {
		c.epochs = append([]store.EpochMetrics{}, metrics...) // none, and not unknown
		return "none: a program answered in place of a model", nil
	}
	end, stopped := c.cell.Training.StopRule().End(len(metrics), func(epoch int) float64 { return metrics[epoch].Loss })
	if !stopped {
		end = c.cell.Training.Epochs
	}
	if stored := len(metrics); stored != end || end > c.cell.Training.Epochs {
		return "", fmt.Errorf("%d epochs instead of %d", stored, min(end, c.cell.Training.Epochs))
	}
	for i, epoch := range metrics {
		if epoch.Epoch != i+1 {
			return "", fmt.Errorf("line %d is of epoch %d", i+2, epoch.Epoch)
		}
	}
	c.epochs = metrics
	if stopped {
		return fmt.Sprintf("epochs: %d, the first with %s", end, c.cell.Training.StopWhen), nil
	}
	return fmt.Sprintf("epochs: %d", end), nil
}

// checkFigures recomputes the result and compares all of it but its provenance.
func (c *verification) checkFigures(context.Context) (string, error) {
	switch {
	case c.result == nil:
		return "", unchecked(store.ResultFile)
	case c.score == nil:
		return "", unchecked(store.PredictionsFile)
	case c.epochs == nil:
		return "", unchecked(store.MetricsFile)
	}
	again := store.NewResult(*c.cell, c.hash, c.score, c.deal.Game.Overlaps())
	again.Normalization, again.Filter = c.deal.Normalization, c.deal.Filtered()
	again.Repair = c.result.Repair       // it follows from another model
	again.CleanLoss = c.result.CleanLoss // checkModel derives it again
	again.SetTraining(*c.cell, len(c.deal.Training.Labels), c.epochs)
	again.Digest, again.Provenance = c.result.Digest, c.result.Provenance
	for i, a := range c.result.Attackers {
		if i >= len(again.Attackers) {
			break
		}
		if a.Randomness == nil { // as older versions stored it
			again.Attackers[i].Randomness = nil
		}
		if a.Target == 0 && again.Attackers[i].Target == game.NoTarget { // likewise
			again.Attackers[i].Target, again.Attackers[i].Label = 0, c.cell.Data.Classes[0]
		}
		if a.Mapping == "" { // likewise
			again.Attackers[i].Mapping, again.Attackers[i].Sources, again.Attackers[i].SourceLabels = "", nil, nil
		}
	}
	pairs, err := c.comparePairs(&again)
	if err != nil {
		return "", err
	}
	derived, err := fieldsOfJSON(again)
	if err != nil {
		return "", err
	}
	stored, err := fieldsOfJSON(*c.result)
	if err != nil {
		return "", err
	}
	var wrong []string
	for i := range max(len(derived), len(stored)) {
		if i >= len(derived) || i >= len(stored) || derived[i] != stored[i] {
			wrong = append(wrong, fieldAt(stored, i)+", derived again "+fieldAt(derived, i))
		}
	}
	if len(wrong) > 0 {
		return "", fmt.Errorf("%d differ, first %s", len(wrong), wrong[0])
	}
	return fmt.Sprintf("%d values are the same", len(stored)+pairs), nil
}

// comparePairs compares the figures of pairs, where the result does not hold them itself, and takes them out of
// the result that was derived again. It returns their number.
func (c *verification) comparePairs(again *store.Result) (int, error) {
	if c.result.HasPairs() {
		return 0, nil
	}
	stored, err := c.result.WithPairsOf(c.dir)
	if err != nil {
		return 0, err
	}
	values := 0
	for i, row := range again.Cross {
		for j, rate := range row {
			if other := stored.Cross[i][j]; other != rate {
				return 0, fmt.Errorf("cross[%d][%d] is %d of %d, derived again %d of %d", i, j, other.Hits, other.Of, rate.Hits, rate.Of)
			}
			values += 2
		}
	}
	if !slices.Equal(stored.Overlaps, again.Overlaps) {
		return 0, errors.New("the overlaps of triggers are others than those derived again")
	}
	again.Cross, again.Overlaps = nil, nil
	return values + len(stored.Overlaps), nil
}

// fieldAt returns a field for a message.
func fieldAt(fields []cell.Field, i int) string {
	if i >= len(fields) {
		return "nothing"
	}
	return fields[i].Path + " = " + fields[i].Value
}

// fieldsOfJSON lists the fields in the JSON of a value.
func fieldsOfJSON(v any) ([]cell.Field, error) {
	tree, err := cell.TreeOf(v)
	if err != nil {
		return nil, err
	}
	return cell.Flatten(cell.Field{}, tree), nil
}

// asEarlier replaces matched single games by those in which the attackers are alone with all images, if the stored
// list has these, as results of earlier versions do.
func (c *verification) asEarlier(stored, derived []store.Single) error {
	for i := range derived {
		lone, err := c.cell.Lone(i).Hash()
		if err != nil {
			return err
		}
		if i < len(stored) && stored[i].Cell == lone {
			derived[i].Cell = lone
		}
	}
	return nil
}

// checkSingles compares the single ASRs with the single games that are stored.
func (c *verification) checkSingles(context.Context) (string, error) {
	if c.result == nil || c.score == nil {
		return "", unchecked("figures")
	}
	stored := c.result.Provenance.Single
	derived, err := store.SinglesOf(*c.cell, c.score)
	if err != nil {
		return "", err
	}
	if err := c.asEarlier(stored, derived); err != nil {
		return "", err
	}
	if len(stored) != len(derived) {
		return "", fmt.Errorf("%d of %d attackers", len(stored), len(derived))
	}
	compared := 0
	for i, single := range stored {
		if single.ID != derived[i].ID || single.Cell != derived[i].Cell {
			return "", fmt.Errorf("attacker %d alone is cell %.12s, not %.12s", derived[i].ID, derived[i].Cell, single.Cell)
		}
		if single.ASR == nil {
			continue
		}
		asr := derived[i].ASR
		if asr == nil {
			record, err := c.Store.Glance(single.Cell)
			if errors.Is(err, store.ErrNotStored) || errors.Is(err, store.ErrBroken) {
				continue
			}
			if err != nil {
				return "", err
			}
			known := plan.NewKnownResult(&record.Result)
			asr = &known.ASR
		}
		if *asr != *single.ASR {
			return "", fmt.Errorf("attacker %d: %d of %d, in its single game %d of %d", single.ID, single.ASR.Hits, single.ASR.Of, asr.Hits, asr.Of)
		}
		compared++
	}
	return fmt.Sprintf("%d of %d attackers' single games are stored", compared, len(stored)), nil
}
