package config

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest returns the known name nearest to an unknown one by edit distance,
// the first of equals. A wrong or forgotten section counts as one edit, so
// "width" and "net.width" are nearest to "model.width".
func Nearest(unknown string, known []string) string {
	unknown = strings.ToLower(unknown)
	best, distance := "", -1
	for _, name := range known {
		lower := strings.ToLower(name)
		d := min(levenshtein.ComputeDistance(unknown, lower), 1+levenshtein.ComputeDistance(lastPart(unknown), lastPart(lower)))
		if distance < 0 || d < distance {
			best, distance = name, d
		}
	}
	return best
}

// lastPart returns what stands behind the last dot of a name.
func lastPart(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
