package defenses

import (
	"fmt"
	"slices"

	"backfire/game"
	"backfire/internal/streams"
	"backfire/triggers"
)

// NotSimulated is the Simulated of rows that no simulated attacker stamped.
const NotSimulated = -1

// Augmented is a training set after agent augmentation.
type Augmented struct {
	*game.TrainingSet
	// Simulated holds for each row the simulated attacker whose trigger it
	// carries, 0 to len(Triggers)-1, or NotSimulated. Rows keep saying what the
	// game did: their Trigger is NoTrigger and Old and New stay equal.
	Simulated []int
	// Triggers holds each simulated attacker's trigger.
	Triggers []*triggers.Trigger
}

// redraws is how often a simulated trigger is drawn anew before a collision is
// given up on. At p1 = p2 = 0.2 not one in 10^50 draws collides; only triggers
// of a single grey pixel do so often enough to run out of patterns.
const redraws = 100

// Augment stamps the defender's rows of a training set for n = a.Agents simulated
// attackers: round(Clean*m) of the defender's m rows, chosen at random, stay as
// they are, the others are dealt to the simulated attackers in equal shares (they
// differ by at most one) and carry their triggers with their true labels. t is
// not changed, and rows of others are not touched.
//
// Simulated attacker k's trigger is the first of its own stream that collides
// with none of avoid, the attackers' triggers, and with none of the simulated
// attackers before it. Only the order of the defender's rows matters, so it is
// the same whether other owners' rows are selected before or after.
//
// The error wraps ErrPolicy where a does not validate, does not fit t's shape or
// asks for more simulated attackers than there are images, and ErrCollision
// where no trigger is free.
func Augment(t *game.TrainingSet, a AgentAugmentation, avoid []*triggers.Trigger, seed uint64) (*Augmented, error) {
	var own []int
	for i, row := range t.Rows {
		if row.Owner == game.Defender {
			own = append(own, i)
		}
	}
	if err := a.Validate(); err != nil {
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
	// The names of all triggers that are taken: equal names are collisions.
	taken := make(map[string]bool, len(avoid)+a.Agents)
	for _, t := range avoid {
		taken[t.ID()] = true
	}
	drawn := make([]*triggers.Trigger, a.Agents)
	for k := range drawn {
		rng := streams.New(seed, "simulated trigger", uint64(k))
		for try := 0; drawn[k] == nil; try++ {
			if try == redraws {
				return nil, fmt.Errorf("%w: simulated attacker %d finds no free trigger in %d draws: choose fewer agents or larger p1 and p2", ErrCollision, k, redraws)
			}
			if t := generator.Draw(rng); !taken[t.ID()] {
				taken[t.ID()], drawn[k] = true, t
			}
		}
	}
	return drawn, nil
}
