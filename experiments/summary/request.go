package summary

import "time"

// Request holds the arguments by which a summary was asked for, so that its table can be made once more in the
// same way. No measurement depends on it.
type Request struct {
	Kind    string `json:"kind"`    // of the table that is made of it: table1, table2, table3 or points
	Name    string `json:"name"`    // of the sweep
	Title   string `json:"title"`   // for people; empty: the name
	Preset  string `json:"preset"`  // that the configuration started from; empty: none
	Command string `json:"command"` // the command line
	// Begun and Finished are the times, UTC, at which the command began and at which its results
	// were joined; zero in what older versions stored.
	Begun    time.Time `json:"begun,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
}
