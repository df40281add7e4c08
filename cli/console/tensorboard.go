package console

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"backfire/experiments/curve"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/tensorboard"
	"backfire/internal/visible"
)

// Board writes a run as TensorBoard event files, in one directory per model: loss,
// training accuracy and learning rate of each epoch, the scores of learning curves, and in
// the end the scores and the settings. WriteStored adds the models that the store had before. A nil Board writes
// nothing.
type Board struct {
	dir   string
	store *store.Store
	now   func() time.Time
	runs  map[string]*modelEvents // by cell
	err   error                   // the first
}

// modelEvents is the event file of one model.
type modelEvents struct {
	file   *os.File
	events *tensorboard.Writer
	done   bool
}

// NewBoard returns a board that writes below dir what happens to the models of a store;
// nil if dir is empty.
func NewBoard(dir string, store *store.Store) *Board {
	if dir == "" {
		return nil
	}
	return &Board{dir: dir, store: store, now: time.Now, runs: map[string]*modelEvents{}}
}

// Observe writes epochs and scores. It keeps the first error for Close.
func (b *Board) Observe(e worker.Event) {
	if b == nil || b.err != nil {
		return
	}
	switch e.Kind {
	case worker.KindEpoch:
		b.err = b.epoch(e.Cell, e.Title, *e.Metrics)
	case worker.KindDone:
		b.err = b.end(e.Cell, e.Title)
	}
}

// run returns the event file of a cell and makes it if there is none.
func (b *Board) run(cell, title string) (*modelEvents, error) {
	if run := b.runs[cell]; run != nil {
		return run, nil
	}
	dir := filepath.Join(b.dir, boardName(cell, title))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the directory of event files: %w", err)
	}
	// TensorBoard looks for this in names, and reads files by the order of their names.
	name := fmt.Sprintf("events.out.tfevents.%010d.%s.backfire", b.now().Unix(), rand.Text())
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("make an event file: %w", err)
	}
	events, err := tensorboard.NewWriter(file, b.now)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	b.runs[cell] = &modelEvents{file: file, events: events}
	return b.runs[cell], nil
}

// boardName returns the name of a model's directory: its title, and the beginning of its
// hash, which tells it from others of the same title.
func boardName(cell, title string) string {
	words := strings.FieldsFunc(title, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.')
	})
	return strings.Join(append(words, fmt.Sprintf("%.8s", cell)), "-")
}

// epoch writes the metrics of an epoch.
func (b *Board) epoch(cell, title string, m store.EpochMetrics) error {
	run, err := b.run(cell, title)
	if err != nil {
		return err
	}
	return run.events.Scalars(int64(m.Epoch), append([]tensorboard.Scalar{
		{Tag: "train/loss", Value: m.Loss}, {Tag: "train/accuracy", Value: m.TrainAccuracy}, {Tag: "train/learning_rate", Value: m.LearningRate},
	}, curveScalars(m.Scores)...)...)
}

// curveScalars returns the scores of an epoch, of which each measure has a chart for its
// mean and one for each attacker; none without scores.
func curveScalars(s *curve.Scores) []tensorboard.Scalar {
	if s == nil {
		return nil
	}
	scalars := []tensorboard.Scalar{{Tag: "curve/" + curve.StandardAccuracy, Value: s.CleanAccuracy.Value()}}
	for _, m := range curve.Measures() {
		scalars = append(scalars, tensorboard.Scalar{Tag: "curve/" + m.Name + "_mean", Value: s.Mean(m)})
		for _, a := range s.Attackers {
			scalars = append(scalars, tensorboard.Scalar{Tag: fmt.Sprintf("curve_%s/attacker_%d", m.Name, a.ID), Value: m.Of(a)})
		}
	}
	return scalars
}

// end writes the scores and the settings of a stored cell.
func (b *Board) end(cell, title string) error {
	record, err := b.store.Read(cell)
	if err != nil {
		return err
	}
	run, err := b.run(cell, title)
	if err != nil {
		return err
	}
	result, made := record.Result, record.Cell
	scores := []tensorboard.Scalar{
		{Tag: "score/standard_accuracy", Value: result.CleanAccuracy.Value()},
		{Tag: "score/asr_mean", Value: float64(result.ASR.Mean)},
		{Tag: "score/base_rate_mean", Value: float64(result.BaseRate.Mean)},
		{Tag: "score/robustness_mean", Value: float64(result.Robustness.Mean)},
	}
	for _, a := range result.Attackers {
		scores = append(scores, tensorboard.Scalar{Tag: fmt.Sprintf("asr/attacker_%d", a.ID), Value: a.ASR.Value()})
	}
	if err := run.events.Scalars(int64(result.Epochs(made)), scores...); err != nil {
		return err
	}
	defense := plan.Undefended
	if made.Defense != nil {
		defense = made.Defense.String()
	}
	if err := run.events.Settings(
		tensorboard.Text("dataset", visible.Line(made.Data.Name)), tensorboard.Text("defense", defense),
		tensorboard.Number("seed", float64(made.Game.Seed)), tensorboard.Number("attackers", float64(len(made.Game.Attackers))),
		tensorboard.Number("p0 of the first", made.Game.Attackers[0].PoisonRate), tensorboard.Number("pool", float64(made.Game.PoolSize)),
		tensorboard.Number("width", float64(made.Model.Width)), tensorboard.Number("epochs", float64(result.Epochs(made))),
		tensorboard.Number("batch", float64(made.Training.Batch)), tensorboard.Number("lr", made.Training.LearningRate),
	); err != nil {
		return err
	}
	run.done = true
	return run.file.Close()
}

// WriteStored writes the stored models of a sweep that no event was about.
func (b *Board) WriteStored(sweep *plan.Sweep) error {
	if b == nil || b.err != nil {
		return nil // Close returns it
	}
	worklist, err := sweep.Resolve(b.store)
	if err != nil {
		return err
	}
	for _, task := range worklist.Tasks {
		if b.runs[task.Hash] != nil {
			continue
		}
		record, err := b.store.Read(task.Hash)
		if errors.Is(err, store.ErrNotStored) || errors.Is(err, store.ErrBroken) {
			continue
		}
		if err != nil {
			return err
		}
		metrics, err := scoredMetrics(record)
		if err != nil {
			return err
		}
		for _, m := range metrics {
			if err := b.epoch(task.Hash, task.Title, m); err != nil {
				return err
			}
		}
		if err := b.end(task.Hash, task.Title); err != nil {
			return err
		}
	}
	return nil
}

// scoredMetrics reads the metrics of a stored training, with the scores of its learning
// curve if it has one.
func scoredMetrics(record *store.Record) ([]store.EpochMetrics, error) {
	metrics, err := record.Metrics()
	if err != nil || record.Artefacts().Curve.Every == 0 {
		return metrics, err
	}
	curve, err := record.Curve()
	if err != nil {
		return nil, err
	}
	for _, point := range curve.Points {
		if at := point.Epoch - 1; at >= 0 && at < len(metrics) {
			metrics[at].Scores = &point.Scores
		}
	}
	return metrics, nil
}

// Close closes the files of models that did not end, and returns the first error.
func (b *Board) Close() error {
	if b == nil {
		return nil
	}
	all := []error{b.err}
	for _, run := range b.runs {
		if !run.done {
			all = append(all, run.file.Close())
		}
	}
	if err := errors.Join(all...); err != nil {
		return fmt.Errorf("write event files: %w", err)
	}
	return nil
}
