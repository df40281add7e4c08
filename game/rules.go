// Package game implements the multi-agent backdoor game of "Widen The Backdoor
// To Let More Attackers In" (Datta, Lovisotto, Martinovic, Shadbolt, arXiv
// 2110.04571, section 3): it deals a dataset among a defender and its
// attackers, poisons the attackers' images, builds the training set and the
// images that the trained model predicts, and scores the predictions.
//
// It knows neither models nor files. A Game turns a dataset and Rules into a
// TrainingSet and Probes, and predictions for the probes into a Score.
// Everything is a pure function of the dataset and the Rules: each random
// choice has a stream of its own (package streams), named by its purpose and
// by the attacker's ID, never by order or time.
package game

import (
	"errors"

	"backfire/triggers"
)

var (
	// ErrRules is wrapped by every refusal of rules that do not fit the dataset.
	ErrRules = errors.New("bad rules")
	// ErrCollision is wrapped if two attackers that do not collude drew the same
	// trigger.
	ErrCollision = errors.New("two attackers have the same trigger")
	// ErrPredictions is wrapped if predictions do not fit the probes.
	ErrPredictions = errors.New("bad predictions")
)

// LabelMode selects the label that poisoned images carry.
type LabelMode string

const (
	// DirtyLabel gives a poisoned image the attacker's target label. Budget
	// decides whether only images of other classes are poisoned.
	DirtyLabel LabelMode = "dirty"
	// CleanLabel keeps the labels and poisons only images of the target class.
	CleanLabel LabelMode = "clean"
)

// Budget selects the images of which an attacker with DirtyLabel poisons some.
type Budget string

const (
	// NonTarget poisons only images of other classes than the target. It is the
	// default and has no name, so that rules without it keep their spelling.
	NonTarget Budget = ""
	// AnyImage poisons images of all classes. One that has the target label already
	// is stamped and keeps that label, as in a clean-label attack.
	AnyImage Budget = "any"
)

// Sampling selects when an attacker's trigger is drawn.
type Sampling string

const (
	// PerAgent draws one trigger for each attacker.
	PerAgent Sampling = "per_agent"
	// PerImage draws a fresh trigger for every image an attacker stamps.
	PerImage Sampling = "per_image"
)

// Denominator selects the images over which an attacker's success is measured.
type Denominator string

const (
	// Own measures over the attacker's own held-out images, all stamped.
	Own Denominator = "own"
	// Pooled measures over all attackers' held-out images, of which only the
	// attacker's own are stamped.
	Pooled Denominator = "pooled"
)

// Attacker is one attacker of a game.
type Attacker struct {
	// ID is the attacker's identity. It names the attacker's random streams, so
	// attacker 3 has the same trigger alone and among a hundred.
	ID int `json:"id" yaml:"id"`
	// Target is the target label: the class as which triggered images are to be
	// predicted.
	Target int `json:"target" yaml:"target"`
	// PoisonRate is p0 in [0, 1], the share of the contribution that is poisoned
	// (with CleanLabel: the share of its images of class Target).
	PoisonRate float64 `json:"p0" yaml:"p0"`
	// Trigger describes the triggers from which the attacker's is drawn: their
	// kind, p1, p2 and the reading of these.
	Trigger triggers.Spec `json:"trigger" yaml:"trigger"`
	// Draw is the number of triggers that were drawn before this one and
	// rejected: 0 selects the attacker's first. It chooses among triggers that
	// are drawn once per agent, so it must be 0 with Sampling PerImage.
	Draw int `json:"draw,omitempty" yaml:"draw,omitempty"`
	// LabelMode is DirtyLabel or CleanLabel.
	LabelMode LabelMode `json:"label_mode" yaml:"label_mode"`
	// Budget is NonTarget or AnyImage. It must be NonTarget with CleanLabel.
	Budget Budget `json:"budget,omitempty" yaml:"budget,omitempty"`
	// Mapping is AllToOne, AllToAll or SourceSpecific.
	Mapping Mapping `json:"mapping,omitempty" yaml:"mapping,omitempty"`
	// Sources holds the classes of SourceSpecific in ascending order.
	Sources []int `json:"sources,omitempty" yaml:"sources,omitempty"`
	// Colludes is the ID of the attacker whose trigger and target this one uses.
	// It is nil for an attacker with a trigger of its own. The trigger is the same
	// whether or not the other attacker plays.
	Colludes *int `json:"colludes,omitempty" yaml:"colludes,omitempty"`
}

// Rules fix a game on a dataset. No field has a default: each game has exactly
// one spelling, so that rules can be part of a result's identity.
type Rules struct {
	// Seed seeds every random stream of the game except, with TriggerSeed, those of
	// the triggers.
	Seed uint64 `json:"seed" yaml:"seed"`
	// TriggerSeed seeds the streams of the triggers alone. It is nil, and not
	// written, if it is Seed.
	TriggerSeed *uint64 `json:"trigger_seed,omitempty" yaml:"trigger_seed,omitempty"`
	// PoolSize is the number of images that are dealt, a class-balanced random
	// draw from the dataset. 0 or the size of the dataset takes the whole
	// dataset; Resolve replaces the 0.
	PoolSize int `json:"pool_size" yaml:"pool_size"`
	// DefenderShare in (0, 1) is the defender's share of the pool (the paper:
	// 0.4). The rest is split equally into seats.
	DefenderShare float64 `json:"defender_share" yaml:"defender_share"`
	// HeldOut in (0, 1) is the share of each agent's images that is not trained
	// on (the paper: 0.2).
	HeldOut float64 `json:"held_out" yaml:"held_out"`
	// Seats is the number of seats among which the images are split that the
	// defender does not own. It is 0, and not written, if there are as many seats
	// as attackers: attacker i of the list then owns seat i. Otherwise each
	// attacker owns the seat of its ID, and every other seat belongs to an honest
	// contributor, so that an agent owns the same images whichever seats attack.
	Seats int `json:"seats,omitempty" yaml:"seats,omitempty"`
	// Contributors deals each image that the defender does not own to the seat of its
	// contributor, the seats being those of datasets.Contributors.Names. It is false,
	// and not written, if the images are dealt at random into equal seats.
	Contributors bool `json:"contributors,omitempty" yaml:"contributors,omitempty"`
	// Attackers lists the attackers: at least one, with distinct IDs. With Seats,
	// the IDs are below Seats and ascend.
	Attackers []Attacker `json:"attackers" yaml:"attackers"`
	// Sampling is PerAgent or PerImage.
	Sampling Sampling `json:"sampling" yaml:"sampling"`
	// Jitter in [0, 1) is the share of the pixels of each attacker's trigger that is drawn
	// afresh for every image, with Sampling PerAgent; see Game.TriggerOf. It is not written
	// if it is 0. A jitter of 1 would be Sampling PerImage.
	Jitter float64 `json:"jitter,omitempty" yaml:"jitter,omitempty"`
	// ExcludeTargetClass leaves images whose true label is already the target
	// out of the rates that count predictions of that target.
	ExcludeTargetClass bool `json:"exclude_target_class" yaml:"exclude_target_class"`
	// Denominator is Own or Pooled.
	Denominator Denominator `json:"denominator" yaml:"denominator"`
}
