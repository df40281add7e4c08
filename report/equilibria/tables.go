package equilibria

import (
	"fmt"
	"math"
	"strings"

	"backfire/equilibrium"
	"backfire/payoffs"
	"backfire/report/sections"
	"backfire/stats"
)

// profiles is the payoff table of a game. Every profile links to its models.
func (d *Document) profiles(at int, g *payoffs.Solved) sections.Section {
	spec := d.Result.Spec
	s := sections.Section{
		ID: id("profiles", at), Title: capital(g.Name) + ": payoffs of all profiles",
		Text: []string{"Mean payoffs over the seeds in points, with 95 % intervals; equilibrium in: the share of the resampled games in which the profile is one; best response: what a player of the profile gains most by, as far as it gains."},
	}
	attribute, _ := spec.Attribute()
	s.Heads = []string{"profile"}
	if attribute != "" {
		s.Heads = append(s.Heads, attribute)
	}
	for _, name := range spec.Names() {
		s.Heads = append(s.Heads, "payoff of "+name)
	}
	s.Heads = append(s.Heads, "welfare", "regret", "equilibrium in", "verdict", "best response")
	for _, p := range g.Answer.Profiles {
		row := []string{p.Profile.Describe(spec.Names())}
		if attribute != "" {
			row = append(row, fmt.Sprintf("%.3g", p.Attribute))
		}
		for _, e := range p.Payoffs {
			row = append(row, defined(e))
		}
		row = append(row, payoffs.InPoints(p.Welfare), payoffs.InPoints(p.Regret), fmt.Sprintf("%.0f %%", 100*p.Share), string(p.Verdict), d.response(g, p.Profile))
		s.Rows = append(s.Rows, row)
		s.Links = append(s.Links, map[int]string{0: "#" + place(p.Profile, g.Defender)})
	}
	return s
}

// defined returns an estimate, empty for a strategy that is not played.
func defined(e equilibrium.Estimate) string {
	if !e.Value.Defined() {
		return ""
	}
	return payoffs.InPoints(e)
}

// response describes the best response of a profile.
func (d *Document) response(g *payoffs.Solved, p equilibrium.Profile) string {
	names := d.Result.Spec.Names()
	best := ""
	most := 0.0
	for _, r := range g.Answer.Responses {
		if payoffs.Key(r.From) == payoffs.Key(p) && r.Gain > most {
			most = r.Gain
			best = fmt.Sprintf("%s to %s: %s", names[r.Leaves], names[r.Joins], stats.Points(stats.Number(r.Gain)))
		}
	}
	return best
}

// place returns the name by which links find the models of a profile.
func place(p equilibrium.Profile, defender string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, "m-"+payoffs.Key(p)+"-"+defender)
}

// mixtures holds the symmetric equilibria of the mean payoffs.
func (d *Document) mixtures(at int, g *payoffs.Solved) sections.Section {
	spec := d.Result.Spec
	attribute, _ := spec.Attribute()
	s := sections.Section{
		ID: id("mixtures", at), Title: capital(g.Name) + ": symmetric equilibria",
		Text: []string{"All attackers draw their strategy from the same probabilities. Intervals are over the resampled games."},
	}
	s.Heads = []string{"equilibrium", "payoff", "regret", "verdict"}
	if attribute != "" {
		s.Heads = append(s.Heads, attribute)
	}
	for _, m := range g.Answer.Mixtures {
		row := []string{spec.MixtureText(m.Mixture), payoffs.InPoints(m.Payoff), payoffs.InPoints(m.Regret), string(m.Verdict)}
		if attribute != "" {
			row = append(row, estimate(m.Attribute))
		}
		s.Rows = append(s.Rows, row)
	}
	if len(s.Rows) == 0 {
		s.Text = append(s.Text, "None was found.")
	}
	var shares []string
	for _, one := range g.Answer.Supports {
		shares = append(shares, fmt.Sprintf("%s in %.0f %%", supports([][]int{one.Support}, spec.Names())[0], 100*one.Share))
	}
	if len(shares) > 0 {
		s.Text = append(s.Text, "Strategies that an equilibrium plays in the resampled games: "+listed(shares)+".")
	}
	return s
}

// estimate returns a plain number with its interval.
func estimate(e equilibrium.Estimate) string {
	if !e.Value.Defined() {
		return "-"
	}
	if !e.Interval.Low.Defined() || !e.Interval.High.Defined() {
		return fmt.Sprintf("%.3g", float64(e.Value))
	}
	return fmt.Sprintf("%.3g [%.3g, %.3g]", float64(e.Value), float64(e.Interval.Low), float64(e.Interval.High))
}

// ranges holds the prices at which profiles are equilibria.
func (d *Document) ranges(at int, g *payoffs.Solved) sections.Section {
	spec := d.Result.Spec
	s := sections.Section{
		ID: id("ranges", at), Title: capital(g.Name) + ": prices at which profiles are equilibria",
		Text:  []string{"The price c of a poisoned image from which on, and up to which, a profile is an equilibrium in pure strategies, in points. These limits are exact for the mean payoffs. Other profiles are equilibria at no price."},
		Heads: []string{"profile", "from c", "to c"},
	}
	for _, r := range g.Ranges {
		if r.Empty {
			continue
		}
		s.Rows = append(s.Rows, []string{r.Profile.Describe(spec.Names()), price(r.From), price(r.To)})
	}
	return s
}

