package sections

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"

	"backfire/figures"
	"backfire/internal/visible"
	"backfire/report/layout"
)

//go:embed page.gohtml
var pageSource string

// Page is a document as an HTML page.
type Page struct {
	Title string
	// Finding sums up the document in one sentence, which the page shows first; empty: none. A
	// sentence of a section that says the same is left out, and so is a section without anything else.
	Finding  string
	Sections []Section
	// Figures are shown behind the sections, but for the one that is the Lead, which stands beside
	// the finding.
	Figures []*figures.Figure
}

// pageView is what the template shows.
type pageView struct {
	Title, Finding string
	Lead           *layout.Drawing // nil: none
	Sections       []sectionView
	Drawings       []layout.Drawing
}

// sectionView is a section of a page.
type sectionView struct {
	Section
	Heads []head
	Rows  []row
}

// head is the head of a column.
type head struct {
	Text           string
	Number, Filter bool
}

// row is a row of a table; an empty ID is none.
type row struct {
	ID     string
	Fields []field
}

// field is a field of a row. Link is empty for text alone, Sort without a number that it begins
// with, and Sign for a field that has none.
type field struct {
	Text, Link, Sort, Sign string
	Number                 bool
}

// Write writes the page, which needs no network. The errors are those of the figures and of w.
func (p Page) Write(w io.Writer) error {
	p.Title, p.Finding, p.Sections = visible.Line(p.Title), visible.Line(p.Finding), visible.Strings(p.Sections)
	view := pageView{Title: p.Title, Finding: p.Finding}
	for _, f := range p.Figures {
		drawn, err := layout.Draw(f)
		if err != nil {
			return fmt.Errorf("sections: %w", err)
		}
		if f.Lead && view.Lead == nil {
			view.Lead = &drawn
			continue
		}
		view.Drawings = append(view.Drawings, drawn)
	}
	for _, s := range p.Sections {
		if shown := p.view(s); len(shown.Text)+len(shown.Rows) > 0 {
			view.Sections = append(view.Sections, shown)
		}
	}
	tmpl, err := layout.Template(pageSource, template.FuncMap{})
	if err != nil {
		return fmt.Errorf("sections: %w", err)
	}
	if err := tmpl.Execute(w, view); err != nil {
		return fmt.Errorf("sections: page: %w", err)
	}
	return nil
}

// view returns a section as the page shows it.
func (p Page) view(s Section) sectionView {
	s.Text = slices.DeleteFunc(slices.Clone(s.Text), func(text string) bool { return text != "" && text == p.Finding })
	if s.Title == p.Title {
		s.Title = "About"
	}
	v := sectionView{Section: s}
	columns := columnsOf(s)
	filters := 0
	for i, text := range s.Heads {
		h := head{Text: text, Number: i > 0 && columns[i].numbers, Filter: columns[i].repeats && filters < mostFilters}
		if h.Filter {
			filters++
		}
		v.Heads = append(v.Heads, h)
	}
	for i := range s.Rows {
		r := row{}
		if i < len(s.IDs) {
			r.ID = s.IDs[i]
		}
		for column, text := range s.Rows[i] {
			one := field{Text: text, Number: column > 0 && columns[column].numbers, Sign: s.sign(text)}
			if columns[column].numbers {
				one.Sort = leadingNumber(text)
			}
			if i < len(s.Links) {
				one.Link = s.Links[i][column]
			}
			r.Fields = append(r.Fields, one)
		}
		v.Rows = append(v.Rows, r)
	}
	return v
}
