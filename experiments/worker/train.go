package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"backfire/defenses"
	"backfire/defenses/repair"
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/streams"
)

// progressEvery is the shortest time between two progress events.
const progressEvery = 500 * time.Millisecond

// training is a session that trains a model and stores its result.
type training struct {
	session
	request Train
	threads *atomic.Int64 // that the training is to use; 0: those of the request
	report  func(Event)
	watch   *stopwatch
	scorer  *scorer // of the learning curve; nil: none

	saver         *saver               // of checkpoints; nil: there are none
	saved         time.Time            // when the last checkpoint was taken, or the training began
	epochs        []store.EpochMetrics // completed
	resumed       int                  // number of those that come from a checkpoint
	trained       int                  // images that went through the training step in the others
	notices       []string             // from the engine
	cache         *gameCache           // of the cell's game
	repaired      *repair.Outcome      // nil without a repair
	repairSeconds float64
	filterSeconds float64
	loss          *float64 // on the defender's held-out images; nil without a model
	first         bool     // the training of the model that another cell's filter looks at
}

// train trains the cell of a request and writes the files of its result into the request's
// directory.
func (w *Worker) train(ctx context.Context, hash string, request Train, threads *atomic.Int64, report func(Event)) error {
	t := &training{
		session: session{Setup: request.Setup, hash: hash, dir: request.Dir},
		request: request, threads: threads, report: report, watch: newStopwatch(report),
	}
	var err error
	if t.engine, err = w.Engine.Describe(t.Device); err != nil {
		return err
	}
	if request.Stored != "" {
		return w.complete(ctx, &t.session, request)
	}
	if request.Checkpoint != "" {
		var remove func()
		t.saver, remove = w.savers.add(t.writer(w.Checkpointing))
		defer remove()
	}
	err = t.produce(ctx, w)
	switch unsaved := t.saver.finish(); {
	case unsaved == nil:
		return err
	case err == nil || errors.Is(err, context.Canceled): // the training would have ended with this error
		return unsaved
	default:
		return errors.Join(err, unsaved)
	}
}

// produce trains the cell and writes the files of its result.
func (t *training) produce(ctx context.Context, w *Worker) error {
	request := t.request
	t.saved = time.Now()
	if err := t.prepare(ctx, w); err != nil {
		return err
	}
	if err := t.filter(ctx, w.Engine); err != nil {
		return err
	}
	t.scorer = newScorer(t.deal, request.Artefacts.Curve)
	t.report(Event{Kind: KindStarted, Images: t.deal.passingImages(0), Epochs: t.Cell.Training.Epochs})
	if err := t.answer(ctx, w.Engine); err != nil {
		return err
	}
	score, err := t.deal.Game.Score(t.predicted)
	if err != nil {
		return err
	}
	if err := t.saver.finish(); err != nil {
		return err
	}
	t.watch.stop()
	return t.writeResult(score, w.Program)
}

// prepare deals the game of the cell and stamps the training set, unless the process has done so in
// advance.
func (t *training) prepare(ctx context.Context, w *Worker) error {
	t.watch.enter(cell.PhaseLoad)
	prepared := w.prepared.take(t.hash, t.request.Source)
	var err error
	if t.cache, err = w.gameCache(ctx, t.Cell, t.request.Source); err != nil {
		return err
	}
	if prepared = w.adopt(prepared); prepared != nil {
		t.cache = prepared.cache
	}
	t.watch.enter(cell.PhaseDeal)
	if _, err := t.cache.game(); err != nil {
		return err
	}
	t.watch.enter(cell.PhaseStamp)
	if prepared == nil {
		return t.stamp(t.cache)
	}
	t.deal, t.normalization = prepared.deal, prepared.deal.Normalization
	t.deal.Cell = t.Cell
	return nil
}

