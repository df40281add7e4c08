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
	"backfire/report/table"
)

// judge judges the claims that a table of the paper speaks to; of another table, 0,
// those that its games speak to, and the sibling's. It judges none if two games differ in settings that the
// claims do not compare. The points of the primary reading are judged by themselves, and so are
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
	m := claims.Measurements{
		Rate: b.usual, P1: b.strength.p1, P2: b.strength.p2, Classes: len(r.of[0].games[0].point.Data.Classes), Reading: b.readingText(r),
	}
	if b.primary != nil {
		m.Margins = b.primary.Margins
	}
	if r.primary {
		m.Primary = b.primary.Claims
	}
	if err := b.measure(&m, r.of); err != nil {
		return nil, err
	}
	ids := claims.ForTable(number)
	if number == 0 {
		ids = ofGames(m)
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
	verdicts, err := claims.Judge(m, ids...)
	if err != nil || b.table.Finding != "" {
		return verdicts, err
	}
	b.table.Finding, err = finding(m, verdicts)
	return verdicts, err
}

// finding returns what the verdict on backfiring says in plain words, also where the table
// does not judge that claim.
func finding(m claims.Measurements, verdicts []claims.Verdict) (string, error) {
	about := func(v claims.Verdict) bool { return v.Claim == "C1" }
	if !slices.ContainsFunc(verdicts, about) {
		var err error
		if verdicts, err = claims.Judge(m, "C1"); err != nil {
			return "", err
		}
	}
	if i := slices.IndexFunc(verdicts, about); i >= 0 {
		return claims.Finding(verdicts[i]), nil
	}
	return "", nil
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
