package equilibrium

// Kind names what sort of game it is.
type Kind string

// The kinds.
const (
	Dilemma      Kind = "dilemma"
	Dominant     Kind = "dominance"
	Coordination Kind = "coordination"
	Chicken      Kind = "anti-coordination"
	Cyclic       Kind = "cyclic"
	Neutral      Kind = "neutral"
	Other        Kind = "other"
)

// Kind returns the kind of the game.
func (g *Game) Kind() Kind { return Other }

// Sentence states in one sentence what the game is, given the strategies' names and a
// function that formats a payoff.
func (g *Game) Sentence(names []string, payoff func(x float64) string) string { return "" }
