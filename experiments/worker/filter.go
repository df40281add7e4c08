package worker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"backfire/defenses"
	"backfire/defenses/features"
	"backfire/defenses/filter"
	"backfire/experiments/cell"
	"backfire/experiments/removed"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/safetensors"
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
	looked := &lookedAt{}
	for i, row := range set.Rows {
		if row.Owner == game.Defender {
			if !t.deal.stampedByDefender(i) {
				looked.own = append(looked.own, set.Images[i*size:(i+1)*size]...)
				looked.ownLabels = append(looked.ownLabels, set.Labels[i])
			}
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
		if err := lookAt(model, images, first.Network().Features > 0, &in); err != nil {
			return nil, err
		}
		looked.model, looked.images = model, images
		in.Model = looked
		in.Retrain = func(without []int) ([]uint16, error) {
			begin := time.Now()
			defer func() { t.filterSeconds += time.Since(begin).Seconds() }()
			gone := make([]int, len(without))
			for i, at := range without {
				gone[i] = rows[at]
			}
			return t.retrain(ctx, engine, first, gone, images)
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

// lookedAt is the first model of a filter with the images that it is asked about.
type lookedAt struct {
	model     TrainedModel
	images    []uint8 // contributed
	own       []uint8 // the defender's, without those that it stamped
	ownLabels []uint16
}

// Weights returns a copy of the weights of the model.
func (l *lookedAt) Weights() ([]safetensors.Tensor, error) { return weightsOf(l.model) }

// SetWeights replaces the weights of the model.
func (l *lookedAt) SetWeights(weights []safetensors.Tensor) error {
	return setWeights(l.model, weights)
}

// Probabilities returns the probabilities of the contributed images.
func (l *lookedAt) Probabilities() ([]float32, error) { return l.model.Probabilities(l.images) }

// OwnProbabilities returns the probabilities of the defender's images, and their labels.
func (l *lookedAt) OwnProbabilities() ([]float32, []uint16, error) {
	values, err := l.model.Probabilities(l.own)
	return values, l.ownLabels, err
}

// lookAt sets the features, if the network has any, and losses of images in the input of a filter.
func lookAt(model TrainedModel, images []uint8, hasFeatures bool, in *filter.Input) error {
	if hasFeatures {
		values, err := model.Features(images)
		if err != nil {
			return err
		}
		if in.Features, err = features.New(values, len(values)/len(in.Labels)); err != nil {
			return err
		}
	}
	var err error
	in.Losses, err = lossesOf(model, images, in.Labels)
	return err
}

// firstModel returns the trained model of the cell that the filter looks at: from its state or stored
// model if one of these is at hand, and otherwise by training it.
func (t *training) firstModel(ctx context.Context, engine Engine, first cell.Cell) (TrainedModel, error) {
	request := t.request
	if t.Cell.Takes() {
		request.Base = "" // it is the model that the cell takes
	}
	inner, err := t.inner(first, request)
	if err != nil {
		return nil, err
	}
	if err := inner.filter(ctx, engine); err != nil {
		return nil, err
	}
	return inner.trainedModel(ctx, engine)
}

// retrain trains the model that the filter looks at without some rows of the training set, which
// are contributed ones in ascending order, and returns its classes of images.
func (t *training) retrain(ctx context.Context, engine Engine, first cell.Cell, gone []int, images []uint8) ([]uint16, error) {
	request := t.request
	request.Base, request.States = "", "" // those are of the model of all rows
	inner, err := t.inner(first, request)
	if err != nil {
		return nil, err
	}
	if err := inner.deal.Remove(gone); err != nil {
		return nil, err
	}
	inner.normalization = inner.deal.Normalization
	model, err := inner.trainedModel(ctx, engine)
	if err != nil {
		return nil, err
	}
	defer model.Close()
	t.watch.enter(cell.PhaseEvaluate)
	return model.Predict(images)
}

// inner returns a training of the cell that the filter looks at, within that of the filter's.
func (t *training) inner(first cell.Cell, request Train) (*training, error) {
	hash, err := first.Hash()
	if err != nil {
		return nil, err
	}
	request.Cell, request.Checkpoint, request.SavesState, request.Artefacts = first, "", false, store.Artefacts{}
	inner := &training{
		session: session{Setup: request.Setup, hash: hash, dir: t.dir, engine: t.engine},
		request: request, threads: t.threads, watch: t.watch, cache: t.cache, first: true,
		report: func(e Event) {
			// The epochs are those of another cell: a phase shows that work goes on.
			if e.Kind == KindNotice || e.Kind == KindDiscarded {
				t.report(e)
			} else {
				t.report(Event{Kind: KindPhase, Phase: cell.PhaseTrain})
			}
		},
	}
	return inner, inner.stamp(t.cache)
}
