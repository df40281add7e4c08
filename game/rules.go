// Package game is the multi-agent backdoor game of "Multi-agent Backdoor
// Attack" (section 3): who owns which images, which of them are poisoned, what
// the defender trains on, what its model is asked, and how the answers are
// scored.
//
// It knows neither models nor files. A Game turns a dataset and Rules into a
// TrainingSet and Probes; predictions for the probes turn into a Score.
// Everything is a pure function of the dataset and the Rules: each random
// choice has its own stream (package streams), named by what it is for and by
// the attacker's ID, never by order or time.
package game

import (
	"errors"

	"backfire/triggers"
)

var (
	// ErrRules is wrapped by every refusal of rules that a dataset cannot be
	// played by.
	ErrRules = errors.New("bad rules")
	// ErrCollision is wrapped where two attackers that do not collude drew the
	// same trigger.
	ErrCollision = errors.New("two attackers have the same trigger")
	// ErrPredictions is wrapped where predictions do not fit the probes.
	ErrPredictions = errors.New("bad predictions")
)

// LabelMode says which label poisoned images carry.
type LabelMode string

const (
	// DirtyLabel gives a poisoned image the attacker's target label. Only
	// images of other classes are poisoned.
	DirtyLabel LabelMode = "dirty"
	// CleanLabel leaves labels as they are and poisons only images of the
	// target class.
	CleanLabel LabelMode = "clean"
)

// Sampling says when an attacker's trigger is drawn.
type Sampling string

const (
	// PerAgent draws one trigger for each attacker.
	PerAgent Sampling = "per_agent"
	// PerImage draws a fresh trigger for every image an attacker stamps.
	PerImage Sampling = "per_image"
)

// Denominator says over which images an attacker's success is measured.
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
	// Target is the class Y that triggered images are to be taken for.
	Target int `json:"target" yaml:"target"`
	// PoisonRate is p0 in [0, 1], the share of the contribution (clean label:
	// of its images of class Target) that is poisoned.
	PoisonRate float64 `json:"p0" yaml:"p0"`
	// Trigger holds p1, p2 and their reading.
	Trigger triggers.Spec `json:"trigger" yaml:"trigger"`
	// Draw counts the triggers that were drawn before this one and not kept: 0
	// is the attacker's first. It chooses among triggers that are drawn once
	// per agent, so with Sampling PerImage it is 0.
	Draw int `json:"draw,omitempty" yaml:"draw,omitempty"`
	// LabelMode is DirtyLabel or CleanLabel.
	LabelMode LabelMode `json:"label_mode" yaml:"label_mode"`
	// Colludes is the ID of the attacker whose trigger, and target, this one uses
	// as its own; nil: it has its own trigger. Whether that attacker plays or not,
	// the trigger is the one it has.
	Colludes *int `json:"colludes,omitempty" yaml:"colludes,omitempty"`
}

// Rules fix a game on a dataset. No field has a default: one game has one
// spelling, so that rules can be part of a result's identity.
type Rules struct {
	// Seed starts every random stream of the game.
	Seed uint64 `json:"seed" yaml:"seed"`
	// PoolSize is the number of images played for, a class-balanced random
	// draw; 0 or the size of the dataset takes the whole dataset. Resolve
	// replaces the 0.
	PoolSize int `json:"pool_size" yaml:"pool_size"`
	// DefenderShare in (0, 1) is the defender's share of the pool (the paper:
	// 0.4). The attackers share the rest equally.
	DefenderShare float64 `json:"defender_share" yaml:"defender_share"`
	// HeldOut in (0, 1) is the share of everybody's images that is not trained
	// on (the paper: 0.2).
	HeldOut float64 `json:"held_out" yaml:"held_out"`
	// Attackers holds at least one attacker, with distinct IDs.
	Attackers []Attacker `json:"attackers" yaml:"attackers"`
	// Sampling is PerAgent or PerImage.
	Sampling Sampling `json:"sampling" yaml:"sampling"`
	// ExcludeTargetClass leaves images whose true label already is the target
	// out of the rates that count predictions of that target.
	ExcludeTargetClass bool `json:"exclude_target_class" yaml:"exclude_target_class"`
	// Denominator is Own or Pooled.
	Denominator Denominator `json:"denominator" yaml:"denominator"`
}
