package equilibria

import (
	"errors"
	"fmt"
	"math"

	"backfire/equilibrium"
	"backfire/figures"
	"backfire/payoffs"
)

// Figures returns the figures of the document: for each game the payoffs, the best responses,
// and the equilibria by the price. Each has a description and the table of its values.
func (d *Document) Figures() ([]*figures.Figure, error) {
	var all []*figures.Figure
	for i := range d.Result.Games {
		g := &d.Result.Games[i]
		for _, spec := range []interface {
			Figure() (*figures.Figure, error)
		}{d.table(i, g), d.responses(i, g), d.byPrice(i, g)} {
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

// byPrice draws the symmetric equilibria against the price.
func (d *Document) byPrice(at int, g *payoffs.Solved) figures.Chart {
	spec := d.Result.Spec
	c := figures.Chart{
		Name: id("by-price", at), Title: capital(g.Name) + ": symmetric equilibria by the price of a poisoned image",
		X: figures.Axis{Label: "price c of a poisoned image, points", Listed: true},
	}
	attribute, _ := spec.Attribute()
	if attribute != "" {
		c.Caption = "Each sign is a symmetric equilibrium with the " + attribute + " of its attackers; bars: 95 % intervals over resampled seeds."
		c.Y = figures.Axis{Label: attribute}
		line := figures.Line{Loose: true}
		for _, p := range g.Prices {
			for _, m := range p.Answer.Mixtures {
				if e := drawnEstimate(m.Attribute); !math.IsNaN(e.Value) {
					point := figures.At(100*p.Price, e.Value)
					point.YBar = e.CI
					line.Points = append(line.Points, point)
				}
			}
		}
		c.Lines = []figures.Line{line}
		return c
	}
	c.Caption = "Each sign is the probability of a strategy in a symmetric equilibrium."
	c.Y = figures.Axis{Label: "probability", Share: true, Whole: true}
	for s, name := range spec.Names() {
		line := figures.Line{Name: name, Loose: true}
		for _, p := range g.Prices {
			for _, m := range p.Answer.Mixtures {
				line.Points = append(line.Points, figures.At(100*p.Price, m.Mixture[s]))
			}
		}
		c.Lines = append(c.Lines, line)
	}
	return c
}
