package report

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"backfire/claims"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/report/table"
	"backfire/stats"
)

// judge judges the claims that a table of the paper speaks to; of another table, 0,
// those that its games speak to. It judges none if two games differ in settings that the
// claims do not compare, as single games do where an attacker alone owns more images in
// one than in the other (deal.seats = n). The points of the primary reading are judged by themselves, and so are
// those of every other choice of its keys, whose answers are exploratory. The claim about
// divergence is judged only where divergence was measured, and those whose games were not
// played have no verdict.
func (b *builder) judge(number int) error {
	unsettled := false
	for _, of := range b.byReading() {
		verdicts, err := b.judgeReading(number, of)
		if errors.Is(err, claims.ErrTwoResults) || number == 0 && errors.Is(err, claims.ErrMeasurements) {
			unsettled = true
			continue
		}
		if err != nil {
			return err
		}
		b.table.Verdicts = append(b.table.Verdicts, verdicts...)
	}
	switch {
	case b.primary != nil:
		b.table.Notes = append(b.table.Notes, fixedText(b.primary, len(b.table.Seeds)))
	case len(b.table.Verdicts) > 0:
		b.table.Notes = append(b.table.Notes, "Nothing was fixed before training (primary in a sweep file), so that all answers on claims are exploratory: "+
			"they are not corrected for each other, and are no verdicts.")
	}
	switch {
	case unsettled && len(b.table.Verdicts) == 0:
		b.table.Notes = append(b.table.Notes, "The games differ in more than the claims compare, so that none is settled here.")
	case unsettled:
		b.table.Notes = append(b.table.Notes, "Some games differ in more than the claims compare, so that none is settled by them.")
	}
	return nil
}

// reading holds the series that are judged together.
type reading struct {
	of      []*series
	primary bool
	text    string // describes it
}

// byReading returns the series by the values of the keys of the primary reading, which
// comes first.
func (b *builder) byReading() []reading {
	var readings []reading
	for _, s := range b.all {
		values, primary := []string{}, b.primary != nil && b.primary.Holds(s.keys)
		if b.primary != nil {
			for _, key := range slices.Sorted(maps.Keys(b.primary.Reading)) {
				values = append(values, key+" = "+s.keys[key])
			}
		}
		text := strings.Join(values, ", ")
		i := slices.IndexFunc(readings, func(r reading) bool { return r.text == text })
		if i < 0 {
			i, readings = len(readings), append(readings, reading{text: text, primary: primary})
		}
		readings[i].of = append(readings[i].of, s)
	}
	slices.SortStableFunc(readings, func(a, b reading) int {
		return cmp.Compare(map[bool]int{true: 0, false: 1}[a.primary], map[bool]int{true: 0, false: 1}[b.primary])
	})
	return readings
}

// judgeReading judges the claims by the series of one reading.
func (b *builder) judgeReading(number int, r reading) ([]claims.Verdict, error) {
	m := claims.Measurements{Rate: b.usual, Reading: b.readingText(r)}
	if b.primary != nil {
		m.Margins = b.primary.Margins
	}
	if r.primary {
		m.Primary = b.primary.Claims
	}
	played, err := b.measure(&m, r.of)
	if err != nil {
		return nil, err
	}
	ids := claims.ForTable(number)
	if number == 0 {
		ids = aboutDefenses(m)
		if grows(r.of, played) {
			ids = append([]string{"C1"}, ids...)
		}
	}
	for _, id := range m.Primary {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == "C8" && !diverges(m) })
	if len(ids) == 0 {
		return nil, nil
	}
	if b.paper != nil {
		m.Paper = claims.Published(*b.paper, number)
	}
	return claims.Judge(m, ids...)
}

// readingText describes a reading: by the table's readings, and by its keys if there are
// several.
func (b *builder) readingText(r reading) string {
	text := table.ReadingsTexts(b.table.Readings)
	if r.text == "" || len(b.byReading()) == 1 {
		return text
	}
	var readings []table.Readings
	for _, s := range r.of {
		for _, p := range s.games {
			readings = append(readings, table.Readings(p.point.Readings))
		}
	}
	return r.text + "; " + table.ReadingsTexts(readings)
}

// measure adds the games of series to measurements, those with a single attacker too,
// and returns the former.
func (b *builder) measure(m *claims.Measurements, of []*series) ([]claims.Game, error) {
	var singles []claims.Game
	for _, s := range of {
		for _, p := range s.complete() {
			if colluding(p.game.Attackers) {
				continue
			}
			m.Games = append(m.Games, measured(s, p))
			alone, err := b.alone(s, p)
			if err != nil {
				return nil, err
			}
			singles = append(singles, alone...)
		}
	}
	played := m.Games
	for _, single := range singles {
		// Divergence is known for the table's own games, which may include this one.
		i := slices.IndexFunc(m.Games, func(g claims.Game) bool { return slices.Equal(g.Models, single.Models) })
		if i >= 0 {
			single.Attackers[0].Divergence = m.Games[i].Attackers[0].Divergence
		}
		m.Games = append(m.Games, single)
	}
	return played, nil
}

