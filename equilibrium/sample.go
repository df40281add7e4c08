package equilibrium

// Sample holds the payoffs of a symmetric game for each of several seeds, which are the
// units of repetition: the payoffs of one seed depend on each other and are resampled
// together.
type Sample struct {
	*layout
	tables [][][]float64 // by seed
}

// NewSample returns the payoffs of a number of players, strategies and seeds. payoff
// returns the payoff of a strategy that is played in a profile, for the seed with an index
// from 0. The error wraps ErrGame, as that of [NewGame]; it counts payoffs that are missing
// (NaN) or infinite. One seed is enough for a game but not for intervals.
func NewSample(players, strategies, seeds int, payoff func(seed int, p Profile, strategy int) float64) (*Sample, error) {
	return nil, nil
}

// Seeds returns the number of seeds.
func (s *Sample) Seeds() int { return len(s.tables) }

// Game returns the game of the mean payoffs over the seeds.
func (s *Sample) Game() *Game { return nil }

// SeedGame returns the game of the payoffs of one seed.
func (s *Sample) SeedGame(seed int) *Game { return nil }
