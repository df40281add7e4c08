// Package worker trains the model of one cell on an Engine, or asks a stored model, in a process of
// its own.
//
// A worker process reads Orders from its standard input and writes Events to its standard output,
// one JSON value per line. An order carries one Request: Train, Measure, Predict, Query,
// Prepare, Threads or Stop.
// The files that a request produces are written into the directory that it names; the process that
// gave the order decides what becomes of them. A process can have several workers, each with a
// thread of its own.
//
// The package promises that, on one kind of machine, a result depends on the cell alone: a training
// that was interrupted resumes from its checkpoint, or from the state of another cell, to the same
// bits. A checkpoint that is damaged, of another cell or of a machine that gives other bits is
// reported, removed and not used. Checkpoints are written while the training goes on: the file is
// always the whole state after one of the epochs, and a worker that reports the end of a request has
// written the last one.
//
// The package knows neither configurations nor plans, so that the engine's program does not link
// them.
package worker
