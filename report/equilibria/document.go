// Package equilibria writes the answers of an attackers' game for people and programs: as
// text, Markdown, CSV and JSON, and as a page with figures.
package equilibria

import (
	"fmt"
	"strings"

	"backfire/equilibrium"
	"backfire/internal/visible"
	"backfire/internal/words"
	"backfire/payoffs"
	"backfire/report/sections"
	"backfire/stats"
)

// Document holds the findings of a game on one dataset.
type Document struct {
	Dataset string          `json:"dataset"`
	Missing int             `json:"missing"` // models that have no result yet
	Hours   float64         `json:"hours"`   // of training, summed over the models
	Result  *payoffs.Result `json:"result"`

	sections []sections.Section
}

// New returns the document of a result.
func New(r *payoffs.Result, dataset string, missing int, hours float64) *Document {
	d := &Document{Dataset: dataset, Missing: missing, Hours: hours, Result: r}
	d.sections = []sections.Section{d.about()}
	if r.Commitment != nil && len(r.Games) > 0 {
		d.sections = append(d.sections, d.commitment())
	}
	for i := range r.Games {
		g := &r.Games[i]
		d.sections = append(d.sections, d.answers(i, g), d.profiles(i, g), d.mixtures(i, g))
		if len(g.Ranges) > 0 {
			d.sections = append(d.sections, d.ranges(i, g), d.prices(i, g))
		}
	}
	d.sections = append(d.sections, d.models())
	return d
}

// FileName returns the name of the document's files without extension.
func (d *Document) FileName() string {
	s := d.Result.Spec
	return visible.FileName(fmt.Sprintf("game-%s-%d-%s", s.Name, s.Players, d.Dataset))
}

// about describes the game, and what is missing.
func (d *Document) about() sections.Section {
	spec := d.Result.Spec
	s := sections.Section{ID: "about", Title: fmt.Sprintf("Game %s of %d attackers on %s", spec.Name, spec.Players, d.Dataset)}
	if spec.Title != "" {
		s.Text = append(s.Text, spec.Title+"?")
	}
	q := "q = 0"
	if spec.Filter != "" {
		q = "q the share of an attacker's poisoned images that " + spec.Filter + " finds by the features of the same model"
	}
	s.Text = append(s.Text,
		fmt.Sprintf("%s with %s, %s. One model for each profile and seed pays every strategy of the profile.",
			words.Plural(len(spec.Strategies), "strategy"), words.Plural(len(spec.Profiles()), "profile"), words.Plural(spec.Seeds, "seed")),
		fmt.Sprintf("Payoff: u = lift (1 - q) - c k, with %s, k the attacker's poisoned images and c the price of one. Payoffs are in points.", q),
		fmt.Sprintf("A profile is called an equilibrium only where the upper limit of its regret's 95 %% interval is below %g points; the intervals come from seeds that are drawn with replacement, and games that are solved anew.",
			100*spec.Margin),
		fmt.Sprintf("Sweep %.12s.", d.Result.Hash))
	if d.Hours > 0 {
		s.Text = append(s.Text, words.Duration(words.Seconds(3600*d.Hours))+" of training, summed over the models.")
	}
	if d.Missing > 0 {
		s.Text = append(s.Text, fmt.Sprintf("%s of the game %s no result yet. A seed counts once all of its profiles are stored.", words.Plural(d.Missing, "model"), have(d.Missing)))
	}
	if len(d.Result.Games) == 0 {
		s.Text = append(s.Text, "No seed has all profiles yet, so that there is no game to solve.")
	}
	for _, one := range spec.Strategies {
		s.Rows = append(s.Rows, []string{one.Name, choice(one)})
	}
	s.Heads = []string{"strategy", "choice"}
	return s
}

// have returns the verb for a number of things.
func have(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}

