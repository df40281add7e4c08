package page

import (
	"fmt"
	"slices"
	"strconv"

	"backfire/report/layout"
	"backfire/report/table"
	"backfire/stats"
)

// attackerColumn is a column of the table of every attacker.
type attackerColumn struct {
	head   string
	number bool
	filter bool
	text   func(r *table.AttackerRow) string
}

// attackerColumns are the columns of the table of every attacker; those without any text are left
// out.
var attackerColumns = []attackerColumn{
	{"point", false, true, func(r *table.AttackerRow) string { return r.Point }},
	{"seed", true, true, func(r *table.AttackerRow) string { return strconv.FormatUint(r.Seed, 10) }},
	{"training", true, true, func(r *table.AttackerRow) string { return positive(r.Repetition) }},
	{"defender", false, true, func(r *table.AttackerRow) string { return r.Defender }},
	{"N", true, true, func(r *table.AttackerRow) string { return strconv.Itoa(r.N) }},
	{"attacker", true, true, func(r *table.AttackerRow) string { return strconv.Itoa(r.Attacker) }},
	{"label", false, false, func(r *table.AttackerRow) string { return r.Label }},
	{"p0", true, false, func(r *table.AttackerRow) string { return fmt.Sprint(r.PoisonRate) }},
	{"ASR, %", true, false, func(r *table.AttackerRow) string { return stats.Percent(stats.Number(r.ASR.Value()), r.ASR.Of) }},
	{"base rate, %", true, false, func(r *table.AttackerRow) string {
		return stats.Percent(stats.Number(r.BaseRate.Value()), r.BaseRate.Of)
	}},
	{"alone, %", true, false, func(r *table.AttackerRow) string {
		if r.SingleASR == nil {
			return ""
		}
		return stats.Percent(stats.Number(r.SingleASR.Value()), r.SingleASR.Of)
	}},
	{"interference, points", true, false, func(r *table.AttackerRow) string {
		if r.Interference == nil {
			return ""
		}
		return stats.Percent(*r.Interference, r.ASR.Of)
	}},
	{"robustness, %", true, false, func(r *table.AttackerRow) string {
		return stats.Percent(stats.Number(r.Robustness.Value()), r.Robustness.Of)
	}},
	{"standard acc., %", true, false, func(r *table.AttackerRow) string {
		return stats.Percent(stats.Number(r.CleanAccuracy.Value()), r.CleanAccuracy.Of)
	}},
}

// attackerTable returns the table of every attacker of every game of each seed; nil without any.
func attackerTable(of *table.Table) *layout.DataTable {
	if len(of.AttackerRows) == 0 {
		return nil
	}
	t := &layout.DataTable{
		Name: of.FileName() + "-attackers", Title: "Every attacker of every game and seed", Without: "The table's CSV file has these rows.",
		Filters: []int{}, Numbers: []int{}, Rows: make([][]string, len(of.AttackerRows)),
	}
	for _, column := range attackerColumns {
		var texts []string
		for i := range of.AttackerRows {
			texts = append(texts, column.text(&of.AttackerRows[i]))
		}
		if !slices.ContainsFunc(texts, func(text string) bool { return text != "" }) {
			continue
		}
		if column.number {
			t.Numbers = append(t.Numbers, len(t.Heads))
		}
		if column.filter {
			t.Filters = append(t.Filters, len(t.Heads))
		}
		t.Heads = append(t.Heads, column.head)
		for i, text := range texts {
			t.Rows[i] = append(t.Rows[i], text)
		}
	}
	return t.Cut()
}

// positive returns a number as text, empty for 0.
func positive(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// modelTable returns the table of models; nil without any.
func modelTable(models []Model) *layout.DataTable {
	if len(models) == 0 {
		return nil
	}
	t := &layout.DataTable{
		ID: "models", Name: "models", Title: "Models", Without: `"backfire models list" has these rows.`,
		Heads:   []string{"model", "dataset", "seed", "loss", "train acc., %", "standard acc., %", "mean ASR, %", "seconds", "images/s", "cell"},
		Numbers: []int{2, 3, 4, 5, 6, 7, 8}, Filters: []int{1, 2},
	}
	for _, m := range models {
		title := m.Title
		if m.Collapsed {
			title += " (collapsed)"
		}
		t.Rows = append(t.Rows, []string{
			title, m.Dataset, strconv.FormatUint(m.Seed, 10), m.Loss, m.TrainAccuracy, m.Clean, m.ASR, m.Seconds, m.Speed, m.Cell,
		})
	}
	return t.Cut()
}