// writeResult writes the files of the result.
func (t *training) writeResult(score *game.Score, program store.Build) error {
	result := store.NewResult(t.Cell, t.hash, score, t.deal.Game.Overlaps())
	result.Normalization, result.Filter = t.normalization, t.deal.Filtered()
	result.Repair, result.Provenance.RepairSeconds = t.repaired, t.repairSeconds
	result.CleanLoss, result.Provenance.FilterSeconds = t.loss, t.filterSeconds
	result.SetTraining(t.Cell, len(t.deal.Training.Labels), t.epochs)
	result.Provenance.Timing, result.Provenance.Notices = t.watch.timing(t.trained, t.resumed), t.notices
	result.Provenance.Census = censusOf(t.cache.set)
	result.Provenance.SetRepeats(t.cache.repeats())
	var err error
	if result.Provenance.Single, err = store.SinglesOf(t.Cell, score); err != nil {
		return err
	}
	if err := t.deal.WriteArtefacts(t.dir, t.request.Artefacts); err != nil {
		return err
	}
	content := t.files()
	content.Epochs, content.Curve = t.epochs, t.request.Artefacts.Curve
	content.Result, content.Environment = result, t.environment(program)
	return content.Write(t.dir)
}

// answer predicts the probes: with a trained model, or by the program of the cell's defense.
func (t *training) answer(ctx context.Context, engine Engine) error {
	if program := defenses.Get[defenses.Exec](t.Cell.DefenseStack(), defenses.KindExec); program != nil {
		return t.runProgram(ctx, engine, program)
	}
	return t.trainSegments(ctx, engine)
}

// trainSegments makes a model, trains it through all segments and predicts the probes.
func (t *training) trainSegments(ctx context.Context, engine Engine) error {
	model, err := t.trainedModel(ctx, engine)
	if err != nil {
		return err
	}
	defer model.Close()
	return t.evaluate(ctx, engine, model)
}

// trainedModel makes a model and trains it through all segments.
func (t *training) trainedModel(ctx context.Context, engine Engine) (TrainedModel, error) {
	t.watch.enter(cell.PhaseUpload)
	model, err := t.resume(engine)
	for at := t.deal.segmentAt(len(t.epochs)); err == nil; at++ {
		if err = t.trainSegment(ctx, model, at); err == nil && at == t.deal.lastSegment() {
			return model, nil
		}
		model, err = t.nextModel(engine, model, at+1, err)
	}
	return nil, err
}

// nextModel closes a model that came to the end of its segment, or stopped before with an error,
// and returns one for the next segment in the state that it reached.
func (t *training) nextModel(engine Engine, model TrainedModel, at int, err error) (TrainedModel, error) {
	defer model.Close()
	if err != nil {
		return nil, err
	}
	t.watch.enter(cell.PhaseUpload)
	state, err := model.State()
	if err != nil {
		return nil, err
	}
	if t.Cell.SavesState(at) {
		to, err := t.prefixSource(at)
		if err == nil {
			err = t.saveState(to, state)
		}
		if err != nil {
			return nil, err
		}
	}
	return t.restoredModel(engine, at, len(t.epochs), state)
}

// trainSegment trains a model, which is in segment at, to the end of the segment.
func (t *training) trainSegment(ctx context.Context, model TrainedModel, at int) error {
	if err := t.upload(model, at); err != nil {
		return err
	}
	t.watch.enter(cell.PhaseTrain)
	return t.trainEpochs(ctx, model, at)
}

// evaluate predicts the probes with the trained model, answers the cell's attribution, and saves
// the state for other cells that resume from it.
func (t *training) evaluate(ctx context.Context, engine Engine, model TrainedModel) error {
	t.watch.enter(cell.PhaseEvaluate)
	if t.request.SavesState {
		state, err := model.State()
		if err == nil {
			err = t.saveState(t.stateSource(t.hash), state)
		}
		if err != nil {
			return err
		}
	}
	if err := t.repair(ctx, engine, model); err != nil {
		return err
	}
	if t.predicted == nil || t.repaired != nil { // the learning curve did not need them
		var err error
		if t.predicted, err = model.Predict(t.deal.Probes.Images); err != nil {
			return err
		}
	}
	var err error
	if t.loss, err = t.cleanLoss(model); err != nil {
		return err
	}
	if t.request.Artefacts.Divergence {
		if err := t.writeDivergences(model); err != nil {
			return err
		}
	}
	if t.request.Artefacts.Rankings {
		if err := t.writeRankings(model); err != nil {
			return err
		}
	}
	if t.request.Artefacts.Detection {
		if err := t.writeDetections(model); err != nil {
			return err
		}
	}
	for text := range strings.FieldsSeq(t.request.Artefacts.Detectors) {
		if err := t.writeDetector(model, text); err != nil {
			return err
		}
	}
	if t.request.Artefacts.KeepsModel(t.Cell) {
		if err := t.writeModel(model); err != nil {
			return err
		}
	}
	if t.Cell.Attribution == nil {
		return nil
	}
	return t.attribute(ctx, model)
}

