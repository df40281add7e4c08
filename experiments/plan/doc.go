// Package plan turns a configuration into the games and cells that it asks for, as far as stored results
// decide them. It is the only room that reads package config.
//
// The package promises that
//
//   - everything that is wrong with a configuration is found before the first training, with the key, the value
//     and what is allowed: every game is dealt once;
//   - a plan depends on the configuration, the images and stored results alone, so that any process on any host
//     plans the same cells;
//   - the cells of a plan are distinct, and each is needed by at least one of its games.
//
// A Plan belongs to one configuration, a Sweep to several. A Worklist lists the cells to train, given the
// results that are known. A StoredPlan lets other processes make the same Sweep.
package plan
