package experiments

import (
	"context"
	"errors"
	"slices"
	"time"

	"backfire/game"
)

// ErrOtherData says that the images found are not those of the cell.
var ErrOtherData = errors.New("the data are not those that were planned with")

// playing is one cell on its way from data to result.
type playing struct {
	job   Job
	tell  func(Event)
	watch *stopwatch

	hash      string // of the cell
	engine    EngineInfo
	game      *game.Game
	training  *game.TrainingSet
	simulated []int // by row of training, see Cell.trainingSet
	course    []stage
	perEpoch  int // images through the training step, in the stage that the model stands in
	probes    *game.Probes
	norm      Normalization
	epochs    []EpochMetrics // those that are over
	resumed   int            // of them, those taken over from a checkpoint
	trained   int            // images that went through the training step in the others
	notices   []string       // of the engine
	predicted []uint8
	inquiry   inquired
}

// play trains the cell of a job and writes the files of its result into the
// job's directory.
func (w *Worker) play(ctx context.Context, job Job, tell func(Event)) error {
	p := &playing{job: job, tell: tell, watch: newStopwatch(tell)}
	var err error
	if p.hash, err = job.Cell.Hash(); err != nil {
		return err
	}
	if p.engine, err = w.Engine.Describe(); err != nil {
		return err
	}
	p.watch.enter(PhaseLoad)
	common, err := w.dealt(ctx, job)
	if err != nil {
		return err
	}
	p.watch.enter(PhaseDeal)
	if p.game, err = common.game(); err != nil {
		return err
	}
	p.watch.enter(PhaseStamp)
	if err := p.stamp(common); err != nil {
		return err
	}
	tell(Event{Kind: KindStarted, Images: p.perEpoch, Epochs: job.Cell.Training.Epochs})
	if err := p.model(ctx, w.Engine); err != nil {
		return err
	}
	score, err := p.game.Score(p.predicted)
	if err != nil {
		return err
	}
	p.watch.stop()
	return p.store(score, newEnvironment(job.Device, job.Threads, job.Cell.Precision(), w.Program, p.engine))
}

// stamp makes the training set, as the defense leaves it, and the probes.
func (p *playing) stamp(common *dealt) error {
	var err error
	if p.training, p.simulated, err = p.job.Cell.trainingSet(common.training(), p.game.Triggers()); err != nil {
		return err
	}
	if p.course, err = p.job.Cell.course(); err != nil {
		return err
	}
	p.perEpoch = p.job.Cell.passing(p.rowsIn(0))
	p.probes = common.probes()
	// That of the first stage serves all: no image has a part in a model before
	// its owner has entered.
	p.norm = normalization(p.rowsOf(0).Images, p.training.Shape)
	return nil
}

// rowsIn is the number of rows of a stage's training set.
func (p *playing) rowsIn(at int) int {
	rows := 0
	for _, row := range p.training.Rows {
		if row.Owner == game.Defender || slices.Contains(p.course[at].attackers, row.Owner) {
			rows++
		}
	}
	return rows
}

// store puts the files of the result into the job's directory.
func (p *playing) store(score *game.Score, environment Environment) error {
	last := p.epochs[len(p.epochs)-1]
	result := newResult(p.job.Cell, p.hash, score, p.game.Overlaps())
	result.TrainingImages, result.Normalization = len(p.training.Labels), p.norm
	result.FinalLoss, result.TrainAccuracy = last.Loss, last.TrainAccuracy
	result.Run.Timing, result.Run.Notices = p.watch.timing(p.trained, p.resumed), p.notices
	var err error
	if result.Run.Single, err = p.job.Cell.singles(score); err != nil {
		return err
	}
	if err := p.writeArtefacts(); err != nil {
		return err
	}
	content := p.files()
	content.result, content.environment = result, environment
	return writeFiles(p.job.Dir, content)
}

// files is what is to be stored of the game and its training.
func (p *playing) files() files {
	return files{
		cell: p.job.Cell, epochs: p.epochs, rows: p.training.Rows, images: p.training.Images,
		predicted: p.predicted, simulated: p.simulated, inquiry: p.inquiry,
	}
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

// timing is what was measured, with trained images through the training step,
// after resumed epochs that were trained before.
func (s *stopwatch) timing(trained, resumed int) Timing {
	now := time.Now()
	return Timing{
		Started: s.begin.UTC(), Finished: now.UTC(),
		Seconds: s.seconds, TotalSeconds: now.Sub(s.begin).Seconds(),
		ImagesPerSecond: perSecond(trained, s.seconds[PhaseTrain]), PeakMemory: peakMemory(), Resumed: resumed,
	}
}
