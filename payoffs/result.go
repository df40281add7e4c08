package payoffs

import (
	"errors"
	"fmt"

	"backfire/equilibrium"
	"backfire/stats"
)

// Result holds the answers of an attackers' game on one dataset.
type Result struct {
	Spec *Spec `json:"spec"`
	// Hash is the name of the sweep.
	Hash string `json:"hash"`
	// Wanted is the number of trials that the game asks for.
	Wanted int `json:"wanted"`
	// Games holds the bare game, that with a filter, or the game under each defender. A game
	// without a seed that has all profiles is left out.
	Games []Solved `json:"games"`
	// Commitment is the defender's choice; nil without defenders.
	Commitment *Commitment `json:"commitment,omitempty"`
	// Trials are those that are stored.
	Trials []Trial `json:"trials"`
}

// Solved is a game with all of its answers.
type Solved struct {
	// Name is "bare game", the filter's, or that of the defender.
	Name     string `json:"name"`
	Filter   string `json:"filter,omitempty"`
	Defender string `json:"defender,omitempty"`
	// Seeds are those of which every profile is stored.
	Seeds []uint64 `json:"seeds"`
	// Sentence states what the game is.
	Sentence string `json:"sentence"`
	// Answer is the solution at the price 0.
	Answer equilibrium.Answer `json:"answer"`
	// Common holds the profiles in which all players choose one strategy, in their order.
	Common []Common `json:"common"`
	// Destruction compares an equilibrium in which all choose one strategy with the profile
	// in which all choose the one that pays them most; nil where there is none to compare.
	Destruction *Destruction `json:"destruction,omitempty"`
	// Ranges holds the prices at which each profile is an equilibrium, Prices the equilibria
	// at each price of Spec.Prices; empty where there is one price.
	Ranges []equilibrium.PriceRange `json:"ranges,omitempty"`
	Prices []equilibrium.PricePoint `json:"prices,omitempty"`
}

// Common is the profile in which all players choose one strategy, with means over the seeds.
type Common struct {
	Strategy      string               `json:"strategy"`
	Payoff        equilibrium.Estimate `json:"payoff"`
	Regret        equilibrium.Estimate `json:"regret"`
	Verdict       equilibrium.Verdict  `json:"verdict"`
	ASR           stats.Number         `json:"asr"`
	Lift          stats.Number         `json:"lift"`
	Found         stats.Number         `json:"found"`    // q; undefined without a filter
	Poisoned      stats.Number         `json:"poisoned"` // images of a player, k
	CleanAccuracy stats.Number         `json:"clean_accuracy"`
}

// Destruction compares what an equilibrium pays with what another choice of all would pay.
// Mutually assured destruction is this: an equilibrium that pays all of them less.
type Destruction struct {
	Equilibrium string `json:"equilibrium"` // strategy of all in the equilibrium that pays least
	Better      string `json:"better"`      // strategy of all that pays most
	// Loss is the payoff of Better minus that of Equilibrium.
	Loss equilibrium.Estimate `json:"loss"`
	// Assured reports that the profile is shown to be an equilibrium, and that the interval
	// of the loss lies above 0.
	Assured bool `json:"assured"`
}

// Bare is the name of the game with q = 0 at the price 0.
const Bare = "bare game"

// ErrNoSeed is the error of a game of which no seed has all profiles.
var ErrNoSeed = errors.New("no seed has all profiles")

// Analyze solves the game from stored trials. resamples is the number of resamples of the
// seeds; 0: 2,000. The errors are those of package equilibrium.
func (s *Spec) Analyze(trials []Trial, resamples int) (*Result, error) {
	r := &Result{Spec: s, Wanted: s.Models(), Trials: trials, Games: []Solved{}}
	if len(s.Defenders) > 0 {
		for _, defender := range s.Defenders {
			if err := r.solve(Solved{Name: defender, Defender: defender}, newTable(s, trials, defender), resamples); err != nil {
				return nil, err
			}
		}
		r.commit(trials)
		return r, nil
	}
	t := newTable(s, trials, "")
	if err := r.solve(Solved{Name: Bare}, t, resamples); err != nil {
		return nil, err
	}
	if s.Filter == "" {
		return r, nil
	}
	return r, r.solve(Solved{Name: "with " + s.Filter, Filter: s.Filter}, t, resamples)
}

