package census

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Tally collects the files that are left out. Its zero value is empty. The order of the
// calls changes nothing.
type Tally struct {
	groups map[group]*LeftOut
	once   map[string]bool
}

// group identifies the files of one LeftOut.
type group struct {
	reason Reason
	kind   string
}

// Add counts a file that is left out. kind is an ending of names such as .webp, for the
// reasons Format and Archive.
func (t *Tally) Add(reason Reason, kind, path string) {
	if t.groups == nil {
		t.groups = map[group]*LeftOut{}
	}
	at := group{reason, strings.ToLower(kind)}
	l := t.groups[at]
	if l == nil {
		l = &LeftOut{Reason: reason, Kind: at.kind, Example: path}
		t.groups[at] = l
	}
	l.Files++
	l.Example = min(l.Example, path)
}

// AddOnce counts a path that is left out, such as a hidden folder, at its first call
// only.
func (t *Tally) AddOnce(reason Reason, path string) {
	if t.once == nil {
		t.once = map[string]bool{}
	}
	if !t.once[path] {
		t.once[path] = true
		t.Add(reason, "", path)
	}
}

// LeftOut returns the counts in the order of [Reasons], and by kind for one reason.
func (t *Tally) LeftOut() []LeftOut {
	var all []LeftOut
	for _, l := range t.groups {
		out := *l
		out.Example = printable(out.Example)
		all = append(all, out)
	}
	order := Reasons()
	slices.SortFunc(all, func(a, b LeftOut) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Reason), slices.Index(order, b.Reason)), cmp.Compare(a.Kind, b.Kind))
	})
	return all
}

// Files returns the number of files that are left out.
func (t *Tally) Files() int {
	n := 0
	for _, l := range t.groups {
		n += l.Files
	}
	return n
}

// printable returns a path in which control characters and bytes that are not UTF-8 are
// written as escapes, so that it can be stored as JSON and shown.
func printable(path string) string {
	plain := utf8.ValidString(path)
	for _, r := range path {
		plain = plain && strconv.IsPrint(r)
	}
	if plain {
		return path
	}
	quoted := strconv.Quote(path)
	return quoted[1 : len(quoted)-1]
}
