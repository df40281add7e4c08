// Package runner trains the cells that a store lacks: it hands them to worker processes, alone or
// beside runners on other hosts, and stores their results.
//
// A Runner starts the processes, gives each worker one cell at a time, watches that it makes
// progress, and commits what it wrote. SharedRun lets many runners work on one sweep; they
// coordinate only through the store. ProgressOf reads from the store how far they have come.
//
// The package promises that each cell is stored once and whole, whichever worker, process or host
// trains it and however often a training is interrupted, and, on one kind of machine, with the same
// bits. A cell whose process dies or hangs is retried from its checkpoint; a cell that fails does
// not stop the others; a full disk ends the run without losing a stored result.
package runner