// fixedText returns the note on what was fixed before training, in a table of a number of
// seeds.
func fixedText(p *plan.Primary, seeds int) string {
	text := "Fixed before training: the claims " + strings.Join(p.Claims, ", ")
	if len(p.Claims) > 1 {
		text += ", corrected together"
	} else {
		text = strings.Replace(text, "claims", "claim", 1)
	}
	for _, key := range slices.Sorted(maps.Keys(p.Reading)) {
		text += fmt.Sprintf(", with %s = %s", key, p.Reading[key])
	}
	text += fmt.Sprintf("; margins of %v points of ASR and lift, %v of standard accuracy, and a correlation of %v",
		points(p.Margins.Effect), points(p.Margins.Accuracy), p.Margins.Correlation)
	if len(p.Looks) > 0 {
		looks := make([]string, len(p.Looks))
		for i, look := range p.Looks {
			looks[i] = fmt.Sprint(look)
		}
		text += "; looks after " + strings.Join(looks, ", ") + " seeds"
		if !slices.Contains(p.Looks, seeds) {
			text += fmt.Sprintf(" (this is a look after %d; the intervals hold at every stop)", seeds)
		}
	}
	return text + ". All other answers on claims are exploratory."
}

// points returns a share in points, without digits of rounding.
func points(share float64) float64 { return math.Round(1e6*share) / 1e4 }

// aboutDefenses are the claims about defenses that are among the games, and C8.
func aboutDefenses(m claims.Measurements) []string {
	ids := []string{}
	for _, claim := range []struct{ id, defense string }{
		{"C5", claims.CutMix}, {"C6", claims.AgentAugmentation}, {"C7", claims.AgentIndexing},
	} {
		if slices.ContainsFunc(m.Games, func(g claims.Game) bool { return g.Defense == claim.defense }) {
			ids = append(ids, claim.id)
		}
	}
	return append(ids, "C8")
}

// diverges reports whether a divergence was measured in any game.
func diverges(m claims.Measurements) bool {
	return slices.ContainsFunc(m.Games, func(g claims.Game) bool {
		return slices.ContainsFunc(g.Attackers, func(a claims.Attacker) bool { return a.Divergence.Defined() })
	})
}

// labelsOf returns the choice of labels in a game.
func labelsOf(s *series, attackers []summary.GameAttacker) claims.Labels {
	if s.labels == "random" {
		return claims.Random
	}
	var targets []int
	for _, a := range attackers {
		targets = append(targets, a.Target)
	}
	return claims.LabelsOf(targets)
}

// measured returns a game in the form that claims are judged by.
func measured(s *series, p played) claims.Game {
	g := claims.Game{
		Seed: p.point.Seed, Defense: s.defender, Labels: labelsOf(s, p.game.Attackers),
		CleanAccuracy: stats.Number(p.game.CleanAccuracy.Value()), CleanImages: p.cleanImages(), Collapsed: p.game.Collapsed,
		Models: p.game.Models,
	}
	for _, a := range p.game.Attackers {
		one := attacker(a.AttackerResult)
		one.Divergence = distance(a.Divergence)
		g.Attackers = append(g.Attackers, one)
	}
	return g
}

// distance returns the maximum mean discrepancy of a divergence, undefined without
// one. JS would be unsuitable: it grows as an attacker's images become fewer, because
// their histograms differ by chance alone. An unbiased square below 0 counts as 0.
func distance(d *store.AttackerDivergence) stats.Number {
	if d == nil || !d.MMD2.Defined() {
		return stats.Undefined()
	}
	return stats.Number(math.Sqrt(max(0, float64(d.MMD2))))
}

// attacker returns an attacker in the form that claims are judged by.
func attacker(a store.AttackerResult) claims.Attacker {
	return claims.Attacker{
		ID: a.ID, Target: a.Target, Rate: a.PoisonRate, ASR: stats.Number(a.ASR.Value()), Lift: a.Lift, Images: a.ASR.Of,
		Divergence: stats.Undefined(),
	}
}

// alone returns the games in which an attacker of a game is alone. The summary has
// only their ASR; the rest comes from Options.Result.
func (b *builder) alone(s *series, p played) ([]claims.Game, error) {
	var games []claims.Game
	for _, a := range p.game.Attackers {
		if a.SingleASR == nil {
			continue
		}
		g := claims.Game{
			Seed: p.point.Seed, Defense: plan.Undefended, Labels: labelsOf(s, []summary.GameAttacker{a}),
			CleanAccuracy: stats.Undefined(), Models: []string{a.SingleCell},
		}
		single := a.AttackerResult
		single.ASR, single.Lift = *a.SingleASR, stats.Undefined()
		if b.opt.Result != nil {
			result, err := b.opt.Result(a.SingleCell)
			if err != nil {
				return nil, fmt.Errorf("attacker %d alone: %w", a.ID, err)
			}
			if result != nil {
				g.CleanAccuracy, g.CleanImages, g.Collapsed = stats.Number(result.CleanAccuracy.Value()), result.CleanAccuracy.Of, result.Collapsed
				single = result.Attackers[0]
			}
		}
		g.Attackers = []claims.Attacker{attacker(single)}
		games = append(games, g)
	}
	return games, nil
}
