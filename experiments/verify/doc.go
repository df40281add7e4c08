// Package verify derives stored results again and compares.
//
// A Verifier goes through one stored result in a list of checks: it deals the cell's game again
// from the images, stamps and compares the poisoned rows, scores the stored predictions, recomputes
// every figure, and has the stored model, if there is one, predict again. Summary compares the
// figures of a stored summary with the results that it names.
//
// The package promises that a result passes only if everything in it follows from its cell, its
// images, its stored predictions and, where the model is stored, the model. Differences that come
// from another kind of machine than the one that trained are reported in a check's note and are no
// failure.
package verify
