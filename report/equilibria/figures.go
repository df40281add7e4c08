package equilibria

import (
	"errors"
	"fmt"
	"math"

	"backfire/equilibrium"
	"backfire/figures"
	"backfire/payoffs"
)

// Figures returns the figures of the document: for each game the payoffs, the regrets, the best
// responses, and the equilibria by the price. Each has a description and the table of its values.
func (d *Document) Figures() ([]*figures.Figure, error) {
	var all []*figures.Figure
	for i := range d.Result.Games {
		g := &d.Result.Games[i]
		for _, spec := range []interface {
			Figure() (*figures.Figure, error)
		}{d.table(i, g), d.regrets(i, g), d.responses(i, g), d.byPrice(i, g)} {
			f, err := spec.Figure()
			if errors.Is(err, figures.ErrEmpty) {
				continue
			}
			if err != nil {
				return nil, err
			}
			f.Basis = fmt.Sprintf("Game %s of %d attackers on %s, %d seeds, %.12s.", d.Result.Spec.Name, d.Result.Spec.Players, d.Dataset, len(g.Seeds), d.Result.Hash)
			f.Lead = len(all) == 0
			all = append(all, f)
		}
	}
	return all, nil
}

// drawnEstimate returns an estimate for a figure.
func drawnEstimate(e equilibrium.Estimate) figures.Estimate {
	out := figures.Estimate{Value: math.NaN()}
	if e.Value.Defined() {
		out.Value = float64(e.Value)
	}
	if e.Interval.Low.Defined() && e.Interval.High.Defined() {
		out.CI = figures.Bar{Low: float64(e.Interval.Low), High: float64(e.Interval.High)}
	}
	return out
}

// table is the payoff table of a game.
func (d *Document) table(at int, g *payoffs.Solved) figures.PayoffTable {
	names := d.Result.Spec.Names()
	t := figures.PayoffTable{
		Name: id("payoffs", at), Title: capital(g.Name) + ": payoffs",
		Caption: "Mean payoff of each strategy in each profile in points, with the limits of its 95 % interval below; sign: the seeds show that the profile is an equilibrium.",
		Columns: names,
	}
	for _, p := range g.Answer.Profiles {
		row := figures.PayoffRow{Name: p.Profile.Describe(names), Regret: drawnEstimate(p.Regret), Marked: p.Verdict == equilibrium.IsEquilibrium}
		for _, e := range p.Payoffs {
			row.Payoffs = append(row.Payoffs, drawnEstimate(e))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// responses is the map of the best responses.
func (d *Document) responses(at int, g *payoffs.Solved) figures.ResponseMap {
	names := d.Result.Spec.Names()
	m := figures.ResponseMap{
		Name: id("responses", at), Title: capital(g.Name) + ": best responses",
		Caption:    "Each sign is a profile, at the mean of its players' corners; each arrow is the best change of one player's strategy by the mean payoffs. Filled: no player gains more than the margin.",
		Strategies: names,
	}
	position := map[string]int{}
	for i, p := range g.Answer.Profiles {
		key := payoffs.Key(p.Profile)
		position[key] = i
		m.Profiles = append(m.Profiles, figures.MapProfile{Name: p.Profile.Describe(names), Counts: p.Profile, Marked: float64(p.Regret.Value) < d.Result.Spec.Margin})
	}
	for _, r := range g.Answer.Responses {
		from, to := position[payoffs.Key(r.From)], position[payoffs.Key(r.To)]
		m.Arrows = append(m.Arrows, figures.Arrow{From: from, To: to, Gain: r.Gain})
	}
	return m
}
