// Package engine trains the models of experiments on libtorch.
//
// LibTorch is a worker.Engine on top of torchbridge. Main is the program backfire-engine: as a
// worker process it trains the cells that the command line's program gives it, and it describes
// itself and its libtorch on request. The package links neither the command line nor the reading of
// configurations.
package engine
