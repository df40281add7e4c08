package sections

import "strings"

// Filters of a table: how many it has at most, and what a column has that rows are filtered by.
const (
	mostFilters     = 4
	mostValues      = 30
	longestValue    = 80 // characters
	fewestRows      = 6
	meanRepetitions = 2
)

// column describes a column of a table.
type column struct {
	numbers bool // every field is a number, maybe with an interval or a unit, or missing
	repeats bool // its values repeat, so that a reader may choose one of them
}

// leadingNumber returns the number that a field begins with, without its plus sign; empty without one. Behind
// it the field may have a unit or an interval.
func leadingNumber(text string) string {
	digits := func(text string) string { return text[:len(text)-len(strings.TrimLeft(text, "0123456789"))] }
	text = strings.TrimPrefix(text, "+")
	unsigned := strings.TrimPrefix(text, "-")
	number := digits(unsigned)
	if number == "" {
		return ""
	}
	if rest, ok := strings.CutPrefix(unsigned[len(number):], "."); ok {
		number += "." + digits(rest)
	}
	rest := unsigned[len(number):]
	for _, end := range []string{"%", " %", " [", " to ", " ("} {
		if strings.HasPrefix(rest, end) {
			rest = ""
		}
	}
	if rest != "" {
		return ""
	}
	return text[:len(text)-len(unsigned)] + number
}

// missing reports whether a field stands for a missing value.
func missing(text string) bool { return text == "" || text == "-" }

// columnsOf describes the columns of a section's table.
func columnsOf(s Section) []column {
	columns := make([]column, len(s.Heads))
	for i := range columns {
		values, longest, numbers, fractions := map[string]int{}, 0, 0, false // fractions, units or intervals
		for _, fields := range s.Rows {
			text := fields[i]
			if missing(text) {
				continue
			}
			values[text]++
			longest = max(longest, len([]rune(text)))
			if leadingNumber(text) != "" {
				numbers++
			}
			fractions = fractions || leadingNumber(text) != "" && (leadingNumber(text) != text || strings.Contains(text, "."))
		}
		known := 0
		for _, n := range values {
			known += n
		}
		columns[i] = column{
			numbers: known > 0 && numbers == known,
			repeats: len(s.Rows) >= fewestRows && len(values) > 1 && len(values) <= mostValues && longest <= longestValue &&
				known >= meanRepetitions*len(values) && !fractions,
		}
	}
	return columns
}