// choice describes a strategy.
func choice(one payoffs.Strategy) string {
	var parts []string
	for _, rate := range []struct {
		name  string
		value *float64
	}{{"p0", one.P0}, {"p1", one.P1}, {"p2", one.P2}} {
		if rate.value != nil {
			parts = append(parts, fmt.Sprintf("%s = %g", rate.name, *rate.value))
		}
	}
	if one.Kind != "" {
		parts = append(parts, one.Kind+" trigger")
	}
	if one.Labels != "" {
		parts = append(parts, one.Labels+" target label")
	}
	if one.Coalition {
		parts = append(parts, "in the coalition: its trigger and target label")
	}
	if one.Seats > 1 {
		parts = append(parts, fmt.Sprintf("on %d seats, with the poisoned images of one", one.Seats))
	}
	if len(parts) == 0 {
		return "as in the settings of the game"
	}
	return strings.Join(parts, ", ")
}

// id returns the name of a section of a game by its position.
func id(name string, game int) string { return fmt.Sprintf("%s-%d", name, game+1) }

// answers holds the sentences about a game, and the profiles in which all choose the same.
func (d *Document) answers(at int, g *payoffs.Solved) sections.Section {
	spec := d.Result.Spec
	s := sections.Section{ID: id("answers", at), Title: capital(g.Name) + ": what the game is"}
	s.Text = append(s.Text, g.Sentence, seedsText(g))
	s.Text = append(s.Text, d.equilibria(g)...)
	s.Text = append(s.Text, d.dominance(g)...)
	s.Text = append(s.Text, d.welfare(g)...)
	if g.Destruction != nil {
		s.Text = append(s.Text, destruction(g.Destruction, spec.Margin))
	}
	s.Heads = []string{"all choose", "payoff", "regret", "verdict", "lift", "ASR", "q", "k", "standard accuracy"}
	for _, c := range g.Common {
		s.Rows = append(s.Rows, []string{
			c.Strategy, payoffs.InPoints(c.Payoff), payoffs.InPoints(c.Regret), string(c.Verdict), stats.Points(c.Lift),
			percent(c.ASR), percent(c.Found), number(c.Poisoned), percent(c.CleanAccuracy),
		})
	}
	return s
}

// seedsText states the seeds of a game.
func seedsText(g *payoffs.Solved) string {
	if len(g.Seeds) == 1 {
		return "One seed has all profiles: there are no intervals, and nothing is called an equilibrium."
	}
	return fmt.Sprintf("%d seeds have all profiles.", len(g.Seeds))
}

// equilibria lists the equilibria of the mean payoffs, and those that the seeds show.
func (d *Document) equilibria(g *payoffs.Solved) []string {
	spec, a := d.Result.Spec, g.Answer
	names := spec.Names()
	var pure, near, shown, mixed []string
	for _, p := range a.Pure {
		pure = append(pure, p.Describe(names))
	}
	for _, p := range a.Profiles {
		if float64(p.Regret.Value) < spec.Margin {
			near = append(near, p.Profile.Describe(names))
		}
		if p.Verdict == equilibrium.IsEquilibrium {
			shown = append(shown, p.Profile.Describe(names))
		}
	}
	for _, m := range a.Mixtures {
		if len(m.Support) > 1 {
			mixed = append(mixed, spec.MixtureText(m.Mixture))
		}
	}
	text := []string{
		fmt.Sprintf("Equilibria in pure strategies by the mean payoffs: %s; with a regret below %g points: %s; shown by the seeds: %s.", listed(pure), 100*spec.Margin, brief(near, len(a.Profiles)), brief(shown, len(a.Profiles))),
		fmt.Sprintf("Symmetric equilibria in mixed strategies: %s.", listed(mixed)),
	}
	if len(a.Symmetric.Degenerate) > 0 {
		text = append(text, "Some equilibria are not isolated, or the smallest change of the payoffs removes them: "+listed(supports(a.Symmetric.Degenerate, names))+".")
	}
	if !a.Symmetric.Complete {
		text = append(text, fmt.Sprintf("With more than %d strategies not all supports are searched.", equilibrium.FullSupports))
	}
	var basins []string
	for _, rest := range a.Replicator.Rests {
		basins = append(basins, fmt.Sprintf("%s (%.0f %%)", spec.MixtureText(rest.Mixture), 100*rest.Share))
	}
	if a.Replicator.Starts > 0 {
		text = append(text, fmt.Sprintf("Replicator dynamics from %d starts leads to: %s.", a.Replicator.Starts, listed(basins)))
	}
	return text
}

