package equilibrium

import "fmt"

// Sample holds the payoffs of a symmetric game for each of several seeds, which are the
// units of repetition: the payoffs of one seed depend on each other and are resampled
// together.
type Sample struct {
	*layout
	tables [][][]float64 // by seed, opponents and strategy
}

// NewSample returns the payoffs of a number of players, strategies and seeds. payoff
// returns the payoff of a strategy that is played in a profile, which it must not change,
// for the seed with an index from 0. The error wraps ErrGame, as that of [NewGame]; it
// counts payoffs that are missing (NaN) or infinite. One seed is enough for a game but
// not for intervals.
func NewSample(players, strategies, seeds int, payoff func(seed int, p Profile, strategy int) float64) (*Sample, error) {
	if err := checkSize(players, strategies); err != nil {
		return nil, err
	}
	if seeds < 1 {
		return nil, fmt.Errorf("equilibrium: %w: number of seeds %d: must be at least 1", ErrGame, seeds)
	}
	s := &Sample{layout: newLayout(players, strategies)}
	bad, first := 0, ""
	for seed := range seeds {
		table := s.newTable()
		for i, p := range s.profiles {
			for strategy, o := range s.left[i] {
				if o < 0 {
					continue
				}
				x := payoff(seed, p, strategy)
				if table[o][strategy] = x; !finite(x) {
					if bad++; bad == 1 {
						first = fmt.Sprintf("that of strategy %d in profile %v of seed %d is %v", strategy, p, seed, x)
					}
				}
			}
		}
		s.tables = append(s.tables, table)
	}
	if bad > 0 {
		return nil, fmt.Errorf("equilibrium: %w: %d of %d payoffs are not finite: %s",
			ErrGame, bad, seeds*len(s.opponents)*strategies, first)
	}
	return s, nil
}

// Players returns the number of players.
func (s *Sample) Players() int { return s.players }

// Strategies returns the number of strategies.
func (s *Sample) Strategies() int { return s.strategies }

// Seeds returns the number of seeds.
func (s *Sample) Seeds() int { return len(s.tables) }

// Game returns the game of the mean payoffs over the seeds.
func (s *Sample) Game() *Game {
	once := make([]int, len(s.tables))
	for seed := range once {
		once[seed] = 1
	}
	return s.weighted(once)
}

// SeedGame returns the game of the payoffs of one seed.
func (s *Sample) SeedGame(seed int) *Game { return s.game(s.tables[seed]) }

// weighted returns the game of the mean payoffs over the seeds, each as often as counts
// tells.
func (s *Sample) weighted(counts []int) *Game {
	table, total := s.newTable(), 0
	for seed, count := range counts {
		if count == 0 {
			continue
		}
		total += count
		for o, row := range s.tables[seed] {
			for strategy, x := range row {
				table[o][strategy] += float64(count) * x
			}
		}
	}
	for _, row := range table {
		for strategy := range row {
			row[strategy] /= float64(total)
		}
	}
	return s.game(table)
}
