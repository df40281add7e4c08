// Package layout holds what all pages of answers have in common: their style and script, figures
// with their values, and tables that a reader sorts, filters and saves. A page is one file that
// uses neither the network nor other files.
//
// The script is plain JavaScript without a library, and a page works without it: tables, figures
// and their values are in the document.
package layout

import (
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"slices"

	"backfire/figures"
)

var (
	//go:embed parts.gohtml
	partsSource string
	//go:embed style.css
	styleSource string
	//go:embed script.js
	scriptSource string
)

// Style returns the style of pages, with the colours of figures, light and dark.
func Style() template.CSS {
	return template.CSS(":root{" + figures.CSS(false) + "}@media screen and (prefers-color-scheme:dark){:root{" + figures.CSS(true) + "}}\n" +
		figures.InlineCSS + "\n" + styleSource) // embedded
}

// Script returns the script of pages.
func Script() template.JS { return template.JS(scriptSource) } // embedded

// Template returns the template of a page, which may use the common parts: "head", of a title that
// its data has; "style"; "permalink", of an ID; "figure", of a Drawing; "data", of a DataTable; and
// "script". The error is that of a fault in source.
func Template(source string, funcs template.FuncMap) (*template.Template, error) {
	all := template.FuncMap{"style": Style, "code": Script}
	maps.Copy(all, funcs)
	page, err := template.New("page").Funcs(all).Parse(partsSource)
	if err == nil {
		page, err = page.Parse(source)
	}
	if err != nil {
		return nil, fmt.Errorf("layout: template: %w", err)
	}
	return page, nil
}

// Drawing is a figure of a page.
type Drawing struct {
	*figures.Figure
	ID  string // unique within the page
	SVG template.HTML
}

// Draw returns the drawing of a figure, whose ID is its name. The Lead of a page is drawn for a phone
// and for a desktop; the style sheet shows one of them.
func Draw(f *figures.Figure) (Drawing, error) {
	classes := map[figures.Width]string{figures.Narrow: ""}
	if f.Lead {
		classes = map[figures.Width]string{figures.Narrow: "narrow", figures.Large: "large"}
	}
	d := Drawing{Figure: f, ID: f.Name}
	for _, width := range slices.Sorted(maps.Keys(classes)) {
		svg, err := f.Inline(width, classes[width])
		if err != nil {
			return Drawing{}, fmt.Errorf("layout: draw: %w", err)
		}
		d.SVG += template.HTML(svg) // its texts are escaped
	}
	return d, nil
}
