package detect

import (
	"fmt"
	"math"

	"backfire/game"
	"backfire/streams"
)

// Guess returns i* = argmax similarity, the first of equals (equation 3 of the
// paper): a position in the list of agents. NaN is less similar than any number.
// It is -1 for no agents.
func Guess(similarity []float64) int {
	best := -1
	for i, s := range similarity {
		if best < 0 || s > similarity[best] || (math.IsNaN(similarity[best]) && !math.IsNaN(s)) {
			best = i
		}
	}
	return best
}

// RandomGuess returns the guess of one who knows nothing about a query: uniform
// over the agents, and a function of seed and query number alone. It bounds every
// estimator from below, as the true owner, the perfect guess, does from above.
func RandomGuess(seed uint64, query, agents int) int {
	return streams.New(seed, "guess", uint64(query)).IntN(agents)
}

// Accuracy is how often guesses are right.
type Accuracy struct {
	// TopOne is over all queries; 1/agents is to be expected of RandomGuess.
	TopOne game.Rate `json:"top_one"`
	// Agents holds the same over the queries of each agent.
	Agents []game.Rate `json:"agents"`
}

// NewAccuracy compares the guesses for queries with who they came from, both
// positions in a list of so many agents. The error wraps ErrQuery.
func NewAccuracy(guesses, owners []int, agents int) (Accuracy, error) {
	if len(guesses) != len(owners) {
		return Accuracy{}, fmt.Errorf("detect: accuracy: %w: %d guesses for %d queries", ErrQuery, len(guesses), len(owners))
	}
	a := Accuracy{TopOne: game.Rate{Of: len(owners)}, Agents: make([]game.Rate, agents)}
	for i, owner := range owners {
		if owner < 0 || owner >= agents {
			return Accuracy{}, fmt.Errorf("detect: accuracy: %w: query %d is of agent %d of %d", ErrQuery, i, owner, agents)
		}
		a.Agents[owner].Of++
		if guesses[i] == owner {
			a.TopOne.Hits++
			a.Agents[owner].Hits++
		}
	}
	return a, nil
}
