package store

import (
	"time"

	"backfire/experiments/cell"
	"backfire/game"
	"backfire/stats"
)

// ResultFormat is the version of Result and Environment. It rises when a field
// changes its name or meaning.
const ResultFormat = 2

// Result is what came out of one cell, as ResultFile holds it. All of it but Run
// depends on the cell alone: the same cell gives the same Digest, whichever
// process trained it, beside however many others. docs/results-format.md
// describes every field.
type Result struct {
	Format int    `json:"format"`
	Cell   string `json:"cell"`   // hash
	Digest string `json:"digest"` // see Result.sum
	Seed   uint64 `json:"seed"`

	Readings       Readings      `json:"readings"`
	TrainingImages int           `json:"training_images"` // rows of the training set
	Normalization  Normalization `json:"normalization"`
	FinalLoss      float64       `json:"final_loss"`     // mean cross-entropy in the last epoch
	TrainAccuracy  float64       `json:"train_accuracy"` // in the last epoch, on the labels trained on

	CleanAccuracy game.Rate `json:"clean_accuracy"` // standard accuracy: on the defender's held-out images
	Chance        game.Rate `json:"chance"`         // the highest clean accuracy that still counts as chance
	Collapsed     bool      `json:"collapsed"`      // clean accuracy is at chance: the ASRs mean nothing

	ASR        stats.Summary      `json:"asr"`        // over the attackers
	BaseRate   stats.Summary      `json:"base_rate"`  // over the attackers
	Lift       stats.Summary      `json:"lift"`       // over the attackers
	Robustness stats.Summary      `json:"robustness"` // over the attackers
	Attackers  []AttackerResult   `json:"attackers"`
	Cross      [][]game.Rate      `json:"cross"`    // see game.Score
	Overlaps   []game.PairOverlap `json:"overlaps"` // pairs of triggers with much in common

	Provenance Provenance `json:"run"` // what is of this training, and not of the cell
}

// Readings are the choices that the paper leaves open, as this result made
// them; see the fields of game.Rules.
type Readings struct {
	TriggerKind        string `json:"trigger_kind,omitempty"` // empty: random
	TriggerRange       string `json:"trigger_range"`          // empty for pictures
	Sampling           string `json:"sampling"`
	LabelMode          string `json:"label_mode"`
	ExcludeTargetClass bool   `json:"exclude_target_class"`
	Denominator        string `json:"denominator"`
}

// Normalization is how pixels v in 0..255 become inputs of the network: (v/255 -
// mean) / std, per channel, with the training set's own mean and population
// standard deviation.
type Normalization struct {
	Mean []float64 `json:"mean"`
	Std  []float64 `json:"std"`
}

// AttackerResult is one attacker's score with its target's name.
type AttackerResult struct {
	game.AttackerScore
	Label string `json:"label"` // name of the class Target
}

// newResult puts a score together with what it was measured on.
func NewResult(cell cell.Cell, hash string, score *game.Score, overlaps []game.PairOverlap) Result {
	r := Result{
		Format: ResultFormat, Cell: hash, Seed: cell.Game.Seed, Readings: ReadingsOf(cell.Game),
		CleanAccuracy: score.Clean, Chance: score.Chance, Collapsed: score.Collapsed,
		ASR: score.ASR, BaseRate: score.BaseRate, Lift: score.Lift, Robustness: score.Robustness,
		Cross: score.Cross, Overlaps: append([]game.PairOverlap{}, overlaps...), // [] rather than null
	}
	for _, attacker := range score.Attackers {
		r.Attackers = append(r.Attackers, AttackerResult{attacker, cell.Data.Classes[attacker.Target]})
	}
	return r
}

// ReadingsOf names the readings of rules. Where attackers differ in one, it is
// "mixed".
func ReadingsOf(rules game.Rules) Readings {
	first := rules.Attackers[0]
	r := Readings{
		TriggerKind: string(first.Trigger.Kind), TriggerRange: string(first.Trigger.Range), LabelMode: string(first.LabelMode),
		Sampling: string(rules.Sampling), Denominator: string(rules.Denominator),
		ExcludeTargetClass: rules.ExcludeTargetClass,
	}
	for _, a := range rules.Attackers[1:] {
		if a.Trigger.Kind != first.Trigger.Kind {
			r.TriggerKind = mixed
		}
		if a.Trigger.Range != first.Trigger.Range {
			r.TriggerRange = mixed
		}
		if a.LabelMode != first.LabelMode {
			r.LabelMode = mixed
		}
	}
	return r
}

const mixed = "mixed"

// Phase is a part of the work on a cell.
type Phase string

// The phases, in their order.
const (
	PhaseLoad     Phase = "load"     // the dataset is read; nothing if the worker has it from its last cell
	PhaseDeal     Phase = "deal"     // images are dealt, poisoned ones chosen, triggers drawn
	PhaseStamp    Phase = "stamp"    // training set and probes are made
	PhaseUpload   Phase = "upload"   // the model is made, the training set goes to the device
	PhaseTrain    Phase = "train"    // all epochs
	PhaseEvaluate Phase = "evaluate" // the probes are predicted and scored
)

// Phases lists the phases in their order.
func Phases() []Phase {
	return []Phase{PhaseLoad, PhaseDeal, PhaseStamp, PhaseUpload, PhaseTrain, PhaseEvaluate}
}

// Timing is how long one training of a cell took.
type Timing struct {
	Started         time.Time         `json:"started"` // UTC
	Finished        time.Time         `json:"finished"`
	Seconds         map[Phase]float64 `json:"seconds"` // per phase
	TotalSeconds    float64           `json:"total_seconds"`
	ImagesPerSecond float64           `json:"images_per_second"` // through the training step, in phase train
	PeakMemory      int64             `json:"peak_memory_bytes"` // resident set of the worker process since it started; 0: not known
	Resumed         int               `json:"resumed_epochs"`    // epochs taken over from a checkpoint; times and rates are of the others
}

// EpochMetrics is one line of MetricsFile.
type EpochMetrics struct {
	Epoch           int     `json:"epoch"` // from 1
	Loss            float64 `json:"loss"`
	TrainAccuracy   float64 `json:"train_accuracy"`
	LearningRate    float64 `json:"lr"` // of the last step
	Seconds         float64 `json:"seconds"`
	ImagesPerSecond float64 `json:"images_per_second"`
}
