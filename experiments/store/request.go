package store

import ()

// Origin says what a summary was asked for, so that it can be shown again the
// same way. Nothing that was measured depends on it.
type Request struct {
	Kind    string `json:"kind"`    // the table that is made of it: table1, table2, table3 or points
	Name    string `json:"name"`    // of the sweep
	Title   string `json:"title"`   // for people; empty: the name
	Preset  string `json:"preset"`  // that the configuration started from; empty: none
	Command string `json:"command"` // the command line
}
