//go:build race

package engine

// underRace reports whether the race detector is on, which takes memory of its own.
const underRace = true