// Attribute returns a number of each strategy and its name: the poison rate, or with two
// strategies of equal rates the share of the second. The name is empty if there is none.
func (s *Spec) Attribute() (name string, values []float64) {
	differ := false
	for _, one := range s.Strategies {
		p0 := s.P0
		if one.P0 != nil {
			p0 = *one.P0
		}
		differ = differ || len(values) > 0 && p0 != values[0]
		values = append(values, p0)
	}
	switch {
	case differ:
		return "mean p0", values
	case len(s.Strategies) == 2:
		return "share of " + s.Strategies[1].Name, []float64{0, 1}
	default:
		return "", nil
	}
}

// solve solves one game and appends it.
func (r *Result) solve(one Solved, t *table, resamples int) error {
	if len(t.seeds) == 0 {
		return nil
	}
	spec := r.Spec
	one.Seeds = t.seeds
	outcomes, err := t.game(one.Filter != "")
	if err != nil {
		return fmt.Errorf("payoffs: %s: %w", one.Name, err)
	}
	opts := equilibrium.Options{Margin: spec.Margin, Resamples: resamples}
	_, opts.Attribute = spec.Attribute()
	sample := outcomes.At(0)
	if one.Answer, err = sample.Resample(opts); err != nil {
		return fmt.Errorf("payoffs: %s: %w", one.Name, err)
	}
	one.Sentence = sample.Game().SentenceWithin(spec.Margin, spec.Names(), func(x float64) string { return stats.Points(stats.Number(x)) })
	one.Common = t.common(one.Answer, one.Filter != "")
	if one.Destruction, err = t.destruction(sample, one.Common, opts); err != nil {
		return fmt.Errorf("payoffs: %s: %w", one.Name, err)
	}
	if len(spec.Prices) > 1 {
		if one.Ranges, err = outcomes.PriceRanges(opts); err != nil {
			return fmt.Errorf("payoffs: %s: prices: %w", one.Name, err)
		}
		if one.Prices, err = outcomes.Sweep(spec.Prices, opts); err != nil {
			return fmt.Errorf("payoffs: %s: prices: %w", one.Name, err)
		}
	}
	r.Games = append(r.Games, one)
	return nil
}

// common returns the profiles in which all players choose one strategy.
func (t *table) common(answer equilibrium.Answer, filtered bool) []Common {
	var all []Common
	for s, strategy := range t.spec.Strategies {
		m := equilibrium.PureMixture(len(t.spec.Strategies), s)
		mean := func(of func(o Outcome) float64) stats.Number {
			return t.expected(m, func(trial *Trial) float64 { return of(t.outcomes[trial][s]) })
		}
		c := Common{
			Strategy: strategy.Name, Found: stats.Undefined(),
			ASR:  mean(func(o Outcome) float64 { return o.ASR }),
			Lift: mean(func(o Outcome) float64 { return o.Success }),

			Poisoned:      mean(func(o Outcome) float64 { return o.Cost }),
			CleanAccuracy: t.expected(m, func(trial *Trial) float64 { return trial.CleanAccuracy }),
		}
		if filtered {
			c.Found = mean(func(o Outcome) float64 { return o.Found })
		}
		for _, p := range answer.Profiles {
			if p.Profile[s] == t.spec.Players {
				c.Payoff, c.Regret, c.Verdict = p.Payoffs[s], p.Regret, p.Verdict
			}
		}
		all = append(all, c)
	}
	return all
}

// destruction compares the equilibrium in which all choose one strategy and that pays least
// with the strategy of all that pays most. Profiles that the seeds do not rule out as
// equilibria count; nil if there is none, or it pays most itself.
func (t *table) destruction(sample *equilibrium.Sample, common []Common, opts equilibrium.Options) (*Destruction, error) {
	worst, best := -1, 0
	for s, c := range common {
		if c.Payoff.Value > common[best].Payoff.Value {
			best = s
		}
		if float64(c.Regret.Value) < t.spec.Margin && (worst < 0 || c.Payoff.Value < common[worst].Payoff.Value) {
			worst = s
		}
	}
	if worst < 0 || worst == best {
		return nil, nil
	}
	pure := func(s int) equilibrium.Profile {
		return equilibrium.Uniform(t.spec.Players, len(common), s)
	}
	loss, err := sample.Estimate(opts, func(g *equilibrium.Game) float64 {
		return g.Payoff(pure(best), best) - g.Payoff(pure(worst), worst)
	})
	if err != nil {
		return nil, err
	}
	return &Destruction{
		Equilibrium: common[worst].Strategy, Better: common[best].Strategy, Loss: loss,
		Assured: common[worst].Verdict == equilibrium.IsEquilibrium && loss.Interval.Low.Defined() && loss.Interval.Low > 0,
	}, nil
}
