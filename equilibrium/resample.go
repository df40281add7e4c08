package equilibrium

import "backfire/stats"

// Verdict states whether the seeds show that something is an equilibrium.
type Verdict string

// The verdicts. A profile or mixture is an equilibrium only where the upper limit of its
// regret's interval is below the margin, and none only where the lower limit is at or above
// the margin.
const (
	IsEquilibrium  Verdict = "equilibrium"
	NotEquilibrium Verdict = "no equilibrium"
	Undecided      Verdict = "undecided"
)

// Estimate is a number of the game of the mean payoffs with its interval over resampled
// seeds.
type Estimate struct {
	Value    stats.Number   `json:"value"`
	Interval stats.Interval `json:"interval"`
	// Undefined counts the resamples in which the number is undefined; the interval is that
	// of the others.
	Undefined int `json:"undefined,omitempty"`
}

// ProfileAnswer holds what the seeds tell about a profile.
type ProfileAnswer struct {
	Profile Profile  `json:"profile"`
	Regret  Estimate `json:"regret"`
	Verdict Verdict  `json:"verdict"`
	// Share is the share of the resampled games in which the profile is an equilibrium.
	Share float64 `json:"share"`
	// Payoffs holds the estimate of the payoff of each strategy, undefined for one that the
	// profile does not play. Welfare is their mean over the players.
	Payoffs []Estimate `json:"payoffs"`
	Welfare Estimate   `json:"welfare"`
	// Attribute is the mean attribute of the players.
	Attribute float64 `json:"attribute"`
}

// MixtureAnswer holds what the seeds tell about a symmetric equilibrium of the game of the
// mean payoffs.
type MixtureAnswer struct {
	Equilibrium
	// Regrets is the regret of the mixture itself: 0 in the game of the means, with the
	// interval over resampled games.
	Regrets Estimate `json:"regrets"`
	Verdict Verdict  `json:"verdict"`
	// Probabilities and Attribute are estimated from the equilibrium of each resampled game
	// that is next to this one, on whatever support.
	Probabilities []Estimate `json:"probabilities"`
	Attribute     Estimate   `json:"attribute"`
	Payoffs       Estimate   `json:"payoffs"`
}

// SupportShare is the share of the resampled games that have a symmetric equilibrium with a
// support.
type SupportShare struct {
	Support []int   `json:"support"`
	Share   float64 `json:"share"`
}

// KindShare is the share of the resampled games that are of a kind.
type KindShare struct {
	Kind  Kind    `json:"kind"`
	Share float64 `json:"share"`
}

// Answer holds the solution of the game of the mean payoffs and what the seeds tell about
// it.
type Answer struct {
	Players    int     `json:"players"`
	Strategies int     `json:"strategies"`
	Seeds      int     `json:"seeds"`
	Options    Options `json:"options"` // with their defaults
	Solution
	// Profiles has all profiles in the order of Profiles.
	Profiles []ProfileAnswer `json:"profiles"`
	// Mixtures has the symmetric equilibria in the order of Solution.Symmetric.
	Mixtures []MixtureAnswer `json:"mixtures"`
	// Supports and Kinds are ordered by share, the largest first.
	Supports []SupportShare `json:"supports"`
	Kinds    []KindShare    `json:"kinds"`
}

// Resample solves the game of the mean payoffs, draws the seeds with replacement, solves
// each resampled game and joins the answers. The resamples are those of a stream that
// depends on Options.Seed and the number of seeds alone.
func (s *Sample) Resample(o Options) (Answer, error) { return Answer{}, nil }

// Estimate returns the estimate of any number of a game, such as the welfare of one profile
// minus that of another: its value in the game of the means, with an interval over the same
// resamples as those of Resample. NaN stands for undefined.
func (s *Sample) Estimate(o Options, number func(g *Game) float64) (Estimate, error) {
	return Estimate{}, nil
}