// price returns an estimate of a price in points.
func price(e equilibrium.Estimate) string {
	one := func(x stats.Number) string {
		switch {
		case math.IsInf(float64(x), 1):
			return "any"
		case !x.Defined():
			return "-"
		default:
			return fmt.Sprintf("%.4g", 100*float64(x))
		}
	}
	if !e.Interval.Low.Defined() {
		return one(e.Value)
	}
	return fmt.Sprintf("%s [%s, %s]", one(e.Value), one(e.Interval.Low), one(e.Interval.High))
}

// prices holds the equilibria at each price.
func (d *Document) prices(at int, g *payoffs.Solved) sections.Section {
	spec := d.Result.Spec
	attribute, _ := spec.Attribute()
	s := sections.Section{
		ID: id("prices", at), Title: capital(g.Name) + ": equilibria by the price of a poisoned image",
		Heads: []string{"c, points", "kind", "pure equilibria", "symmetric equilibria"},
	}
	if attribute != "" {
		s.Heads = append(s.Heads, attribute)
	}
	for _, p := range g.Prices {
		var pure, mixed []string
		for _, profile := range p.Answer.Pure {
			pure = append(pure, profile.Describe(spec.Names()))
		}
		for _, m := range p.Answer.Mixtures {
			mixed = append(mixed, spec.MixtureText(m.Mixture))
		}
		row := []string{fmt.Sprintf("%.4g", 100*p.Price), string(p.Answer.Kind), listed(pure), listed(mixed)}
		if attribute != "" {
			var means []string
			for _, m := range p.Answer.Mixtures {
				means = append(means, estimate(m.Attribute))
			}
			row = append(row, listed(means))
		}
		s.Rows = append(s.Rows, row)
	}
	return s
}

// commitment holds the choices of a defender that moves first.
func (d *Document) commitment() sections.Section {
	spec, c := d.Result.Spec, d.Result.Commitment
	s := sections.Section{
		ID: "commitment", Title: "The defender moves first",
		Text: []string{
			fmt.Sprintf("The defender commits to a defense, and the attackers answer with a symmetric equilibrium: of several, the one that is worst for the defender. Its payoff is what the mean ASR leaves of 100. Defenses that lose more than %g points of standard accuracy against the best are not chosen.", 100*spec.Margin),
		},
		Heads: []string{"defense", "attackers' answer", "equilibria", "ASR", "defender's payoff", "standard accuracy"},
	}
	if c.Chosen != "" {
		for _, one := range c.Choices {
			if one.Defender == c.Chosen {
				s.Text = append(s.Text, fmt.Sprintf("It commits to %s: the attackers have %s, the defender %s. The sibling of the paper (arXiv 2201.12211, experiment E4) claims the equilibrium (%.1f, %.1f) of another game.",
					c.Chosen, percent(one.ASR), percent(one.Payoff), 100*payoffs.Sibling[0], 100*payoffs.Sibling[1]))
			}
		}
	}
	for _, one := range c.Choices {
		name := one.Defender
		if !one.Accurate {
			name += " (loses accuracy)"
		}
		s.Rows = append(s.Rows, []string{name, spec.MixtureText(one.Answer), fmt.Sprint(one.Equilibria), percent(one.ASR), percent(one.Payoff), percent(one.CleanAccuracy)})
	}
	return s
}

// models lists the trials with their models.
func (d *Document) models() sections.Section {
	spec := d.Result.Spec
	s := sections.Section{
		ID: "models", Title: "Models of the profiles", Folded: true,
		Text:  []string{"The name of a model is that of its directory in the store: backfire models show HASH. Seats: the strategy of the player on each, with its lift in points."},
		Heads: []string{"profile", "defense", "seed", "seats", "standard accuracy", "models"},
	}
	seen := map[string]bool{}
	for _, t := range d.Result.Trials {
		name := place(t.Profile, t.Defender)
		row := ""
		if !seen[name] {
			row, seen[name] = name, true
		}
		var seats, models []string
		for _, player := range spec.Seat(t.Profile, t.Seed) {
			for _, a := range t.Attackers {
				for _, seat := range player.Seats {
					if a.Seat == seat {
						seats = append(seats, fmt.Sprintf("%d: %s %s", seat, spec.Strategies[player.Strategy].Name, stats.Points(stats.Number(a.Lift))))
					}
				}
			}
		}
		for _, hash := range t.Models {
			models = append(models, hash[:min(len(hash), 12)])
		}
		s.IDs = append(s.IDs, row)
		s.Rows = append(s.Rows, []string{
			t.Profile.Describe(spec.Names()), t.Defender, fmt.Sprint(t.Seed), strings.Join(seats, "; "), percent(stats.Number(t.CleanAccuracy)), strings.Join(models, " "),
		})
	}
	return s
}
