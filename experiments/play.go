package experiments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"backfire/datasets"
	"backfire/game"
	"backfire/streams"
)

// ErrOtherData says that the images found are not those of the cell.
var ErrOtherData = errors.New("the data are not those that were planned with")

// progressEvery is the least time between two progress events.
const progressEvery = 500 * time.Millisecond

// playing is one cell on its way from data to result.
type playing struct {
	job   Job
	tell  func(Event)
	watch *stopwatch

	game      *game.Game
	training  *game.TrainingSet
	probes    *game.Probes
	norm      Normalization
	epochs    []EpochMetrics
	predicted []uint8
}

// play trains the cell of a job and writes the files of its result into the
// job's directory.
func (w *Worker) play(ctx context.Context, job Job, tell func(Event)) error {
	p := &playing{job: job, tell: tell, watch: newStopwatch(tell)}
	p.watch.enter(PhaseLoad)
	set, err := w.dataset(ctx, job)
	if err != nil {
		return err
	}
	p.watch.enter(PhaseDeal)
	if p.game, err = game.New(set, job.Cell.Game); err != nil {
		return err
	}
	p.watch.enter(PhaseStamp)
	p.stamp()
	tell(Event{Kind: KindStarted, Images: len(p.training.Labels), Epochs: job.Cell.Training.Epochs})
	if err := p.model(ctx, w.Engine); err != nil {
		return err
	}
	score, err := p.game.Score(p.predicted)
	if err != nil {
		return err
	}
	p.watch.stop()
	engine, err := w.Engine.Describe()
	if err != nil {
		return err
	}
	return p.write(score, newEnvironment(job, w.Program, engine))
}

// dataset returns the images of the job's cell, those of the last cell if they
// are the same.
func (w *Worker) dataset(ctx context.Context, job Job) (*datasets.Set, error) {
	if w.set == nil || w.source != job.Source {
		w.set = nil // Not both at a time in memory.
		set, err := w.Load(ctx, job.Source)
		if err != nil {
			return nil, err
		}
		w.set, w.source = set, job.Source
	}
	if want := job.Cell.Data.Checksum; w.set.Checksum != want {
		return nil, fmt.Errorf("experiments: load %s: %w: SHA-256 %.12s instead of %.12s", job.Cell.Data.Name, ErrOtherData, w.set.Checksum, want)
	}
	return w.set, nil
}

func (p *playing) stamp() {
	p.training, p.probes = p.game.Training(), p.game.Probes()
	p.norm = normalization(p.training.Images, p.training.Shape)
}

// model makes a model, trains it and predicts the probes.
func (p *playing) model(ctx context.Context, engine Engine) error {
	p.watch.enter(PhaseUpload)
	model, err := engine.NewModel(ModelOptions{
		Cell: p.job.Cell, Images: len(p.training.Labels), Mean: p.norm.Mean, Std: p.norm.Std,
		Device: p.job.Device, Threads: p.job.Threads,
	})
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
	p.predicted, err = model.Predict(p.probes.Images)
	return err
}

func (p *playing) train(ctx context.Context, model TrainedModel) error {
	rows, epochs := len(p.training.Labels), p.job.Cell.Training.Epochs
	order := make([]int32, rows)
	for epoch := range epochs {
		if err := ctx.Err(); err != nil {
			return err
		}
		shuffled(order, p.job.Cell.Game.Seed, epoch)
		begin := time.Now()
		told := begin
		stats, err := model.Epoch(order, func(done int) {
			if now := time.Now(); now.Sub(told) >= progressEvery {
				told = now
				p.tell(Event{Kind: KindProgress, Epoch: epoch + 1, Epochs: epochs, Images: rows, Done: done})
			}
		})
		if err != nil {
			return fmt.Errorf("experiments: epoch %d of %d: %w", epoch+1, epochs, err)
		}
		metrics := EpochMetrics{
			Epoch: epoch + 1, Loss: stats.Loss, TrainAccuracy: stats.Accuracy, LearningRate: stats.LearningRate,
			Seconds: time.Since(begin).Seconds(),
		}
		metrics.ImagesPerSecond = perSecond(rows, metrics.Seconds)
		p.epochs = append(p.epochs, metrics)
		p.tell(Event{Kind: KindEpoch, Epoch: epoch + 1, Epochs: epochs, Images: rows, Metrics: &metrics})
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

// write puts the files of the result into the job's directory.
func (p *playing) write(score *game.Score, environment Environment) error {
	hash, err := p.job.Cell.Hash()
	if err != nil {
		return err
	}
	last := p.epochs[len(p.epochs)-1]
	result := newResult(p.job.Cell, hash, score, p.game.Overlaps())
	result.TrainingImages, result.Normalization = len(p.training.Labels), p.norm
	result.FinalLoss, result.TrainAccuracy = last.Loss, last.TrainAccuracy
	timing := p.watch.timing(len(p.training.Labels) * len(p.epochs))
	return writeFiles(p.job.Dir, files{
		cell: p.job.Cell, result: result, timing: timing, environment: environment,
		epochs: p.epochs, rows: p.training.Rows,
	})
}

// stopwatch times the phases.
type stopwatch struct {
	tell    func(Event)
	begin   time.Time
	current Phase
	since   time.Time
	seconds map[Phase]float64
}

func newStopwatch(tell func(Event)) *stopwatch {
	return &stopwatch{tell: tell, begin: time.Now(), seconds: map[Phase]float64{}}
}

// enter ends the current phase and begins the next.
func (s *stopwatch) enter(phase Phase) {
	s.stop()
	s.current, s.since = phase, time.Now()
	s.tell(Event{Kind: KindPhase, Phase: phase})
}

func (s *stopwatch) stop() {
	if s.current != "" {
		s.seconds[s.current] += time.Since(s.since).Seconds()
	}
	s.current = ""
}

// timing is what was measured, with trained images through the training step.
func (s *stopwatch) timing(trained int) Timing {
	now := time.Now()
	return Timing{
		Format: ResultFormat, Started: s.begin.UTC(), Finished: now.UTC(),
		Seconds: s.seconds, TotalSeconds: now.Sub(s.begin).Seconds(),
		ImagesPerSecond: perSecond(trained, s.seconds[PhaseTrain]), PeakMemory: peakMemory(),
	}
}
