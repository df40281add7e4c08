package worker

import (
	"context"
	"slices"
	"time"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/game"
)

// playing is one cell on its way from data to result.
type Session struct {
	Job   Job
	tell  func(Event)
	watch *stopwatch

	Hash          string // of the cell
	engine        store.EngineInfo
	Game          *game.Game
	Training      *game.TrainingSet
	simulated     []int // by row of training, see Cell.trainingSet
	course        []cell.Segment
	perEpoch      int // images through the training step, in the stage that the model stands in
	Probes        *game.Probes
	Normalization store.Normalization
	epochs        []store.EpochMetrics // those that are over
	resumed       int                  // of them, those taken over from a checkpoint
	trained       int                  // images that went through the training step in the others
	notices       []string             // of the engine
	predicted     []uint8
	attribution   struct {
		Probes    []store.AttributedProbe
		Unlearned []uint8
	}
}

// play trains the cell of a job and writes the files of its result into the
// job's directory.
func (w *Worker) train(ctx context.Context, job Job, tell func(Event)) error {
	p := &Session{Job: job, tell: tell, watch: newStopwatch(tell)}
	var err error
	if p.Hash, err = job.Cell.Hash(); err != nil {
		return err
	}
	if p.engine, err = w.Engine.Describe(); err != nil {
		return err
	}
	p.watch.enter(cell.PhaseLoad)
	common, err := w.gameCache(ctx, job)
	if err != nil {
		return err
	}
	p.watch.enter(cell.PhaseDeal)
	if p.Game, err = common.Game(); err != nil {
		return err
	}
	p.watch.enter(cell.PhaseStamp)
	if err := p.Stamp(common); err != nil {
		return err
	}
	tell(Event{Kind: KindStarted, Images: p.perEpoch, Epochs: job.Cell.Training.Epochs})
	if err := p.model(ctx, w.Engine); err != nil {
		return err
	}
	score, err := p.Game.Score(p.predicted)
	if err != nil {
		return err
	}
	p.watch.stop()
	return p.store(score, store.NewEnvironment(job.Device, job.Threads, job.Cell.Precision(), w.Program, p.engine))
}

// stamp makes the training set, as the defense leaves it, and the probes.
func (p *Session) Stamp(common *GameCache) error {
	var err error
	if p.Training, p.simulated, err = p.Job.Cell.TrainingSet(common.training(), p.Game.Triggers()); err != nil {
		return err
	}
	if p.course, err = p.Job.Cell.Segments(); err != nil {
		return err
	}
	p.perEpoch = p.Job.Cell.PassingImages(p.rowsIn(0))
	p.Probes = common.probes()
	// That of the first stage serves all: no image has a part in a model before
	// its owner has entered.
	p.Normalization = normalization(p.rowsOf(0).Images, p.Training.Shape)
	return nil
}

// rowsIn is the number of rows of a stage's training set.
func (p *Session) rowsIn(at int) int {
	rows := 0
	for _, row := range p.Training.Rows {
		if row.Owner == game.Defender || slices.Contains(p.course[at].Attackers, row.Owner) {
			rows++
		}
	}
	return rows
}

// store puts the files of the result into the job's directory.
func (p *Session) store(score *game.Score, environment store.Environment) error {
	last := p.epochs[len(p.epochs)-1]
	result := store.NewResult(p.Job.Cell, p.Hash, score, p.Game.Overlaps())
	result.TrainingImages, result.Normalization = len(p.Training.Labels), p.Normalization
	result.FinalLoss, result.TrainAccuracy = last.Loss, last.TrainAccuracy
	result.Provenance.Timing, result.Provenance.Notices = p.watch.timing(p.trained, p.resumed), p.notices
	var err error
	if result.Provenance.Single, err = store.SinglesOf(p.Job.Cell, score); err != nil {
		return err
	}
	if err := p.WriteArtefacts(); err != nil {
		return err
	}
	content := p.Files()
	content.Result, content.Environment = result, environment
	return content.Write(p.Job.Dir)
}

// files is what is to be stored of the game and its training.
func (p *Session) Files() store.ResultFiles {
	return store.ResultFiles{
		Cell: p.Job.Cell, Epochs: p.epochs, Rows: p.Training.Rows, Images: p.Training.Images,
		Predicted: p.predicted, Simulated: p.simulated, AttributedProbes: p.attribution.Probes, Unlearned: p.attribution.Unlearned,
	}
}

// stopwatch times the phases.
type stopwatch struct {
	tell    func(Event)
	begin   time.Time
	current cell.Phase
	since   time.Time
	seconds map[cell.Phase]float64
}

func newStopwatch(tell func(Event)) *stopwatch {
	return &stopwatch{tell: tell, begin: time.Now(), seconds: map[cell.Phase]float64{}}
}

// enter ends the current phase and begins the next.
func (s *stopwatch) enter(phase cell.Phase) {
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

// timing is what was measured, with trained images through the training step,
// after resumed epochs that were trained before.
func (s *stopwatch) timing(trained, resumed int) store.Timing {
	now := time.Now()
	return store.Timing{
		Started: s.begin.UTC(), Finished: now.UTC(),
		Seconds: s.seconds, TotalSeconds: now.Sub(s.begin).Seconds(),
		ImagesPerSecond: perSecond(trained, s.seconds[cell.PhaseTrain]), PeakMemory: peakMemory(), Resumed: resumed,
	}
}
