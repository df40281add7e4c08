package equilibria

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"backfire/equilibrium"
	"backfire/figures"
	"backfire/payoffs"
)

// regrets draws the regret of each profile, the smallest first, beside the margin.
func (d *Document) regrets(at int, g *payoffs.Solved) figures.Chart {
	spec := d.Result.Spec
	profiles := slices.Clone(g.Answer.Profiles)
	slices.SortStableFunc(profiles, func(a, b equilibrium.ProfileAnswer) int {
		return cmp.Compare(float64(a.Regret.Value), float64(b.Regret.Value))
	})
	c := figures.Chart{
		Name: id("regrets", at), Title: capital(g.Name) + ": regret of the profiles",
		Caption: fmt.Sprintf("The most that one attacker of a profile gains by another choice; bars: 95 %% intervals over resampled seeds. A profile is called an equilibrium where its bar ends below the margin of %g points.", 100*spec.Margin),
		X:       figures.Axis{Label: "attackers that choose " + strings.Join(spec.Names(), ", "), Listed: true},
		Y:       figures.Axis{Label: "regret", Share: true, Points: true},
	}
	verdicts := []equilibrium.Verdict{equilibrium.IsEquilibrium, equilibrium.Undecided, equilibrium.NotEquilibrium}
	lines := map[equilibrium.Verdict]*figures.Line{}
	for _, verdict := range verdicts {
		lines[verdict] = &figures.Line{Name: string(verdict), Loose: true}
	}
	margin := figures.Line{Name: "margin", Bare: true, Quiet: true}
	for i, p := range profiles {
		c.X.Names = append(c.X.Names, payoffs.Key(p.Profile))
		e := drawnEstimate(p.Regret)
		point := figures.At(float64(i), e.Value)
		point.YBar = e.CI
		line := lines[p.Verdict]
		line.Points = append(line.Points, point)
		margin.Points = append(margin.Points, figures.At(float64(i), spec.Margin))
	}
	for _, verdict := range verdicts {
		if len(lines[verdict].Points) > 0 {
			c.Lines = append(c.Lines, *lines[verdict])
		}
	}
	c.Lines = append(c.Lines, margin)
	return c
}

// byPrice draws the symmetric equilibria against the price. The prices of the list are at equal distances.
func (d *Document) byPrice(at int, g *payoffs.Solved) figures.Chart {
	spec := d.Result.Spec
	c := figures.Chart{
		Name: id("by-price", at), Title: capital(g.Name) + ": symmetric equilibria by the price of a poisoned image",
		X: figures.Axis{Label: "price c of a poisoned image, points", Listed: true},
	}
	for _, p := range g.Prices {
		c.X.Names = append(c.X.Names, fmt.Sprintf("%.4g", 100*p.Price))
	}
	attribute, _ := spec.Attribute()
	if attribute != "" {
		c.Caption = "Each sign is a symmetric equilibrium with the " + attribute + " of its attackers; bars: 95 % intervals over resampled seeds."
		c.Y = figures.Axis{Label: attribute}
		line := figures.Line{Loose: true}
		for i, p := range g.Prices {
			for _, m := range p.Answer.Mixtures {
				if e := drawnEstimate(m.Attribute); !math.IsNaN(e.Value) {
					point := figures.At(float64(i), e.Value)
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
		for i, p := range g.Prices {
			for _, m := range p.Answer.Mixtures {
				line.Points = append(line.Points, figures.At(float64(i), m.Mixture[s]))
			}
		}
		c.Lines = append(c.Lines, line)
	}
	return c
}
