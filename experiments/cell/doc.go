// Package cell describes one trained model by everything that fixes it: data, game, network, training,
// defense and attribution. Two equal cells give the same model on the same kind of machine.
//
// The package promises that
//
//   - the hash of a cell depends on its fields alone, so that it can name the model in every store;
//   - it trains nothing, stores nothing and reads no file: its functions compute what follows from the fields,
//     such as the training set that a defense leaves, the segments of a training and its cost.
package cell
