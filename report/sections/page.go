package sections

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"backfire/figures"
	"backfire/internal/visible"
)

var (
	//go:embed page.gohtml
	pageSource string
	//go:embed page.css
	pageStyle string
)

// Style returns the style of pages, with the colours of figures.
func Style() template.CSS {
	return template.CSS(":root{" + figures.CSS(false) + "}\n" + pageStyle)
}

// drawing is a figure of a page.
type drawing struct {
	*figures.Figure
	SVG template.HTML
}

// field is a field of a table's row; Link is empty for text alone.
type field struct{ Text, Link string }

// WritePage writes sections and then figures as one HTML page, which needs no network. The
// errors are those of the figures and of w.
func WritePage(w io.Writer, title string, all []Section, drawn []*figures.Figure) error {
	var drawings []drawing
	for _, f := range drawn {
		svg, err := f.Inline(figures.Narrow, "")
		if err != nil {
			return fmt.Errorf("sections: draw: %w", err)
		}
		drawings = append(drawings, drawing{f, template.HTML(svg)})
	}
	page, err := template.New("page").Funcs(template.FuncMap{"fields": fields, "id": rowID}).Parse(pageSource)
	if err != nil {
		return fmt.Errorf("sections: page: %w", err)
	}
	err = page.Execute(w, struct {
		Title    string
		Style    template.CSS
		Sections []Section
		Drawings []drawing
	}{title, Style(), visible.Strings(all), drawings})
	if err != nil {
		return fmt.Errorf("sections: page: %w", err)
	}
	return nil
}

// fields returns the fields of a row with their links.
func fields(s Section, row int) []field {
	var all []field
	for column, text := range s.Rows[row] {
		one := field{Text: text}
		if row < len(s.Links) {
			one.Link = s.Links[row][column]
		}
		all = append(all, one)
	}
	return all
}

// rowID returns the name of a row for links; empty: none.
func rowID(s Section, row int) string {
	if row < len(s.IDs) {
		return s.IDs[row]
	}
	return ""
}