// supports returns supports as texts.
func supports(all [][]int, names []string) []string {
	var texts []string
	for _, support := range all {
		var parts []string
		for _, s := range support {
			parts = append(parts, names[s])
		}
		texts = append(texts, strings.Join(parts, " and "))
	}
	return texts
}

// dominance states which strategies are dominated.
func (d *Document) dominance(g *payoffs.Solved) []string {
	spec := d.Result.Spec
	var dominated []string
	for _, one := range g.Answer.Dominated {
		how := "weakly"
		if one.Strict {
			how = "strictly"
		}
		dominated = append(dominated, fmt.Sprintf("%s by %s (%s, by %s at least)", spec.Strategies[one.Strategy].Name, spec.MixtureText(one.By), how, stats.Points(stats.Number(one.Margin))))
	}
	text := []string{"Dominated strategies: " + listed(dominated) + "."}
	if n := len(g.Answer.Iterated.Survivors); n > 0 && len(g.Answer.Iterated.Eliminated) > 0 {
		text = append(text, "Left by iterated elimination of strictly dominated strategies: "+listed(supports([][]int{g.Answer.Iterated.Survivors}, spec.Names()))+".")
	}
	return text
}

// welfare compares the equilibria with what the players could have.
func (d *Document) welfare(g *payoffs.Solved) []string {
	a := g.Answer.Anarchy
	price := "undefined, since the worst equilibrium pays no more than 0"
	if a.PriceOfAnarchy.Defined() {
		price = fmt.Sprintf("%.2f", float64(a.PriceOfAnarchy))
	}
	text := []string{fmt.Sprintf("Mean payoff of an attacker: at best %s (%s), in the equilibria from %s to %s; price of anarchy: %s.",
		stats.Points(stats.Number(a.Optimum)), a.Best.Describe(d.Result.Spec.Names()), stats.Points(a.Worst), stats.Points(a.Kindest), price)}
	if best, worst := g.Answer.Best, g.Answer.Worst; len(best.Profiles) > 0 {
		text = append(text, fmt.Sprintf("With a mediator (correlated equilibrium) it is between %s and %s.",
			stats.Points(stats.Number(worst.Welfare)), stats.Points(stats.Number(best.Welfare))))
	}
	return text
}

// destruction states whether destruction is mutually assured.
func destruction(x *payoffs.Destruction, margin float64) string {
	text := fmt.Sprintf("All choosing %s, with a regret below the margin, pays each attacker %s points less than all choosing %s.",
		x.Equilibrium, payoffs.InPoints(x.Loss), x.Better)
	switch {
	case x.Assured && float64(x.Loss.Value) >= margin:
		return text + " The seeds show both: this is mutually assured destruction."
	case x.Assured:
		return text + " The seeds show both, but the loss is below the margin."
	default:
		return text + " The seeds do not show both, so that it is not called mutually assured destruction."
	}
}

// listed joins texts; "none" without any.
func listed(texts []string) string {
	if len(texts) == 0 {
		return "none"
	}
	return strings.Join(texts, "; ")
}

// brief lists some of so many profiles, or returns their number where they are many: the table of all
// profiles has each with its regret and verdict.
func brief(some []string, of int) string {
	if len(some) <= listedProfiles {
		return listed(some)
	}
	return fmt.Sprintf("%d of %d profiles", len(some), of)
}

// listedProfiles is the largest number of profiles that a sentence lists.
const listedProfiles = 8

// capital returns a text with a capital letter first.
func capital(text string) string {
	if text == "" || text[0] < 'a' || text[0] > 'z' {
		return text
	}
	return string(text[0]-'a'+'A') + text[1:]
}

// percent returns a share in percent.
func percent(x stats.Number) string {
	if !x.Defined() {
		return "-"
	}
	return fmt.Sprintf("%.1f", 100*float64(x))
}

// number returns a mean number of images.
func number(x stats.Number) string {
	if !x.Defined() {
		return "-"
	}
	return fmt.Sprintf("%.0f", float64(x))
}
