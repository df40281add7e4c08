package definition

// Agents describes the agents of a game to a defense at the stage Models.
type Agents struct {
	// IDs holds the IDs of the agents: first those of the attackers, of which there are Attackers, then those of
	// the honest contributors.
	IDs       []int
	Attackers int
	// Epochs is the number of epochs of a training, Seed the seed of the game.
	Epochs int
	Seed   uint64
}

// Model declares one model of a defender: whose images it is trained on. The zero value is trained on all images,
// from the first epoch on.
type Model struct {
	// Excluded holds the IDs of the agents whose images are left out, in the order of Agents.IDs.
	Excluded []int
	// WithoutOwn leaves the defender's own images out.
	WithoutOwn bool
	// Slices hold the epochs in which the agents' images enter the training. With slices, the agents of Excluded
	// are in them, too.
	Slices []Slice
	// AvoidsGroup has the triggers that another defense simulates for this model avoid those of the agents that are
	// not excluded, and no others: the model then depends on these agents alone. Otherwise they avoid the triggers of
	// all attackers.
	AvoidsGroup bool
	// Attributes has the model, which is trained on all images, guess from which agent's images queries come.
	Attributes bool
}

// Slice is a part of a training at whose beginning the images of some agents enter.
type Slice struct {
	// Enter holds the IDs of these agents, in the order of Agents.IDs.
	Enter []int
	// Epochs is the number of passes until the next slice.
	Epochs int
}

// ModelSet declares the models of a defender in one game.
type ModelSet struct {
	// Models are in the order of training.
	Models []Model
	// Answers holds, for each attacker by position, the position in Models of the model that answers its queries, or
	// that is trained on its images if the models vote. Those of honest contributors may follow.
	Answers []int
	// Groups holds the IDs of the agents of each group if the models vote. The model of a group has its position.
	Groups [][]int
}

// ModelPlanner is implemented by the settings of defenses at the stage Models: it declares which models the defender
// trains in a game.
type ModelPlanner interface {
	PlanModels(agents Agents) (*ModelSet, error)
}
