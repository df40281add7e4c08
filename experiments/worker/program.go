package worker

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"backfire/defenses"
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/program"
	"backfire/internal/safetensors"
)

// The files that a program may leave as its answer, of which it leaves one. docs/python.md describes them.
const (
	predictionsAnswer = "predictions.bin"   // a class per probe, as datasets.EncodeLabels encodes labels
	scoresAnswer      = "scores.bin"        // a float32 per probe and class
	modelAnswer       = "model.safetensors" // parameters of the cell's network
)

// runProgram has the program of a cell's defense predict the probes. The error wraps program.ErrProgram and names
// the program if that is at fault.
func (t *training) runProgram(ctx context.Context, engine Engine, settings *defenses.Exec) error {
	t.watch.enter(cell.PhaseTrain)
	if t.request.Program == "" {
		return fmt.Errorf("worker: %s: %w: this configuration names no program with the SHA-256 %.12s", settings.Command, program.ErrProgram, settings.SHA256)
	}
	sum, err := program.Sum(t.request.Program)
	if err != nil {
		return err
	}
	if sum != settings.SHA256 {
		return fmt.Errorf("worker: %s: %w: it changed after it was planned with: repeat the command", t.request.Program, program.ErrProgram)
	}
	scratch, err := disk.NewScratch()
	if err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	defer scratch.Close()
	job := newJob(t.deal, settings)
	if err := job.write(scratch.Path()); err != nil {
		return fmt.Errorf("worker: write job: %w", err)
	}
	threads := strconv.Itoa(t.Threads)
	command, err := program.Command(t.request.Program, scratch.Path(), filepath.Join(scratch.Path(), jobFile),
		"OMP_NUM_THREADS="+threads, "MKL_NUM_THREADS="+threads, "OPENBLAS_NUM_THREADS="+threads)
	if err != nil {
		return err
	}
	if err := program.Run(ctx, command, time.Duration(settings.Limit)*time.Second); err != nil {
		return err
	}
	t.watch.enter(cell.PhaseEvaluate)
	answers, err := t.readAnswer(engine, job, disk.In(scratch.Path()))
	if err != nil {
		return fmt.Errorf("worker: %s: %w: %w", settings.Command, program.ErrProgram, err)
	}
	t.predicted = answers.predicted
	if !t.request.Artefacts.Rankings {
		return nil
	}
	return t.writeBallots(answers.scores)
}

// programAnswer holds what a program answers about each probe, in the order of game.Probes.
type programAnswer struct {
	predicted []uint16
	// scores holds a value for each class of each probe, one probe after the other. They are all 0 for a program
	// that left predictions alone.
	scores []float32
}

// readAnswer returns the answer that the program left.
func (t *training) readAnswer(engine Engine, job *programJob, dir disk.Dir) (*programAnswer, error) {
	shuffled, err := job.readShuffled(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return t.predictWith(engine, dir)
	}
	if err != nil {
		return nil, err
	}
	classes := len(t.Cell.Data.Classes)
	answer := &programAnswer{make([]uint16, len(shuffled.predicted)), make([]float32, len(shuffled.scores))}
	for i, at := range job.probes {
		answer.predicted[at] = shuffled.predicted[i]
		copy(answer.scores[at*classes:(at+1)*classes], shuffled.scores[i*classes:])
	}
	return answer, nil
}

// readShuffled returns the answer of a program that left predictions or scores, in the order of the job. The error
// wraps fs.ErrNotExist if it left neither.
func (j *programJob) readShuffled(dir disk.Dir) (*programAnswer, error) {
	n, classes := len(j.probes), len(j.deal.Cell.Data.Classes)
	answer := &programAnswer{scores: make([]float32, n*classes)}
	predicted, err := (&store.Record{Dir: dir.Path(".")}).Predictions(classes)
	if err == nil {
		if len(predicted) != n {
			return nil, fmt.Errorf("%s has %d classes for %d probes", predictionsAnswer, len(predicted), n)
		}
		for i, class := range predicted {
			if int(class) >= classes {
				return nil, fmt.Errorf("%s has class %d for probe %d: there are %d classes", predictionsAnswer, class, i, classes)
			}
		}
		answer.predicted = predicted
		return answer, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	raw, err := dir.ReadFile(scoresAnswer, disk.MaxBytes)
	if err != nil {
		return nil, err
	}
	const perScore = 4
	if len(raw) != n*classes*perScore {
		return nil, fmt.Errorf("%s has %d bytes: %d probes and %d classes take %d", scoresAnswer, len(raw), n, classes, n*classes*perScore)
	}
	answer.predicted = make([]uint16, n)
	for i := range n {
		best := float32(math.Inf(-1))
		for class := range classes {
			at := i*classes + class
			score := math.Float32frombits(binary.LittleEndian.Uint32(raw[at*perScore:]))
			if score != score {
				return nil, fmt.Errorf("%s has NaN for probe %d and class %d", scoresAnswer, i, class)
			}
			if answer.scores[at] = score; score > best {
				best, answer.predicted[i] = score, uint16(class)
			}
		}
	}
	return answer, nil
}

// predictWith has the network of the cell predict the probes, with the parameters that the program left.
func (t *training) predictWith(engine Engine, dir disk.Dir) (*programAnswer, error) {
	content, err := ReadModel(dir.Path(modelAnswer))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("it left no answer: write %s, %s or %s", predictionsAnswer, scoresAnswer, modelAnswer)
	}
	if err != nil {
		return nil, err
	}
	model, err := t.newModel(engine, len(t.deal.Training.Labels), t.notice)
	if err != nil {
		return nil, err
	}
	defer model.Close()
	state, err := model.State()
	if err != nil {
		return nil, err
	}
	for i, own := range state.Model {
		at := slices.IndexFunc(content.Tensors, func(given safetensors.Tensor) bool { return given.Name == own.Name })
		if at < 0 {
			return nil, fmt.Errorf("%s lacks %s", modelAnswer, own.Name)
		}
		given := content.Tensors[at]
		if !slices.Equal(given.Shape, own.Shape) {
			return nil, fmt.Errorf("%s: %s has the shape %v instead of %v", modelAnswer, own.Name, given.Shape, own.Shape)
		}
		if slices.ContainsFunc(given.Values, func(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) }) {
			return nil, fmt.Errorf("%s: %s has a value that is not finite", modelAnswer, own.Name)
		}
		state.Model[i].Values = given.Values
	}
	if err := model.Restore(state); err != nil {
		return nil, err
	}
	if t.request.Artefacts.KeepsModel(t.Cell) {
		if err := t.writeModel(model); err != nil {
			return nil, err
		}
	}
	answer := &programAnswer{}
	if answer.predicted, err = model.Predict(t.deal.Probes.Images); err == nil && t.request.Artefacts.Rankings {
		answer.scores, err = model.Probabilities(t.deal.Probes.Images)
	}
	return answer, err
}
