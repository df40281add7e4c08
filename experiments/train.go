package experiments

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"backfire/streams"
)

// progressEvery is the least time between two progress events.
const progressEvery = 500 * time.Millisecond

// model makes a model, trains it and predicts the probes.
func (p *playing) model(ctx context.Context, engine Engine) error {
	p.watch.enter(PhaseUpload)
	model, err := p.resume(engine)
	if err != nil {
		return err
	}
	defer model.Close()
	if err := model.Upload(p.training.Images, p.training.Labels); err != nil {
		return err
	}
	p.watch.enter(PhaseTrain)
	if err := p.train(ctx, model); err != nil {
		return err
	}
	p.watch.enter(PhaseEvaluate)
	if p.predicted, err = model.Predict(p.probes.Images); err != nil {
		return err
	}
	if err := p.writeDivergences(model); err != nil {
		return err
	}
	return p.writeModel(model)
}

// resume makes a model that stands where the checkpoint of the cell was
// written, or at its beginning if there is none. A checkpoint that cannot be
// used is told of and removed.
func (p *playing) resume(engine Engine) (TrainedModel, error) {
	c, err := p.checkpoint()
	if err != nil {
		return nil, err
	}
	model, err := p.newModel(engine)
	if c == nil || err != nil {
		return model, err
	}
	if err := model.Restore(c.state); err != nil {
		model.Close() // it may be half restored
		if err := p.discard(err); err != nil {
			return nil, err
		}
		return p.newModel(engine)
	}
	p.epochs, p.resumed = c.epochs, len(c.epochs)
	p.tell(Event{Kind: KindResumed, Epoch: p.resumed, Epochs: p.job.Cell.Training.Epochs, Images: p.perEpoch})
	return model, nil
}

func (p *playing) newModel(engine Engine) (TrainedModel, error) {
	return engine.NewModel(ModelOptions{
		Cell: p.job.Cell, Images: len(p.training.Labels), Mean: p.norm.Mean, Std: p.norm.Std,
		Device: p.job.Device, Threads: p.job.Threads,
	})
}

// checkpoint reads the checkpoint of the cell; nil if there is none to be used.
func (p *playing) checkpoint() (*checkpoint, error) {
	if p.job.Checkpoint == "" {
		return nil, nil
	}
	c, err := readCheckpoint(p.job.Checkpoint, p.hash, newMaker(p.job, p.engine))
	switch {
	case errors.Is(err, errNoCheckpoint):
		return nil, nil
	case errors.Is(err, errCheckpoint):
		return nil, p.discard(err)
	}
	return c, err
}

// discard tells why the checkpoint cannot be used and removes it.
func (p *playing) discard(cause error) error {
	p.tell(Event{Kind: KindDiscarded, Error: oneLine(cause), Path: p.job.Checkpoint})
	return p.forget()
}

// forget removes the checkpoint, if there is one.
func (p *playing) forget() error {
	if p.job.Checkpoint == "" {
		return nil
	}
	if err := os.Remove(p.job.Checkpoint); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("experiments: remove checkpoint: %w", err)
	}
	return nil
}

// keep writes a checkpoint of the epochs that are over.
func (p *playing) keep(model TrainedModel) error {
	if p.job.Checkpoint == "" {
		return nil
	}
	state, err := model.State()
	if err != nil {
		return err
	}
	return writeCheckpoint(p.job.Checkpoint, p.job.Dir, checkpoint{
		cell: p.hash, maker: newMaker(p.job, p.engine), epochs: p.epochs, state: state,
	})
}

// train trains the epochs that are left. After each but the last it writes a
// checkpoint before it tells that the epoch is over.
func (p *playing) train(ctx context.Context, model TrainedModel) error {
	rows, epochs := len(p.training.Labels), p.job.Cell.Training.Epochs
	order := make([]int32, rows)
	for epoch := p.resumed; epoch < epochs; epoch++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		shuffled(order, p.job.Cell.Game.Seed, epoch)
		begin := time.Now()
		told := begin
		stats, err := model.Epoch(order, func(done int) {
			if now := time.Now(); now.Sub(told) >= progressEvery {
				told = now
				p.tell(Event{Kind: KindProgress, Epoch: epoch + 1, Epochs: epochs, Images: p.perEpoch, Done: p.perEpoch * done / rows})
			}
		})
		if errors.Is(err, ErrDiverged) {
			err = errors.Join(err, p.forget()) // from there it would diverge again
		}
		if err != nil {
			return fmt.Errorf("experiments: epoch %d of %d: %w", epoch+1, epochs, err)
		}
		metrics := EpochMetrics{
			Epoch: epoch + 1, Loss: stats.Loss, TrainAccuracy: stats.Accuracy, LearningRate: stats.LearningRate,
			Seconds: time.Since(begin).Seconds(),
		}
		metrics.ImagesPerSecond = perSecond(stats.Images, metrics.Seconds)
		p.epochs = append(p.epochs, metrics)
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
