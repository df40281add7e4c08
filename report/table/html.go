package table

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"backfire/internal/visible"
)

//go:embed table.gohtml
var tableSource string

// tableTemplate writes an htmlTable. A test parses it.
var tableTemplate, tableTemplateErr = template.New("table").Parse(tableSource)

// htmlTable is the table that the template writes.
type htmlTable struct {
	Title     string
	Heads     []string
	Groups    []htmlGroup // empty: no column has a group
	Columns   []Column
	Rows      []htmlRow
	Footnotes []Footnote
	Spread    *htmlSpread // nil: games have one training each
}

// htmlSpread is the spread over the seeds.
type htmlSpread struct {
	Head  string
	Heads []string
	Rows  [][]string
	Notes []string
}

// htmlSpread returns the spread over the seeds, nil if games have one training each.
func (t *Table) htmlSpread() *htmlSpread {
	if len(t.Spreads) == 0 {
		return nil
	}
	view := &htmlSpread{Head: t.spreadHead(), Heads: spreadHeads, Notes: t.spreadNotes()}
	for _, r := range t.Spreads {
		view.Rows = append(view.Rows, r.cells())
	}
	return view
}

// htmlGroup is a head over neighbouring columns.
type htmlGroup struct {
	Head string
	Span int
}

// htmlRow is a row with its marks as one text.
type htmlRow struct {
	Labels   []string
	Marks    string
	Cells    []htmlCell
	N        int
	Defender string
}

// htmlCell is an entry: the number that it is sorted by, and its lines.
type htmlCell struct {
	Sort    string
	Caption string
	Lines   []htmlLine
	Marks   string
}

// htmlLine is a line of a cell: the measured values, their intervals or the paper's
// figures.
type htmlLine struct {
	Class, Label, Text string
}

// HTML returns the table as an HTML element for a page: heads that a script can sort
// by, and values with their intervals and the paper's figures below them.
func (t *Table) HTML() (template.HTML, error) {
	if tableTemplateErr != nil {
		return "", fmt.Errorf("table: template of tables: %w", tableTemplateErr)
	}
	t = visible.Strings(t)
	view := htmlTable{Title: t.Title, Heads: t.Heads, Columns: t.Columns, Footnotes: t.Footnotes, Groups: t.htmlGroups(), Spread: t.htmlSpread()}
	for _, row := range t.Rows {
		line := htmlRow{Labels: row.Labels, Marks: strings.Join(row.Marks, ","), N: row.N, Defender: row.Defender}
		kinds := row.kinds()
		for _, entry := range row.Entries {
			line.Cells = append(line.Cells, t.htmlCell(entry, kinds))
		}
		view.Rows = append(view.Rows, line)
	}
	var out strings.Builder
	if err := tableTemplate.Execute(&out, view); err != nil {
		return "", fmt.Errorf("table: write %s as HTML: %w", t.Name, err)
	}
	return template.HTML(out.String()), nil // the template has escaped it
}

// htmlGroups returns the heads above the columns; nil if there are none.
func (t *Table) htmlGroups() []htmlGroup {
	groups := []htmlGroup{}
	grouped := false
	for _, c := range t.Columns {
		grouped = grouped || c.Group != ""
		if n := len(groups); n > 0 && groups[n-1].Head == c.Group {
			groups[n-1].Span++
			continue
		}
		groups = append(groups, htmlGroup{c.Group, 1})
	}
	if !grouped {
		return nil
	}
	return groups
}

// htmlCell lays an entry out in the lines of its row.
func (t *Table) htmlCell(e Entry, kinds []lineKind) htmlCell {
	h := htmlCell{Caption: e.Caption, Marks: strings.Join(e.Marks, ",")}
	for _, v := range e.Values {
		if v.Mean.Defined() && !v.Bracketed {
			h.Sort = fmt.Sprintf("%.6f", float64(v.Mean))
			break
		}
	}
	classes := map[lineKind]string{measuredLine: "measured", seedsLine: "interval", imagesLine: "interval", paperLine: "paper"}
	for _, kind := range kinds {
		if kind == captionLine {
			continue
		}
		var texts []string
		for i := range e.Values {
			if text := e.part(i, kind).join("±", "–"); text != "" {
				texts = append(texts, text)
			}
		}
		if len(texts) > 0 {
			h.Lines = append(h.Lines, htmlLine{classes[kind], t.shortLabel(kind), strings.Join(texts, " ")})
		}
	}
	return h
}
