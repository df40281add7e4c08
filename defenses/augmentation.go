package defenses

import (
	"fmt"
	"slices"

	"backfire/defenses/definition"
	"backfire/game"
	"backfire/internal/streams"
	"backfire/triggers"
)

// AgentAugmentation stamps part of the defender's own contribution with the
// triggers of simulated attackers and keeps the true labels (section 4.2.1 of
// the paper).
type AgentAugmentation struct {
	// Agents is n, the number of simulated attackers, at least 1.
	Agents int `json:"agents" yaml:"agents"`
	// Clean in [0, 1) is the share of the contribution that stays unchanged.
	Clean float64 `json:"clean" yaml:"clean"`
	// Spec describes the simulated attackers' triggers.
	triggers.Spec `yaml:",inline"`
}

// KindAgentAugmentation is the name of AgentAugmentation.
const KindAgentAugmentation Kind = "agent_augmentation"

// agentAugmentation has the paper's settings: 40 % clean, p = 0.2. The paper does not
// state n; 10 is our choice.
var agentAugmentation = definition.Definition{
	Kind: KindAgentAugmentation, Stages: []definition.Stage{definition.Data}, Triggers: true,
	Summary: "simulated attackers stamp part of the defender's own images, which keep their true labels",
	Settings: []definition.Setting{
		{Key: "agents", Default: "10", Range: "[1,)", Help: "number of simulated attackers, each with its own trigger"},
		{Key: "clean", Default: "0.4", Range: "[0,1)", Help: "share of the defender's contribution that stays clean"},
		{Key: "p1", Default: "0.2", Range: "(0,1]", Checked: true, Help: "size of each simulated trigger's box, as a share of what trigger.range names"},
		{Key: "p2", Default: "0.2", Range: "(0,1]", Help: "share of the box's pixels that is perturbed"},
	},
	New: func() any { return &AgentAugmentation{Spec: ownTrigger} },
}

// Validate refuses triggers of other kinds than random ones.
func (a AgentAugmentation) Validate() error { return checkTrigger(a.Spec) }

// DataChanger is implemented by the settings of defenses at the stage definition.Data.
type DataChanger interface {
	// Change returns a changed copy of a training set with so many classes; it does not change t. Triggers
	// that the defense draws differ from those in avoid. The error wraps ErrPolicy or
	// ErrCollision.
	Change(t *game.TrainingSet, avoid []*triggers.Trigger, classes int, seed uint64) (*Augmented, error)
}

// NotSimulated is the entry of Augmented.Simulated for rows without a simulated
// attacker's trigger.
const NotSimulated = -1

// Augmented is a training set after agent augmentation.
type Augmented struct {
	*game.TrainingSet
	// Simulated holds for each row the simulated attacker whose trigger it
	// carries, 0 to len(Triggers)-1, or NotSimulated. Rows is unchanged: the
	// Trigger of these rows is NoTrigger, and Old and New are equal.
	Simulated []int
	// Triggers holds each simulated attacker's trigger.
	Triggers []*triggers.Trigger
}

// maxDraws is the number of draws of a simulated trigger, after each of which it
// collides, before Augment returns ErrCollision. At p1 = p2 = 0.2 fewer than one
// in 10^50 draws collides; only triggers of a single grey pixel are so few that
// all may be taken.
const maxDraws = 100

// Augment returns a copy of a training set in which the defender's rows carry the
// triggers of n = a.Agents simulated attackers: round(Clean*m) of the defender's m
// rows, chosen at random, stay unchanged. The others are dealt to the simulated
// attackers in shares that differ by at most one row, and carry their triggers
// with the true labels. Rows of other owners stay unchanged.
//
// The trigger of simulated attacker k is the first of its own stream that differs
// from those in avoid, the attackers' triggers, and from those of the simulated
// attackers before k. The draws depend on the order of the defender's rows only,
// so other owners' rows may be removed before or after with the same result.
//
// The error wraps ErrPolicy if a is invalid, does not fit t's shape or has more
// simulated attackers than images to stamp, and ErrCollision if no trigger is
// free.
func Augment(t *game.TrainingSet, a AgentAugmentation, avoid []*triggers.Trigger, seed uint64) (*Augmented, error) {
	var own []int
	for i, row := range t.Rows {
		if row.Owner == game.Defender {
			own = append(own, i)
		}
	}
	if err := agentAugmentation.Validate(&a); err != nil {
		return nil, fmt.Errorf("defenses: augment: %w: %w", ErrPolicy, err)
	}
	if err := a.fits(len(own)); err != nil {
		return nil, fmt.Errorf("defenses: augment: %w: %w", ErrPolicy, err)
	}
	simulated, err := a.triggers(t.Shape, avoid, seed)
	if err != nil {
		return nil, fmt.Errorf("defenses: augment: %w", err)
	}

	augmented := &Augmented{
		TrainingSet: &game.TrainingSet{
			Shape: t.Shape, Images: slices.Clone(t.Images), Labels: slices.Clone(t.Labels), Rows: slices.Clone(t.Rows),
		},
		Simulated: slices.Repeat([]int{NotSimulated}, len(t.Rows)),
		Triggers:  simulated,
	}
	size := t.Shape.Size()
	streams.New(seed, "augmentation").Shuffle(len(own), func(i, j int) { own[i], own[j] = own[j], own[i] })
	for i, row := range own[round(a.Clean, len(own)):] {
		k := i % a.Agents
		augmented.Simulated[row] = k
		simulated[k].Stamp(augmented.Images[row*size : (row+1)*size])
	}
	return augmented, nil
}

// Fits refuses more simulated attackers than images to stamp.
func (a AgentAugmentation) Fits(scale Scale) error { return a.fits(scale.Contributed) }

// Change returns what Augment returns.
func (a *AgentAugmentation) Change(t *game.TrainingSet, avoid []*triggers.Trigger, _ int, seed uint64) (*Augmented, error) {
	return Augment(t, *a, avoid, seed)
}

// fits refuses more simulated attackers than images to stamp.
func (a AgentAugmentation) fits(contributed int) error {
	if stamped := contributed - round(a.Clean, contributed); a.Agents > stamped {
		return fmt.Errorf("agents is %d: of the defender's %d contributed images %d are stamped (clean is %v), fewer than simulated attackers: choose at most %d",
			a.Agents, contributed, stamped, a.Clean, stamped)
	}
	return nil
}

// triggers draws the simulated attackers' triggers.
func (a AgentAugmentation) triggers(shape triggers.Shape, avoid []*triggers.Trigger, seed uint64) ([]*triggers.Trigger, error) {
	generator, err := triggers.NewGenerator(shape, a.Spec)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	// The IDs of the triggers in use: an equal ID is a collision.
	taken := make(map[string]bool, len(avoid)+a.Agents)
	for _, t := range avoid {
		taken[t.ID()] = true
	}
	drawn := make([]*triggers.Trigger, a.Agents)
	for k := range drawn {
		rng := streams.New(seed, "simulated trigger", uint64(k))
		for try := 0; drawn[k] == nil; try++ {
			if try == maxDraws {
				return nil, fmt.Errorf("%w: simulated attacker %d has no free trigger after %d draws: choose fewer agents or larger p1 and p2", ErrCollision, k, maxDraws)
			}
			if t := generator.Draw(rng); !taken[t.ID()] {
				taken[t.ID()], drawn[k] = true, t
			}
		}
	}
	return drawn, nil
}
