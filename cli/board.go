package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/tensorboard"
)

// board writes what happens in a run as TensorBoard event files, in a directory
// for each model: loss, training accuracy and learning rate per epoch, and in the
// end the scores and what the model was made with. What the store had before is
// written too. A nil board writes nothing.
type board struct {
	dir   string
	store *store.Store
	now   func() time.Time
	runs  map[string]*boardRun // by cell
	err   error                // the first
}

// boardRun is the event file of one model.
type boardRun struct {
	file   *os.File
	events *tensorboard.Writer
	done   bool
}

// newBoard returns a board that writes below dir, nil if that is empty.
func newBoard(dir string, store *store.Store) *board {
	if dir == "" {
		return nil
	}
	return &board{dir: dir, store: store, now: time.Now, runs: map[string]*boardRun{}}
}

// Observe writes what an event says. It keeps the first error for close.
func (b *board) Observe(e worker.Event) {
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

// run returns the events of a cell, begun if they are not yet.
func (b *board) run(cell, title string) (*boardRun, error) {
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
	b.runs[cell] = &boardRun{file: file, events: events}
	return b.runs[cell], nil
}

// boardName is the directory of a model: its title, and what tells it from others
// of the same title.
func boardName(cell, title string) string {
	words := strings.FieldsFunc(title, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.')
	})
	return strings.Join(append(words, fmt.Sprintf("%.8s", cell)), "-")
}

// epoch writes how an epoch went.
func (b *board) epoch(cell, title string, m store.EpochMetrics) error {
	run, err := b.run(cell, title)
	if err != nil {
		return err
	}
	return run.events.Scalars(int64(m.Epoch),
		tensorboard.Scalar{Tag: "train/loss", Value: m.Loss}, tensorboard.Scalar{Tag: "train/accuracy", Value: m.TrainAccuracy},
		tensorboard.Scalar{Tag: "train/learning_rate", Value: m.LearningRate})
}

// end writes scores and settings of a stored cell.
func (b *board) end(cell, title string) error {
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
	if err := run.events.Scalars(int64(made.Training.Epochs), scores...); err != nil {
		return err
	}
	defense := plan.Undefended
	if made.Defense != nil {
		defense = made.Defense.String()
	}
	if err := run.events.Settings(
		tensorboard.Text("dataset", made.Data.Name), tensorboard.Text("defense", defense),
		tensorboard.Number("seed", float64(made.Game.Seed)), tensorboard.Number("attackers", float64(len(made.Game.Attackers))),
		tensorboard.Number("p0 of the first", made.Game.Attackers[0].PoisonRate), tensorboard.Number("pool", float64(made.Game.PoolSize)),
		tensorboard.Number("width", float64(made.Model.Width)), tensorboard.Number("epochs", float64(made.Training.Epochs)),
		tensorboard.Number("batch", float64(made.Training.Batch)), tensorboard.Number("lr", made.Training.LearningRate),
	); err != nil {
		return err
	}
	run.done = true
	return run.file.Close()
}

// rest writes the stored cells of a sweep that no event was about.
func (b *board) rest(sweep *plan.Sweep) error {
	if b == nil || b.err != nil {
		return nil // close tells
	}
	stage, err := sweep.Resolve(b.store)
	if err != nil {
		return err
	}
	for _, want := range stage.Tasks {
		if b.runs[want.Hash] != nil {
			continue
		}
		record, err := b.store.Read(want.Hash)
		if errors.Is(err, store.ErrNotStored) || errors.Is(err, store.ErrBroken) {
			continue
		}
		if err != nil {
			return err
		}
		metrics, err := record.Metrics()
		if err != nil {
			return err
		}
		for _, m := range metrics {
			if err := b.epoch(want.Hash, want.Title, m); err != nil {
				return err
			}
		}
		if err := b.end(want.Hash, want.Title); err != nil {
			return err
		}
	}
	return nil
}

// close ends the files of models that did not come to their end. The error is
// the first that there was.
func (b *board) close() error {
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
