package equilibrium

import (
	"cmp"
	"fmt"
)

// Options sets how a game is solved. The zero value stands for the defaults.
type Options struct {
	// Margin is the smallest regret that counts, in the unit of the payoffs; 0: 0.05, which
	// is 5 points of payoffs that are shares.
	Margin float64 `json:"margin"`
	// Level is the nominal probability of intervals, in (0, 1); 0: 0.95.
	Level float64 `json:"level"`
	// Resamples is the number of resamples of the seeds, at most MaxResamples; 0: 2000.
	Resamples int `json:"resamples"`
	// Seed chooses the stream of the resamples.
	Seed uint64 `json:"seed"`
	// Starts is the number of starts of the replicator dynamics; 0: 200.
	Starts int `json:"starts"`
	// Attribute is a number of each strategy, such as its poison rate, of which the answers
	// have the mean over the players; empty: the strategy's index.
	Attribute []float64 `json:"attribute"`
}

// MaxResamples is the largest number of resamples.
const MaxResamples = 100_000

// resolve returns the options with their defaults for a number of strategies. The error
// wraps ErrGame.
func (o Options) resolve(strategies int) (Options, error) {
	o.Margin, o.Level = cmp.Or(o.Margin, 0.05), cmp.Or(o.Level, 0.95)
	o.Resamples, o.Starts = cmp.Or(o.Resamples, 2000), cmp.Or(o.Starts, 200)
	if len(o.Attribute) == 0 {
		o.Attribute = make([]float64, strategies)
		for s := range o.Attribute {
			o.Attribute[s] = float64(s)
		}
	}
	switch {
	case !(o.Margin > 0) || !finite(o.Margin):
		return o, fmt.Errorf("equilibrium: options: %w: margin %v: must be above 0", ErrGame, o.Margin)
	case !(o.Level > 0 && o.Level < 1):
		return o, fmt.Errorf("equilibrium: options: %w: level %v: must be between 0 and 1", ErrGame, o.Level)
	case o.Resamples < 1 || o.Resamples > MaxResamples:
		return o, fmt.Errorf("equilibrium: options: %w: %d resamples: must be 1 to %d", ErrGame, o.Resamples, MaxResamples)
	case o.Starts < 1:
		return o, fmt.Errorf("equilibrium: options: %w: %d starts: must be at least 1", ErrGame, o.Starts)
	case len(o.Attribute) != strategies:
		return o, fmt.Errorf("equilibrium: options: %w: %d attributes of %d strategies", ErrGame, len(o.Attribute), strategies)
	}
	for s, x := range o.Attribute {
		if !finite(x) {
			return o, fmt.Errorf("equilibrium: options: %w: the attribute of strategy %d is %v", ErrGame, s, x)
		}
	}
	return o, nil
}

// Solution holds all answers about one game.
type Solution struct {
	Kind Kind `json:"kind"`
	// Dominated holds the strategies that are dominated in the whole game.
	Dominated []Dominance `json:"dominated"`
	Iterated  Elimination `json:"iterated"`
	// Pure holds the equilibria in pure strategies.
	Pure      []Profile `json:"pure"`
	Symmetric Symmetric `json:"symmetric"`
	// Replicator tells from which mixtures the symmetric equilibria are reached.
	Replicator Dynamics `json:"replicator"`
	// Responses and Sinks are the best-response graph and where it leads.
	Responses []Response  `json:"responses"`
	Sinks     [][]Profile `json:"sinks"`
	// Anarchy is that of Pure and Symmetric.
	Anarchy Anarchy `json:"anarchy"`
	// Best and Worst are the correlated equilibria with the largest and smallest welfare.
	Best  Correlated `json:"best_correlated"`
	Worst Correlated `json:"worst_correlated"`
}

// Solve answers all questions about a game whose payoffs are known. The error is one of
// the options, which wraps ErrGame, or of a linear program.
func (g *Game) Solve(o Options) (Solution, error) {
	o, err := o.resolve(g.strategies)
	if err != nil {
		return Solution{}, err
	}
	s := Solution{
		Kind: g.Kind(), Pure: g.Pure(0), Symmetric: g.Symmetric(), Responses: g.Responses(0), Sinks: g.Sinks(0),
	}
	if s.Dominated, err = g.Dominated(); err != nil {
		return Solution{}, err
	}
	if s.Iterated, err = g.Eliminate(); err != nil {
		return Solution{}, err
	}
	if s.Best, s.Worst, err = g.Correlated(); err != nil {
		return Solution{}, err
	}
	s.Replicator = g.replicate(o.Starts, s.Symmetric.Equilibria)
	s.Anarchy = g.Anarchy(s.Pure, s.Symmetric.Equilibria)
	return s, nil
}
