package store

import (
	"bytes"
	"encoding/json"
	"fmt"

	"backfire/defenses/repair"
	"backfire/experiments/cell"
	"backfire/experiments/removed"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
	"backfire/internal/words"
	"backfire/stats"
)

// ResultFormat is the version of Result and Environment. It rises when a field changes its name or meaning.
const ResultFormat = 2

// Result holds the figures of one cell, as ResultFile holds them. All of it except Provenance depends on the
// cell alone: the same cell gives the same Digest, whichever process trained it, beside however many others.
// docs/results-format.md describes every field.
type Result struct {
	Format int    `json:"format"`
	Cell   string `json:"cell"`   // hash
	Digest string `json:"digest"` // SHA-256 of the canonical JSON of all fields except run and digest
	Seed   uint64 `json:"seed"`

	Readings       cell.Readings `json:"readings"`
	TrainingImages int           `json:"training_images"` // rows of the training set
	Normalization  Normalization `json:"normalization"`
	FinalLoss      float64       `json:"final_loss"`     // mean cross-entropy in the last epoch
	TrainAccuracy  float64       `json:"train_accuracy"` // in the last epoch, on the labels trained on
	// EpochsTrained and StepsTrained count the epochs and the optimiser's steps that took place, where
	// cell.Training.StopWhen may end a training early; otherwise they are 0 and not written.
	EpochsTrained int `json:"epochs_trained,omitempty"`
	StepsTrained  int `json:"steps_trained,omitempty"`

	CleanAccuracy game.Rate `json:"clean_accuracy"` // standard accuracy: on the defender's held-out images
	// CleanLoss is the mean cross-entropy of the true labels of the same images; nil where a program answered in place
	// of a model, and in results of versions that did not measure it.
	CleanLoss *float64  `json:"clean_loss,omitempty"`
	Chance    game.Rate `json:"chance"`    // the highest clean accuracy that still counts as chance
	Collapsed bool      `json:"collapsed"` // clean accuracy is at chance: the ASRs mean nothing

	ASR        stats.Summary      `json:"asr"`        // over the attackers
	BaseRate   stats.Summary      `json:"base_rate"`  // over the attackers
	Lift       stats.Summary      `json:"lift"`       // over the attackers
	Robustness stats.Summary      `json:"robustness"` // over the attackers
	Attackers  []AttackerResult   `json:"attackers"`
	Honest     []game.HonestScore `json:"honest,omitempty"` // the honest contributors
	// Filter counts what the cell's filter removed; nil for a cell without one.
	Filter *removed.Counts `json:"filter,omitempty"`
	// Repair counts what the repair of the trained model did; nil for a cell without one.
	Repair *repair.Outcome `json:"repair,omitempty"`
	// Cross and Overlaps are nil where another file holds them, see Record.WithPairs.
	Cross    [][]game.Rate      `json:"cross,omitzero"`    // see game.Score
	Overlaps []game.PairOverlap `json:"overlaps,omitzero"` // pairs of triggers with much in common

	Provenance Provenance `json:"run"` // depends on the training, not on the cell alone
}

// Normalization maps pixels v in 0..255 to inputs of the network: (v/255 - mean) / std, per channel, with the
// training set's own mean and population standard deviation.
type Normalization struct {
	Mean []float64 `json:"mean"`
	Std  []float64 `json:"std"`
}

// AttackerResult is one attacker's score with the names of its classes.
type AttackerResult struct {
	game.AttackerScore
	Label        string   `json:"label"`                   // name of the class Target; empty: there is none
	SourceLabels []string `json:"source_labels,omitempty"` // names of the classes Sources
}

// newAttackerResult returns a score with the names of its classes.
func newAttackerResult(score game.AttackerScore, classes []string) AttackerResult {
	r := AttackerResult{AttackerScore: score, Label: score.Target.Name(classes)}
	for _, label := range score.Sources {
		r.SourceLabels = append(r.SourceLabels, classes[label])
	}
	return r
}

// TargetText returns what the attacker wants its images taken for, for people.
func (a AttackerResult) TargetText() string {
	return words.Target(a.Label, int(a.Target), a.Mapping == game.AllToAll, a.SourceLabels, a.Sources)
}

