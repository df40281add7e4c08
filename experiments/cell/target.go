package cell

import (
	"backfire/game"
	"backfire/internal/words"
)

// TargetText returns what an attacker wants its images taken for, for people. classes are the names of the
// dataset's classes.
func TargetText(a game.Attacker, classes []string) string {
	sources := make([]string, len(a.Sources))
	for i, label := range a.Sources {
		sources[i] = classes[label]
	}
	return words.Target(classes[a.Target], a.Target, a.Mapping == game.AllToAll, sources, a.Sources)
}
