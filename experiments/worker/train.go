package worker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"backfire/defenses/indexing"
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/streams"
)

// progressEvery is the least time between two progress events.
const progressEvery = 500 * time.Millisecond

// model makes a model, trains it through all stages and predicts the probes.
func (p *Session) model(ctx context.Context, engine Engine) error {
	p.watch.enter(cell.PhaseUpload)
	model, err := p.resume(engine)
	for at := p.stageAt(len(p.epochs)); err == nil; at++ {
		if err = p.through(ctx, model, at); err == nil && at == len(p.course)-1 {
			err = p.evaluate(ctx, model)
			model.Close()
			return err
		}
		model, err = p.next(engine, model, at+1, err)
	}
	return err
}

// next puts a model for the next stage in the place of one that has come to the
// end of its own, or broke off before with an error.
func (p *Session) next(engine Engine, model TrainedModel, at int, err error) (TrainedModel, error) {
	defer model.Close()
	if err != nil {
		return nil, err
	}
	p.watch.enter(cell.PhaseUpload)
	state, err := model.State()
	if err != nil {
		return nil, err
	}
	if p.Job.Cell.SavesState(at) {
		to, err := p.state(at)
		if err == nil {
			err = p.leave(to, state)
		}
		if err != nil {
			return nil, err
		}
	}
	return p.enter(engine, at, len(p.epochs), state)
}

// through trains a model, which stands in stage at, to the end of the stage.
func (p *Session) through(ctx context.Context, model TrainedModel, at int) error {
	training := p.rowsOf(at)
	if err := model.Upload(training.Images, training.Labels); err != nil {
		return err
	}
	p.watch.enter(cell.PhaseTrain)
	return p.train(ctx, model, at)
}

// evaluate predicts the probes with the trained model, asks it what the cell asks,
// and leaves it to others that go on from it.
func (p *Session) evaluate(ctx context.Context, model TrainedModel) error {
	p.watch.enter(cell.PhaseEvaluate)
	if p.Job.SavesState {
		state, err := model.State()
		if err == nil {
			err = p.leave(p.stateOf(p.Hash), state)
		}
		if err != nil {
			return err
		}
	}
	var err error
	if p.predicted, err = model.Predict(p.Probes.Images); err != nil {
		return err
	}
	if err := p.writeDivergences(model); err != nil {
		return err
	}
	if err := p.writeModel(model); err != nil || p.Job.Cell.Attribution == nil {
		return err
	}
	return p.attribute(ctx, model)
}

// stageAt returns the stage that a training stands in after so many epochs.
func (p *Session) stageAt(epochs int) int {
	at := 0
	for at+1 < len(p.course) && p.course[at].End <= epochs {
		at++
	}
	return at
}

// rowsOf returns the training set of a stage.
func (p *Session) rowsOf(at int) *game.TrainingSet {
	if len(p.course) == 1 {
		return p.Training
	}
	return indexing.Select(p.Training, p.course[at].Attackers)
}

// resume makes a model that stands where the checkpoint of the cell was
// written, or where a training ended that others go on from too, or at its
// beginning if there is neither. A checkpoint that cannot be used is told of and
// removed.
func (p *Session) resume(engine Engine) (TrainedModel, error) {
	sources, err := p.sources()
	if err != nil {
		return nil, err
	}
	for _, from := range sources {
		c, err := p.checkpoint(from)
		if err != nil {
			return nil, err
		}
		if c == nil {
			continue
		}
		model, err := p.enter(engine, p.stageAt(len(c.epochs)), len(c.epochs), c.state)
		if errors.Is(err, errNotRestored) {
			if err := p.discard(from.path, err); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		p.epochs, p.resumed = c.epochs, len(c.epochs)
		p.tell(Event{Kind: KindResumed, Epoch: p.resumed, Epochs: p.Job.Cell.Training.Epochs, Images: p.perEpoch})
		return model, nil
	}
	return p.newModel(engine, 0)
}

// errNotRestored says that a model does not take a state.
var errNotRestored = errors.New("the state does not fit the model")

// enter makes a model for a stage that goes on from the state after so many
// epochs. Steps are counted as if all of these had been of this stage: learning
// rates and draws follow the epochs, whichever stage they belong to.
func (p *Session) enter(engine Engine, at, epochs int, state State) (TrainedModel, error) {
	model, err := p.newModel(engine, at)
	if err != nil {
		return nil, err
	}
	if len(p.course) > 1 {
		state.Step = epochs * p.Job.Cell.StepsPerEpoch(p.rowsIn(at))
	}
	if err := model.Restore(state); err != nil {
		model.Close() // it may be half restored
		return nil, fmt.Errorf("%w: %w", errNotRestored, err)
	}
	return model, nil
}

func (p *Session) newModel(engine Engine, at int) (TrainedModel, error) {
	rows := p.rowsIn(at)
	p.perEpoch = p.Job.Cell.PassingImages(rows)
	return engine.NewModel(ModelOptions{
		Cell: p.Job.Cell, Images: rows, Mean: p.Normalization.Mean, Std: p.Normalization.Std,
		Device: p.Job.Device, Threads: p.Job.Threads, Notice: p.notice,
	})
}

// notice keeps and tells what the engine has noticed, once.
func (p *Session) notice(message string) {
	if !slices.Contains(p.notices, message) {
		p.notices = append(p.notices, message)
		p.tell(Event{Kind: KindNotice, Text: message})
	}
}

// source is a place where a training may go on from.
type source struct {
	path string
	hash string // of what it must be the state of
}

// sources lists where the cell may go on from, the furthest first.
func (p *Session) sources() ([]source, error) {
	var list []source
	if p.Job.Checkpoint != "" {
		list = append(list, source{p.Job.Checkpoint, p.Hash})
	}
	if p.Job.States == "" {
		return list, nil
	}
	hashes, err := p.Job.Cell.GoesOnFrom()
	for _, hash := range hashes {
		list = append(list, p.stateOf(hash))
	}
	return list, err
}

// state is where the state at the beginning of a stage is kept for others.
func (p *Session) state(at int) (source, error) {
	hash, err := p.Job.Cell.Prefix(at).Hash()
	return p.stateOf(hash), err
}

// stateOf is where the state at the end of a training called hash is kept.
func (p *Session) stateOf(hash string) source {
	return source{cell.StateFile(p.Job.States, hash), hash}
}

// checkpoint reads the checkpoint at a source; nil if there is none to be used.
func (p *Session) checkpoint(from source) (*checkpoint, error) {
	c, err := readCheckpoint(from.path, from.hash, p.machine())
	switch {
	case errors.Is(err, errNoCheckpoint):
		return nil, nil
	case errors.Is(err, errCheckpoint):
		return nil, p.discard(from.path, err)
	}
	return c, err
}

// machine returns the machine that the cell is trained on.
func (p *Session) machine() store.Machine {
	return store.NewEnvironment(p.Job.Device, p.Job.Threads, p.Job.Cell.Precision(), store.Build{}, p.engine).Machine()
}

// discard tells why a checkpoint cannot be used and removes it.
func (p *Session) discard(path string, cause error) error {
	p.tell(Event{Kind: KindDiscarded, Error: store.OneLine(cause), Path: path})
	return forget(path)
}

// forget removes a checkpoint, if there is one.
func forget(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("experiments: remove checkpoint: %w", err)
	}
	return nil
}

