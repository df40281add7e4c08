package game

import "backfire/triggers"

// NoTrigger is the Trigger of images without a trigger.
const NoTrigger = -1

// Row records the origin of one image of a training set.
type Row struct {
	// Source is the image's index in the dataset.
	Source int
	// Owner is the position of the agent that contributed it, or Defender.
	Owner int
	// Trigger is the position of the attacker whose trigger it carries, or
	// NoTrigger.
	Trigger int
	// Old is the true label, New the label that the model is trained on.
	Old, New uint8
}

// TrainingSet holds the contributed images of all agents: the defender's first,
// then those of the seats in their order, so that an honest contributor's
// images have the places that they have if it attacks.
type TrainingSet struct {
	// Shape is the shape of each image.
	Shape triggers.Shape
	// Images holds len(Rows) images of Shape.Size() values, one after another.
	Images []uint8
	// Labels holds each image's label, Rows[i].New.
	Labels []uint8
	// Rows holds each image's origin.
	Rows []Row
}

// Training builds the training set: all contributed images, of which the
// poisoned ones carry their attacker's trigger and, with DirtyLabel, its target
// label. Each call builds a new set, 1 byte per value in a single allocation.
func (g *Game) Training() *TrainingSet {
	n := len(g.deal.Defender.Contributed)
	owners := g.rules.owners()
	for _, owner := range owners {
		n += len(g.deal.Agent(owner).Contributed)
	}
	t := &TrainingSet{
		Shape:  g.shape,
		Images: make([]uint8, 0, n*g.shape.Size()),
		Labels: make([]uint8, 0, n),
		Rows:   make([]Row, 0, n),
	}
	for _, source := range g.deal.Defender.Contributed {
		g.contribute(t, Defender, source, false)
	}
	for _, owner := range owners {
		for at, source := range g.deal.Agent(owner).Contributed {
			g.contribute(t, owner, source, owner < len(g.poison) && g.poison[owner].marks[at])
		}
	}
	return t
}

// contribute adds an owner's image to a training set.
func (g *Game) contribute(t *TrainingSet, owner, source int, poisoned bool) {
	label := g.set.Labels[source]
	row := Row{Source: source, Owner: owner, Trigger: NoTrigger, Old: label, New: label}
	at := len(t.Images)
	t.Images = append(t.Images, g.set.Image(source)...)
	if poisoned {
		g.stamp(t.Images[at:], owner, source)
		// An image of the target class keeps its label, as with clean labels.
		row.Trigger, row.New = owner, uint8(g.rules.Attackers[owner].wants(int(label), len(g.set.Classes)))
	}
	t.Labels = append(t.Labels, row.New)
	t.Rows = append(t.Rows, row)
}
