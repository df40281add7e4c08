package worker

import (
	"context"
	"fmt"
	"math"
	"slices"

	"backfire/defenses"
	"backfire/defenses/features"
	"backfire/defenses/filter"
	"backfire/experiments/cell"
	"backfire/experiments/removed"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/disk"
)

// Remove takes rows out of the training set, as a filter did: those at the positions in gone, in
// ascending order. The error wraps removed.ErrFile for a position that no contributed row has.
func (d *Deal) Remove(gone []int) error {
	before := d.Training
	if before.Rows == nil || len(gone) > 0 && gone[len(gone)-1] >= len(before.Rows) {
		return fmt.Errorf("worker: remove rows: %w: the training set has %d", removed.ErrFile, len(before.Rows))
	}
	kept := &game.TrainingSet{Shape: before.Shape}
	var simulated []int
	size, next := before.Shape.Size(), 0
	for i, row := range before.Rows {
		if next < len(gone) && gone[next] == i {
			next++
			if row.Owner == game.Defender {
				return fmt.Errorf("worker: remove rows: %w: row %d is the defender's", removed.ErrFile, i)
			}
			continue
		}
		kept.Images = append(kept.Images, before.Images[i*size:(i+1)*size]...)
		kept.Labels, kept.Rows = append(kept.Labels, before.Labels[i]), append(kept.Rows, row)
		if d.simulated != nil {
			simulated = append(simulated, d.simulated[i])
		}
	}
	d.unfiltered, d.removed, d.Training, d.simulated = before.Rows, append([]int{}, gone...), kept, simulated
	d.Normalization = normalization(d.segmentSet(0).Images, d.Training.Shape)
	return nil
}

// Filtered counts what the cell's filter removed; nil for a cell without one.
func (d *Deal) Filtered() *removed.Counts {
	if d.removed == nil {
		return nil
	}
	return removed.Count(d.Cell, d.unfiltered, d.removed)
}

// filter applies the cell's filter: it removes the rows that a checkpoint of the training names, or
// those that the filter chooses by the first model.
func (t *training) filter(ctx context.Context, engine Engine) error {
	method, kind, ok := defenses.Find[filter.Filter](t.Cell.DefenseStack())
	if !ok {
		return nil
	}
	gone, known, err := t.recordedRemoval()
	if err != nil {
		return err
	}
	if !known {
		if gone, err = t.chooseRows(ctx, engine, method); err != nil {
			return err
		}
	}
	if err := t.deal.Remove(gone); err != nil {
		return err
	}
	t.normalization = t.deal.Normalization
	if left := len(t.deal.Training.Rows); left < t.Cell.Training.Batch {
		return fmt.Errorf("worker: filter: %w: %s leaves %d images, less than a batch of %d", defenses.ErrPolicy, kind, left, t.Cell.Training.Batch)
	}
	return nil
}

// recordedRemoval returns the rows that the filter of a training removed, from which the cell can
// resume; false if there is none.
func (t *training) recordedRemoval() ([]int, bool, error) {
	sources, err := t.sources()
	if err != nil {
		return nil, false, err
	}
	for _, from := range sources {
		c, err := t.readCheckpoint(from)
		if err != nil {
			return nil, false, err
		}
		if c != nil && c.removed != nil {
			return c.removed, true, nil
		}
	}
	if !t.Cell.Takes() || t.request.Base == "" {
		return nil, false, nil
	}
	gone, err := removed.Read(disk.In(t.request.Base))
	return gone, err == nil, nil //nolint:nilerr // it is filtered instead
}

// chooseRows has a filter choose rows of the training set by the first model.
func (t *training) chooseRows(ctx context.Context, engine Engine, method filter.Filter) ([]int, error) {
	in := filter.Input{Seed: t.Cell.TrainingSeed()}
	var rows []int
	set := t.deal.Training
	size := set.Shape.Size()
	var images []uint8
	for i, row := range set.Rows {
		if row.Owner == game.Defender {
			continue
		}
		rows = append(rows, i)
		images = append(images, set.Images[i*size:(i+1)*size]...)
		in.Labels, in.Poisoned = append(in.Labels, set.Labels[i]), append(in.Poisoned, row.Trigger != game.NoTrigger)
	}
	if first, ok := t.Cell.FirstModel(); ok && len(rows) > 0 {
		model, err := t.firstModel(ctx, engine, first)
		if err != nil {
			return nil, fmt.Errorf("worker: first model of the filter: %w", err)
		}
		defer model.Close()
		t.watch.enter(cell.PhaseEvaluate)
		if err := lookAt(model, images, &in); err != nil {
			return nil, err
		}
	}
	chosen, err := method.Remove(in)
	if err != nil {
		return nil, err
	}
	gone := []int{}
	for _, at := range chosen {
		gone = append(gone, rows[at])
	}
	slices.Sort(gone)
	return gone, nil
}

// lookAt sets the features and losses of images in the input of a filter.
func lookAt(model TrainedModel, images []uint8, in *filter.Input) error {
	values, err := model.Features(images)
	if err != nil {
		return err
	}
	if in.Features, err = features.New(values, len(values)/len(in.Labels)); err != nil {
		return err
	}
	probabilities, err := model.Probabilities(images)
	if err != nil {
		return err
	}
	classes := len(probabilities) / len(in.Labels)
	for i, label := range in.Labels {
		p := float64(probabilities[i*classes+int(label)])
		in.Losses = append(in.Losses, -math.Log(max(p, math.SmallestNonzeroFloat64)))
	}
	return nil
}

// firstModel returns the trained model of the cell that the filter looks at: from its state or stored
// model if one of these is at hand, and otherwise by training it.
func (t *training) firstModel(ctx context.Context, engine Engine, first cell.Cell) (TrainedModel, error) {
	hash, err := first.Hash()
	if err != nil {
		return nil, err
	}
	own := t.request
	own.Cell, own.Checkpoint, own.SavesState, own.Artefacts = first, "", false, store.Artefacts{}
	if t.Cell.Takes() {
		own.Base = "" // it is the model that the cell takes
	}
	inner := &training{
		session: session{Setup: own.Setup, hash: hash, dir: t.dir, engine: t.engine},
		request: own, watch: t.watch, cache: t.cache, first: true,
		report: func(e Event) {
			// The epochs are those of another cell: a phase shows that work goes on.
			if e.Kind == KindNotice || e.Kind == KindDiscarded {
				t.report(e)
			} else {
				t.report(Event{Kind: KindPhase, Phase: cell.PhaseTrain})
			}
		},
	}
	if err := inner.stamp(t.cache); err != nil {
		return nil, err
	}
	if err := inner.filter(ctx, engine); err != nil {
		return nil, err
	}
	return inner.trainedModel(ctx, engine)
}
