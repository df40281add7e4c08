package words

import (
	"fmt"
	"strings"
)

// mostSources is the largest number of source classes that Target names.
const mostSources = 3

// Target returns what an attacker wants its images taken for: a class, the next class of
// each (nextClass), or a class for images of the source classes alone. Classes are given
// by their names and positions.
func Target(name string, position int, nextClass bool, sources []string, positions []int) string {
	class := Class(name, position)
	switch n := len(sources); {
	case nextClass:
		return "the next class"
	case n > mostSources:
		return fmt.Sprintf("%s for images of %d classes", class, n)
	case n > 0:
		texts := make([]string, n)
		for i, source := range sources {
			texts[i] = Class(source, positions[i])
		}
		return class + " for images of " + strings.Join(texts, ", ")
	}
	return class
}
