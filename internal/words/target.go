package words

import (
	"fmt"
	"strings"
)

// mostSources is the largest number of source classes that Target names.
const mostSources = 3

// Target returns what an attacker wants its images taken for: a class, the next class of
// each (nextClass), or a class for images of the named classes alone.
func Target(class string, nextClass bool, sources []string) string {
	switch n := len(sources); {
	case nextClass:
		return "the next class"
	case n > mostSources:
		return fmt.Sprintf("%s for images of %d classes", class, n)
	case n > 0:
		return class + " for images of " + strings.Join(sources, ", ")
	}
	return class
}
