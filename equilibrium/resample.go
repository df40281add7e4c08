package equilibrium

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"backfire/stats"
)

// Verdict states whether the seeds show that something is an equilibrium.
type Verdict string

// The verdicts. A profile or mixture is an equilibrium only where the upper limit of its
// regret's interval is below the margin, and none only where the lower limit is at or above
// the margin. With fewer seeds than SeedsNeeded both are undecided.
const (
	IsEquilibrium  Verdict = "equilibrium"
	NotEquilibrium Verdict = "no equilibrium"
	Undecided      Verdict = "undecided"
)

// ProfileAnswer holds what the seeds tell about a profile.
type ProfileAnswer struct {
	Profile Profile  `json:"profile"`
	Regret  Estimate `json:"regret"`
	Verdict Verdict  `json:"verdict"`
	// Share is the share of the resampled games in which the profile is an equilibrium in
	// pure strategies, without regret.
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
	Mixture Mixture `json:"mixture"`
	Support []int   `json:"support"`
	// Regret is that of the mixture itself: none in the game of the means, with the interval
	// over resampled games.
	Regret  Estimate `json:"regret"`
	Verdict Verdict  `json:"verdict"`
	// Share is the share of the resampled games with an equilibrium of the same support.
	Share float64 `json:"share"`
	// Probabilities, Attribute (the mean over the strategies) and Payoff are estimated from
	// the equilibrium of each resampled game that is next to this one, on whatever support.
	// With S strategies their intervals are those of the level 1 - (1 - Options.Level)/S.
	Probabilities []Estimate `json:"probabilities"`
	Attribute     Estimate   `json:"attribute"`
	Payoff        Estimate   `json:"payoff"`
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
	Players    int `json:"players"`
	Strategies int `json:"strategies"`
	Seeds      int `json:"seeds"`
	// SeedsNeeded is the number of seeds below which all verdicts are undecided.
	SeedsNeeded int `json:"seeds_needed"`
	// Options has the defaults where the caller set none.
	Options Options `json:"options"`
	Solution
	// Profiles has all profiles in the order of Profiles.
	Profiles []ProfileAnswer `json:"profiles"`
	// Mixtures has the symmetric equilibria in the order of Solution.Symmetric.
	Mixtures []MixtureAnswer `json:"mixtures"`
	// Supports and Kinds are ordered by share, the largest first.
	Supports []SupportShare `json:"supports"`
	Kinds    []KindShare    `json:"kinds"`
}

// solved holds what is needed of one resampled game.
type solved struct {
	regrets []float64 // by profile
	pure    []bool
	// mixed holds the regrets of the equilibria of the game of the means, and next the
	// equilibrium of this game that is next to each.
	mixed    []float64
	next     []Equilibrium
	supports []int // of its equilibria, as bit masks
	kind     Kind
}

// Resample solves the game of the mean payoffs, draws the seeds with replacement, solves
// each resampled game and joins the answers (Wiedenbeck, Cassell and Wellman, "Bootstrap
// Statistics for Empirical Games", AAMAS 2014). The resamples are those of a stream that
// depends on Options.Seed and the number of seeds alone. The errors are those of
// [Game.Solve].
func (s *Sample) Resample(o Options) (Answer, error) {
	o, err := o.resolve(s.strategies)
	if err != nil {
		return Answer{}, err
	}
	g := s.Game()
	a := Answer{Players: s.players, Strategies: s.strategies, Seeds: s.Seeds(), SeedsNeeded: SeedsNeeded(o.Level), Options: o}
	if a.Solution, err = g.Solve(o); err != nil {
		return Answer{}, err
	}
	r := newResamples(s.Seeds(), o)
	all := make([]solved, len(r.counts))
	r.each(func(at int, counts []int) { all[at] = s.weighted(counts).resolve(a.Symmetric.Equilibria) })
	for i := range s.profiles {
		a.Profiles = append(a.Profiles, s.profileAnswer(g, i, o, r, all))
	}
	for i, e := range a.Symmetric.Equilibria {
		a.Mixtures = append(a.Mixtures, s.mixtureAnswer(e, i, o, r, all))
	}
	a.Supports, a.Kinds = supportShares(s.strategies, r, all), kindShares(r, all)
	return a, nil
}

// resolve solves a resampled game, given the equilibria of the game of the means.
func (g *Game) resolve(known []Equilibrium) solved {
	s := solved{kind: g.Kind()}
	for i := range g.profiles {
		regret := g.regret(i)
		s.regrets, s.pure = append(s.regrets, regret), append(s.pure, regret <= Precision*g.span)
	}
	equilibria := g.Symmetric().Equilibria
	for _, e := range equilibria {
		if mask := maskOf(e.Support); !slices.Contains(s.supports, mask) {
			s.supports = append(s.supports, mask)
		}
	}
	for _, e := range known {
		s.mixed = append(s.mixed, g.MixtureRegret(e.Mixture))
		next, distance := Equilibrium{}, math.Inf(1)
		for _, other := range equilibria {
			if d := floats.Distance(e.Mixture, other.Mixture, 1); d < distance {
				next, distance = other, d
			}
		}
		s.next = append(s.next, next)
	}
	return s
}

