// Package table holds a table of measured values before it has a form, and writes
// it in each of its forms: text, Markdown, LaTeX, CSV, JSON and HTML. It computes
// means over seeds and nothing else, and it knows neither where results are stored
// nor which table they make: package report decides that.
package table

import (
	"slices"
	"strings"

	"backfire/claims"
	"backfire/internal/visible"
	"backfire/stats"
)

// Version is the version of the JSON form.
const Version = 2

// Table is a table before it has a form: each form is written from it and nothing
// else. Values are shares in [0, 1].
type Table struct {
	Format  int    `json:"format"` // Version
	Name    string `json:"name"`   // table1, table2, table3, or the name of a run or sweep
	Dataset string `json:"dataset"`
	Title   string `json:"title"`
	// Heads are the heads of the columns of Row.Labels, Columns those of
	// Row.Entries.
	Heads     []string   `json:"heads"`
	Columns   []Column   `json:"columns"`
	Rows      []Row      `json:"rows"`
	Footnotes []Footnote `json:"footnotes"`
	// Lists hold each attacker's ASR where no column does.
	Lists []AttackerList `json:"attackers,omitempty"`
	// Seeds holds the seeds behind the table, ascending.
	Seeds []uint64 `json:"seeds"`
	// Models counts the trained models behind the table, including those of triggers
	// that were not kept.
	Models int `json:"models"`
	// Readings holds the distinct choices of what the paper leaves open.
	Readings []Readings `json:"readings"`
	// PaperRepeats is the distance within which the paper's own figures on the dataset
	// repeat, a share in [0, 1]; undefined where the table has none of them.
	PaperRepeats stats.Number `json:"paper_repeats"`
	// Notes are sentences about the whole table.
	Notes []string `json:"notes"`
	// Spreads tell how much of the spread over the seeds is drawn anew by each training; none
	// unless games were trained several times.
	Spreads []SpreadRow `json:"spreads,omitempty"`
	// Verdicts settle the paper's claims that the table speaks to.
	Verdicts []claims.Verdict `json:"verdicts"`
	// Finding tells in a sentence what the attackers do to each other; empty: not measured.
	Finding string `json:"finding,omitempty"`
	// AttackerRows holds every attacker of every game behind the table.
	AttackerRows []AttackerRow `json:"runs"`
	// CurveRows holds every value of the games' learning curves, which only their own
	// form has; none without curves.
	CurveRows []CurveRow `json:"-"`

	// Width is the number of characters that a line of the text form takes at most,
	// where the values fit; 0: 100.
	Width int `json:"-"`
}

// FileName returns the name of the table's files without their extension: its name and
// dataset, cleaned by [visible.FileName].
func (t *Table) FileName() string { return visible.FileName(t.Name + "-" + t.Dataset) }

// Column is a column of values.
type Column struct {
	Group string `json:"group,omitempty"` // stands above neighbours that share it
	Head  string `json:"head"`
}

// title returns the column's head for forms that have no groups.
func (c Column) title() string { return strings.TrimSpace(c.Group + " " + c.Head) }

// Row is a row: its labels, then its entries, one for each column.
type Row struct {
	Labels  []string `json:"labels"`
	Marks   []string `json:"marks,omitempty"` // of Table.Footnotes, about the whole row
	Entries []Entry  `json:"cells"`
	// N and Defender are those of the row's game, by which a page filters rows; 0 and empty: of
	// several games.
	N        int    `json:"-"`
	Defender string `json:"-"`
}

// Entry is the content of a row in one column: some values, or nothing.
type Entry struct {
	// Caption stands above the values; empty: none.
	Caption string   `json:"caption,omitempty"`
	Values  []Value  `json:"figures,omitempty"`
	Marks   []string `json:"marks,omitempty"` // of Table.Footnotes
}

// EntryOf returns the entry with the given values.
func EntryOf(values ...Value) Entry { return Entry{Values: values} }

// AttackerList holds the ASR of each attacker of a row's game.
type AttackerList struct {
	Labels []string `json:"labels"` // the row's
	IDs    []int    `json:"ids"`    // of the attackers, in the order of Entries
	// Entries has one entry for each attacker: its ASR and, where it was also played
	// alone, its single ASR in brackets.
	Entries []Entry `json:"entries"`
}

// HoistMarks moves the marks that all entries of the row share to the row, if there
// are several entries.
func (r *Row) HoistMarks() {
	if len(r.Entries) < 2 {
		return
	}
	for _, mark := range slices.Clone(r.Entries[0].Marks) {
		if slices.ContainsFunc(r.Entries, func(e Entry) bool { return !slices.Contains(e.Marks, mark) }) {
			continue
		}
		r.Marks = append(r.Marks, mark)
		for i, e := range r.Entries {
			r.Entries[i].Marks = slices.DeleteFunc(slices.Clone(e.Marks), func(m string) bool { return m == mark })
		}
	}
}

// Footnote explains a mark.
type Footnote struct {
	Mark string `json:"mark"` // a, b, ...
	Text string `json:"text"`
}

// Mark returns the mark of the footnote with the text, and adds the footnote if
// there is none yet.
func (t *Table) Mark(text string) string {
	for _, note := range t.Footnotes {
		if note.Text == text {
			return note.Mark
		}
	}
	mark := letters(len(t.Footnotes))
	t.Footnotes = append(t.Footnotes, Footnote{mark, text})
	return mark
}

// letters returns the mark with an index: a, b, ..., z, aa, ab, ...
func letters(i int) string {
	const alphabet = 'z' - 'a' + 1
	last := string(rune('a' + i%alphabet))
	if i < alphabet {
		return last
	}
	return letters(i/alphabet-1) + last
}
