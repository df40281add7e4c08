// Package store keeps results in a directory, one directory per trained model, named by the hash of its cell.
// It also keeps the plans and summaries of runs, and the work in progress: leases, working directories,
// checkpoints and saved states.
//
// The package promises that
//
//   - a result that lies under its hash is whole: it was written elsewhere, synced and renamed;
//   - a result is read only if its files fit the digests of its manifest and parse, and otherwise refused with
//     an error that wraps ErrBroken;
//   - any number of processes on any number of hosts may share a store; a cell is produced by the holder of its
//     claim alone;
//   - a result is removed by Store.Remove alone, and replaced or set aside by the holder of its claim alone.
//
// docs/results-format.md describes every stored field.
package store
