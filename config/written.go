package config

import "strings"

// written is a value as its source writes it: text that has no type yet. A YAML scalar
// counts as its text, quoted or not, so that each source gives a text the same meaning.
type written struct {
	text    string   // a single value, or a list in the notation of the command line
	list    []string // the elements of a list that the source itself divides
	divided bool     // list counts, not text
	missing bool     // a YAML file has nothing where the value belongs
	remark  string   // what follows "has no value" in an error; may be empty
}

// String returns the value in the notation of the command line.
func (w written) String() string {
	if w.divided {
		return Format(w.list)
	}
	return w.text
}

// shown returns the value for an error message; nil if there is none.
func (w written) shown() any {
	if w.missing {
		return nil
	}
	return w.String()
}

// null reports whether a text unsets an optional key.
func null(text string) bool {
	switch strings.TrimSpace(text) {
	case "", "~", "null", "Null", "NULL":
		return true
	default:
		return false
	}
}