// AttackersImages returns the number of held-out images behind the means over the
// attackers, each image counted once.
func (r *Result) AttackersImages() int {
	each := make([]int, len(r.Attackers))
	for i, a := range r.Attackers {
		each[i] = a.ASR.Of
	}
	return r.Readings.DistinctImages(each)
}

// NewResult returns the result of the cell called hash with a score and the overlaps of its triggers. The
// fields that only the training knows are left empty: Normalization, Provenance and those of SetTraining.
func NewResult(c cell.Cell, hash string, score *game.Score, overlaps []game.PairOverlap) Result {
	r := Result{
		Format: ResultFormat, Cell: hash, Seed: c.Game.Seed, Readings: cell.ReadingsOf(c.Game),
		CleanAccuracy: score.Clean, Chance: score.Chance, Collapsed: score.Collapsed,
		ASR: score.ASR, BaseRate: score.BaseRate, Lift: score.Lift, Robustness: score.Robustness,
		Honest: score.Honest, Cross: score.Cross, Overlaps: append([]game.PairOverlap{}, overlaps...), // [] rather than null
	}
	for _, attacker := range score.Attackers {
		r.Attackers = append(r.Attackers, newAttackerResult(attacker, c.Data.Classes))
	}
	return r
}

// SetTraining sets the fields that follow from the epochs of the training, of which a program in place
// of a model has none, and from the number of rows of the training set.
func (r *Result) SetTraining(c cell.Cell, rows int, epochs []EpochMetrics) {
	r.TrainingImages = rows
	if len(epochs) == 0 {
		return
	}
	last := epochs[len(epochs)-1]
	r.FinalLoss, r.TrainAccuracy = last.Loss, last.TrainAccuracy
	if c.Training.StopWhen != "" {
		r.EpochsTrained, r.StepsTrained = len(epochs), len(epochs)*c.StepsPerEpoch(rows)
	}
}

// Epochs returns the number of epochs that the model of the cell was trained for.
func (r *Result) Epochs(c cell.Cell) int {
	if r.EpochsTrained > 0 {
		return r.EpochsTrained
	}
	return c.Training.Epochs
}

// Contributed returns the number of images that the agent at a position contributes.
func (r *Result) Contributed(agent int) int {
	if agent < len(r.Attackers) {
		return r.Attackers[agent].Contributed
	}
	return r.Honest[agent-len(r.Attackers)].Contributed
}

// resultLevels is the number of levels of ResultFile that are indented. Below them lie the rows of the
// cross-trigger matrix, whose rates would otherwise take a line for each number.
const resultLevels = 2

// Write writes the result with its digests into the directory at a path.
func (r Result) Write(dir string) error { return r.write(disk.In(dir)) }

func (r Result) write(dir disk.Dir) error {
	sealed, err := r.sealed()
	if err != nil {
		return err
	}
	compact, err := jsonfile.Compact(sealed)
	if err != nil {
		return fmt.Errorf("encode %s: %w", ResultFile, err)
	}
	return dir.WriteFile(ResultFile, jsonfile.LayOut(compact, resultLevels))
}

// ReadResult reads the result in a directory. It refuses a result of another format, one that does not fit its
// digests, and one that this program would write in other words.
func ReadResult(dir disk.Dir) (Result, error) {
	path := dir.Path(ResultFile)
	var version struct {
		Format int `json:"format"`
	}
	data, err := dir.ReadFile(ResultFile, disk.MaxRecord)
	if err != nil {
		return Result{}, err
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return Result{}, fmt.Errorf("parse %s: %w", path, err)
	}
	if version.Format != ResultFormat {
		return Result{}, fmt.Errorf("%s has format %d, this program reads %d", ResultFile, version.Format, ResultFormat)
	}
	var result Result
	if err := jsonfile.Parse(path, data, &result); err != nil {
		return Result{}, err
	}
	written, err := jsonfile.Compact(result)
	if err != nil {
		return Result{}, err
	}
	var read bytes.Buffer
	if err := json.Compact(&read, data); err != nil {
		return Result{}, fmt.Errorf("parse %s: %w", path, err)
	}
	if !bytes.Equal(written, read.Bytes()) {
		return Result{}, fmt.Errorf("%s is not as it was written", ResultFile)
	}
	return result, checkDigests(data)
}