// stopped reports whether the rule of the cell has ended the training.
func (t *training) stopped() bool {
	return t.Cell.Training.StopRule().Met(len(t.epochs), func(epoch int) float64 { return t.epochs[epoch].Loss })
}

// trainEpochs trains the epochs of a segment that are left, or until the cell's rule ends the
// training, and scores the model after those of the learning curve. After each epoch but the last
// for which a checkpoint is due, it takes one before it reports the epoch; the next epoch does not
// wait until it is written. The report of the epoch that the rule makes the last has its number as
// the number of epochs.
func (t *training) trainEpochs(ctx context.Context, model TrainedModel, at int) error {
	rows, images, epochs := t.deal.segmentRows(at), t.deal.passingImages(at), t.Cell.Training.Epochs
	order := make([]int32, rows)
	for epoch := len(t.epochs); epoch < t.deal.segments[at].End && !t.stopped(); epoch++ {
		shuffled(order, t.Cell.TrainingSeed(), epoch)
		if err := t.useThreads(model); err != nil {
			return err
		}
		begin := time.Now()
		reported := begin
		stats, err := model.Epoch(order, func(done int) error {
			if now := time.Now(); now.Sub(reported) >= progressEvery {
				reported = now
				t.report(Event{Kind: KindProgress, Epoch: epoch + 1, Epochs: epochs, Images: images, Done: images * done / rows})
			}
			return ctx.Err()
		})
		if errors.Is(err, ErrDiverged) && t.request.Checkpoint != "" {
			t.saver.abandon()
			err = errors.Join(err, removeCheckpoint(t.checkpointSource())) // from there it would diverge again
		}
		if err != nil {
			return fmt.Errorf("worker: epoch %d of %d: %w", epoch+1, epochs, err)
		}
		metrics := store.EpochMetrics{
			Epoch: epoch + 1, Loss: stats.Loss, TrainAccuracy: stats.Accuracy, LearningRate: stats.LearningRate,
			Seconds: time.Since(begin).Seconds(),
		}
		metrics.ImagesPerSecond = perSecond(stats.Images, metrics.Seconds)
		t.epochs = append(t.epochs, metrics)
		t.trained += stats.Images
		if t.stopped() {
			epochs = epoch + 1
		}
		if metrics.Scores, err = t.scoreEpoch(model, epoch+1, epochs); err != nil {
			return err
		}
		t.epochs[epoch] = metrics
		if epoch+1 < epochs {
			if err := t.saveCheckpoint(model); err != nil {
				return err
			}
		}
		t.report(Event{Kind: KindEpoch, Epoch: epoch + 1, Epochs: epochs, Images: images, Metrics: &metrics})
	}
	return nil
}

// useThreads gives the model the number of threads that the runner allows now, unless the bits of the
// model depend on it.
func (t *training) useThreads(model TrainedModel) error {
	if n := int(t.threads.Load()); n >= 1 && t.Cell.Native() {
		return model.SetThreads(n)
	}
	return nil
}

// notice keeps and reports a message of the engine, once.
func (t *training) notice(message string) {
	if !slices.Contains(t.notices, message) {
		t.notices = append(t.notices, message)
		t.report(Event{Kind: KindNotice, Text: message})
	}
}

// shuffled makes order the permutation of the training rows for an epoch (from 0), drawn from the
// stream "order".
func shuffled(order []int32, seed uint64, epoch int) {
	for i := range order {
		order[i] = int32(i)
	}
	streams.New(seed, "order", uint64(epoch)).Shuffle(len(order), func(i, j int) {
		order[i], order[j] = order[j], order[i]
	})
}
