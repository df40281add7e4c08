package datasets

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// checkNames returns an error if the name of a class is not UTF-8, which could not be
// stored, or if the names of two classes look alike: these are mostly one class in two
// spellings.
func checkNames(classes []string) error {
	names := slices.Sorted(slices.Values(classes))
	spellings := make(map[string]string, len(names))
	for _, name := range names {
		if !utf8.ValidString(name) {
			return advisedf("%w: the name of the class folder %q is not UTF-8; rename it", ErrCorrupt, name)
		}
		key := spelling(name)
		if other, ok := spellings[key]; ok {
			return advisedf("%w: the class folders %s and %s differ only in case, Unicode form or outer spaces; "+
				"rename one of them, or put their images into one", ErrCorrupt, visible(other), visible(name))
		}
		spellings[key] = name
	}
	return nil
}

// spelling returns what the names have in common that look alike: it has one case and one
// Unicode form, and neither spaces nor invisible characters around it.
func spelling(name string) string {
	name = strings.TrimFunc(name, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
	})
	return norm.NFC.String(strings.Map(folded, norm.NFD.String(name)))
}

// folded returns the smallest of the characters that differ from r in case only.
func folded(r rune) rune {
	smallest := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		smallest = min(smallest, next)
	}
	return smallest
}

// visible returns a name in quotation marks, with escapes for all that is not ASCII, so
// that two Unicode forms can be told apart.
func visible(name string) string { return fmt.Sprintf("%+q", name) }
