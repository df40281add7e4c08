// Package estimate chooses what a sweep is trained with and estimates what it costs: how many
// models at a time, in which precision, for how long.
//
// Resources bounds the number of workers by the cores and the free memory, from a model of what a
// training keeps in memory. An Estimator trains models on noise in worker processes and reads the
// times of stored results: ChooseWorkers finds how many models on a GPU pay, ChoosePrecision
// resolves the precision "auto", and Estimate adds up what is left of a sweep.
//
// Nothing here changes a result, except for the chosen precision, which is part of a cell.
package estimate
