package layout

import (
	"encoding/json"
	"fmt"
	"html/template"

	"backfire/internal/visible"
)

// DataTable is a long table that the page's script lays out when it is opened: the page holds its
// texts alone, which take a fraction of the bytes.
type DataTable struct {
	ID      string     `json:"-"` // unique within the page
	Name    string     `json:"-"` // of its file
	Title   string     `json:"-"`
	Without string     `json:"-"` // where the rows are for readers without JavaScript
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
		return "", fmt.Errorf("layout: encode a table: %w", err)
	}
	return template.JS(data), nil // json.Marshal escapes <, > and &
}

// Cut leaves out the rows behind the first 5,000 and counts them. It returns the table.
func (t *DataTable) Cut() *DataTable {
	if len(t.Rows) > mostRows {
		t.More, t.Rows = len(t.Rows)-mostRows, t.Rows[:mostRows]
	}
	return t
}

// Count returns the number of rows, and of how many if some are left out, such as "5000 of 12000".
func (t *DataTable) Count() string {
	if t.More > 0 {
		return fmt.Sprintf("%d of %d", len(t.Rows), len(t.Rows)+t.More)
	}
	return fmt.Sprint(len(t.Rows))
}
