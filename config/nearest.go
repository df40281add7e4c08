package config

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest returns the known name that is nearest to an unknown one by edit distance;
// empty if none is known. A wrong or missing section counts as one edit, so that
// "width" and "net.width" are nearest to "model.width". Words instead of their
// initials count as one edit, too, as in "learning_rate" for "lr". Among equals it
// returns the one with the nearest section, and then the first.
func Nearest(unknown string, known []string) string {
	unknown = strings.ToLower(unknown)
	best, distance, whole := "", -1, 0
	for _, name := range known {
		lower := strings.ToLower(name)
		w := levenshtein.ComputeDistance(unknown, lower)
		d := min(w, 1+levenshtein.ComputeDistance(lastPart(unknown), lastPart(lower)))
		if words := lastPart(unknown); initials(words) == lastPart(lower) && words != initials(words) {
			d = min(d, 1)
		}
		if distance < 0 || d < distance || d == distance && w < whole {
			best, distance, whole = name, d, w
		}
	}
	return best
}

// lastPart returns the part of a name after the last dot.
func lastPart(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// initials returns the first letters of words joined by underscores or dashes.
func initials(words string) string {
	var letters strings.Builder
	for word := range strings.FieldsFuncSeq(words, func(r rune) bool { return r == '_' || r == '-' }) {
		letters.WriteByte(word[0])
	}
	return letters.String()
}