// verdict judges the estimate of a regret.
func (s *Sample) verdict(regret Estimate, o Options) Verdict {
	switch {
	case s.Seeds() < SeedsNeeded(o.Level):
		return Undecided
	case float64(regret.Interval.High) < o.Margin:
		return IsEquilibrium
	case float64(regret.Interval.Low) >= o.Margin:
		return NotEquilibrium
	default:
		return Undecided
	}
}

// profileAnswer joins what the resamples tell about the profile with an index.
func (s *Sample) profileAnswer(g *Game, i int, o Options, r resamples, all []solved) ProfileAnswer {
	p := s.profiles[i]
	a := ProfileAnswer{
		Profile: p, Attribute: p.Mean(o.Attribute), Payoffs: make([]Estimate, s.strategies),
		Regret: r.estimate(g.regret(i), notNegative, func(at int) float64 { return all[at].regrets[i] }),
		Share:  r.share(func(at int) bool { return all[at].pure[i] }),
	}
	a.Verdict = s.verdict(a.Regret, o)
	welfares := make([]float64, len(r.counts))
	for strategy, opponents := range s.left[i] {
		if opponents < 0 {
			a.Payoffs[strategy] = undefinedEstimate()
			continue
		}
		means := make([]float64, len(r.counts))
		for at, counts := range r.counts {
			for seed, count := range counts {
				means[at] += float64(count) * s.tables[seed][opponents][strategy] / float64(s.Seeds())
			}
			welfares[at] += float64(p[strategy]) / float64(s.players) * means[at]
		}
		a.Payoffs[strategy] = r.estimate(g.table[opponents][strategy], anyNumber, func(at int) float64 { return means[at] })
	}
	a.Welfare = r.estimate(g.welfare(i), anyNumber, func(at int) float64 { return welfares[at] })
	return a
}

// undefinedEstimate returns the estimate of a number that does not exist.
func undefinedEstimate() Estimate {
	return Estimate{Value: stats.Undefined(), Interval: stats.Interval{Low: stats.Undefined(), High: stats.Undefined()}}
}

// locationLevel returns the level of the intervals of where an equilibrium lies. That depends on the payoffs of all
// strategies, each of which errs, so that the probability of an error is divided by their number (Bonferroni).
func locationLevel(level float64, strategies int) float64 {
	return 1 - (1-level)/float64(strategies)
}

// mixtureAnswer joins what the resamples tell about the symmetric equilibrium with an index.
func (s *Sample) mixtureAnswer(e Equilibrium, i int, o Options, r resamples, all []solved) MixtureAnswer {
	mask := maskOf(e.Support)
	a := MixtureAnswer{
		Mixture: e.Mixture, Support: e.Support,
		Regret: r.estimate(e.Regret, notNegative, func(at int) float64 { return all[at].mixed[i] }),
		Share:  r.share(func(at int) bool { return slices.Contains(all[at].supports, mask) }),
	}
	a.Verdict = s.verdict(a.Regret, o)
	r.level = locationLevel(o.Level, s.strategies)
	next := func(within stats.Range, value func(e Equilibrium) float64) Estimate {
		return r.estimate(value(e), within, func(at int) float64 {
			if all[at].next[i].Mixture == nil {
				return math.NaN()
			}
			return value(all[at].next[i])
		})
	}
	for strategy := range s.strategies {
		a.Probabilities = append(a.Probabilities, next(probability, func(e Equilibrium) float64 { return e.Mixture[strategy] }))
	}
	attributes := stats.Range{Low: slices.Min(o.Attribute), High: slices.Max(o.Attribute)}
	a.Attribute = next(attributes, func(e Equilibrium) float64 { return e.Mixture.Mean(o.Attribute) })
	a.Payoff = next(anyNumber, func(e Equilibrium) float64 { return e.Payoff })
	return a
}

// supportShares returns the shares of the supports of symmetric equilibria.
func supportShares(strategies int, r resamples, all []solved) []SupportShare {
	var shares []SupportShare
	for mask := 1; mask < 1<<strategies; mask++ {
		if share := r.share(func(at int) bool { return slices.Contains(all[at].supports, mask) }); share > 0 {
			shares = append(shares, SupportShare{Support: members(mask), Share: share})
		}
	}
	slices.SortStableFunc(shares, func(a, b SupportShare) int { return cmp.Compare(b.Share, a.Share) })
	return shares
}

// kindShares returns the shares of the kinds.
func kindShares(r resamples, all []solved) []KindShare {
	var shares []KindShare
	for _, kind := range []Kind{Neutral, Dilemma, Dominant, Coordination, AntiCoordination, Cyclic, Single, Mixed} {
		if share := r.share(func(at int) bool { return all[at].kind == kind }); share > 0 {
			shares = append(shares, KindShare{Kind: kind, Share: share})
		}
	}
	slices.SortStableFunc(shares, func(a, b KindShare) int { return cmp.Compare(b.Share, a.Share) })
	return shares
}
