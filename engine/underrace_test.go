//go:build race

package engine

// underRace says that the race detector runs along, which takes memory of its own.
const underRace = true
