package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"
)

//go:embed table.gohtml
var tableSource string

// tableTemplate writes a htmlTable. That it parses is tested.
var tableTemplate, tableTemplateErr = template.New("table").Parse(tableSource)

// htmlTable is a table as its template wants it.
type htmlTable struct {
	Heads     []string
	Groups    []htmlGroup // empty: no column has a group
	Columns   []Column
	Rows      []htmlRow
	Footnotes []Footnote
}

// htmlGroup is a head over neighbouring columns.
type htmlGroup struct {
	Head string
	Span int
}

type htmlRow struct {
	Labels []string
	Marks  string
	Cells  []htmlCell
}

// htmlCell is a cell: what it sorts by, and its lines.
type htmlCell struct {
	Sort    string
	Caption string
	Lines   []htmlLine
	Marks   string
}

// htmlLine is a line of a cell: what is measured, its interval or the paper's.
type htmlLine struct {
	Class, Label, Text string
}

// HTML is the table as an HTML element, to stand in a page: heads that a script
// can sort by, figures with intervals and the paper's figures below them.
func (t *Table) HTML() (template.HTML, error) {
	if tableTemplateErr != nil {
		return "", fmt.Errorf("report: template of tables: %w", tableTemplateErr)
	}
	view := htmlTable{Heads: t.Heads, Columns: t.Columns, Footnotes: t.Footnotes, Groups: t.htmlGroups()}
	for _, row := range t.Rows {
		line := htmlRow{Labels: row.Labels, Marks: strings.Join(row.Marks, ",")}
		kinds := row.kinds()
		for _, cell := range row.Cells {
			line.Cells = append(line.Cells, cell.html(kinds))
		}
		view.Rows = append(view.Rows, line)
	}
	var out strings.Builder
	if err := tableTemplate.Execute(&out, view); err != nil {
		return "", fmt.Errorf("report: write %s as HTML: %w", t.Name, err)
	}
	return template.HTML(out.String()), nil // the template has escaped it
}

// htmlGroups are the heads above the columns; nil if there are none.
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

// html lays a cell out in the lines of its row.
func (c Cell) html(kinds []lineKind) htmlCell {
	h := htmlCell{Caption: c.Caption, Marks: strings.Join(c.Marks, ",")}
	for _, f := range c.Figures {
		if f.Mean.Defined() && !f.Bracketed {
			h.Sort = fmt.Sprintf("%.6f", float64(f.Mean))
			break
		}
	}
	classes := map[lineKind]string{measuredLine: "measured", intervalLine: "interval", paperLine: "paper"}
	for _, kind := range kinds {
		if kind == captionLine {
			continue
		}
		var texts []string
		for i := range c.Figures {
			if text := c.part(i, kind).join("±"); text != "" {
				texts = append(texts, text)
			}
		}
		if len(texts) > 0 {
			label := strings.TrimPrefix(kind.label(), "95 % ") // said in the notes; cells are narrow
			h.Lines = append(h.Lines, htmlLine{classes[kind], label, strings.Join(texts, " ")})
		}
	}
	return h
}
