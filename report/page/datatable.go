package page

import (
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strconv"

	"backfire/internal/visible"
	"backfire/report/table"
	"backfire/stats"
)

// DataTable is a long table that the page's script lays out when it is opened: the page holds its
// texts alone, which take a fraction of the bytes.
type DataTable struct {
	Heads   []string   `json:"heads"`
	Numbers []int      `json:"numbers"` // columns of numbers
	Filters []int      `json:"filters"` // columns that rows are filtered by
	Rows    [][]string `json:"rows"`
	// More counts the rows that are left out of a page of more than mostRows.
	More int `json:"more"`
}

// mostRows is the largest number of rows of a data table, so that a page of ten thousand models
// stays at some megabytes. The CSV files have all.
const mostRows = 5000

// JSON returns the table for a script element of type application/json.
func (t *DataTable) JSON() (template.JS, error) {
	data, err := json.Marshal(visible.Strings(t))
	if err != nil {
		return "", fmt.Errorf("page: encode a table: %w", err)
	}
	return template.JS(data), nil // json.Marshal escapes <, > and &
}

// cut leaves out the rows behind mostRows.
func (t *DataTable) cut() *DataTable {
	if len(t.Rows) > mostRows {
		t.More, t.Rows = len(t.Rows)-mostRows, t.Rows[:mostRows]
	}
	return t
}

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
func attackerTable(of *table.Table) *DataTable {
	if len(of.AttackerRows) == 0 {
		return nil
	}
	t := &DataTable{Filters: []int{}, Numbers: []int{}, Rows: make([][]string, len(of.AttackerRows))}
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
	return t.cut()
}

// positive returns a number as text, empty for 0.
func positive(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// modelTable returns the table of models; nil without any.
func modelTable(models []Model) *DataTable {
	if len(models) == 0 {
		return nil
	}
	t := &DataTable{
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
	return t.cut()
}