// keep writes a checkpoint of the epochs that are over.
func (p *Session) keep(model TrainedModel) error {
	if p.Job.Checkpoint == "" {
		return nil
	}
	state, err := model.State()
	if err != nil {
		return err
	}
	return p.write(source{p.Job.Checkpoint, p.Hash}, state)
}

// leave keeps a state for others that go on from it.
func (p *Session) leave(to source, state State) error {
	if p.Job.States == "" {
		return nil
	}
	if err := os.MkdirAll(p.Job.States, disk.DirMode); err != nil {
		return fmt.Errorf("experiments: keep a state: %w", err)
	}
	return p.write(to, state)
}

// write writes a checkpoint of the epochs that are over to a source.
func (p *Session) write(to source, state State) error {
	return writeCheckpoint(to.path, p.Job.Dir, checkpoint{
		cell: to.hash, maker: p.machine(), epochs: p.epochs, state: state,
	})
}

// train trains the epochs of a stage that are left. After each but the cell's
// last it writes a checkpoint before it tells that the epoch is over.
func (p *Session) train(ctx context.Context, model TrainedModel, at int) error {
	rows, epochs := p.rowsIn(at), p.Job.Cell.Training.Epochs
	order := make([]int32, rows)
	for epoch := len(p.epochs); epoch < p.course[at].End; epoch++ {
		shuffled(order, p.Job.Cell.Game.Seed, epoch)
		begin := time.Now()
		told := begin
		stats, err := model.Epoch(order, func(done int) error {
			if now := time.Now(); now.Sub(told) >= progressEvery {
				told = now
				p.tell(Event{Kind: KindProgress, Epoch: epoch + 1, Epochs: epochs, Images: p.perEpoch, Done: p.perEpoch * done / rows})
			}
			return ctx.Err()
		})
		if errors.Is(err, ErrDiverged) {
			err = errors.Join(err, forget(p.Job.Checkpoint)) // from there it would diverge again
		}
		if err != nil {
			return fmt.Errorf("experiments: epoch %d of %d: %w", epoch+1, epochs, err)
		}
		metrics := store.EpochMetrics{
			Epoch: epoch + 1, Loss: stats.Loss, TrainAccuracy: stats.Accuracy, LearningRate: stats.LearningRate,
			Seconds: time.Since(begin).Seconds(),
		}
		metrics.ImagesPerSecond = perSecond(stats.Images, metrics.Seconds)
		p.epochs = append(p.epochs, metrics)
		p.trained += stats.Images
		if epoch+1 < epochs {
			if err := p.keep(model); err != nil {
				return err
			}
		}
		p.tell(Event{Kind: KindEpoch, Epoch: epoch + 1, Epochs: epochs, Images: p.perEpoch, Metrics: &metrics})
	}
	return nil
}

// shuffled makes order the permutation of the training rows for an epoch (from
// 0), from the stream "order".
func shuffled(order []int32, seed uint64, epoch int) {
	for i := range order {
		order[i] = int32(i)
	}
	streams.New(seed, "order", uint64(epoch)).Shuffle(len(order), func(i, j int) {
		order[i], order[j] = order[j], order[i]
	})
}

// perSecond is a rate, 0 where no time has passed.
func perSecond(n int, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return float64(n) / seconds
}
