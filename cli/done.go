package cli

import (
	"fmt"
	"slices"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/internal/words"
)

// unfinished returns nil if every game that a command asks for has a whole result. Otherwise the
// error wraps ErrWorkLeft where a model can still be trained, and ErrCellsFailed where only models
// are missing that failed, or that need one that failed. cells is the number of models that the
// command asks for, missing lists those without a whole result, failed those that failed. All
// commands that train or collect models end with this function.
func unfinished(command string, cells int, missing []plan.Missing, failed []store.Failure) error {
	var left []plan.Missing
	for _, m := range missing {
		gone := func(f store.Failure) bool { return f.Cell == m.Cell }
		if m.Reason != plan.Refused && m.Reason != plan.Undecided && !slices.ContainsFunc(failed, gone) {
			left = append(left, m)
		}
	}
	switch {
	case len(left) == 0 && len(failed) > 0:
		return fmt.Errorf("%s: %w: %d of %s, first %s: %s", command, ErrCellsFailed, len(failed),
			words.Plural(cells, "model"), failed[0].Title, failed[0].Error)
	case len(missing) == 0:
		return nil
	case len(left) == 0:
		left = missing
	}
	first := left[0].Title + " is " + string(left[0].Reason)
	if detail := left[0].Detail; detail != "" {
		first += ": " + detail
	}
	return fmt.Errorf("%s: %w: %s; %s", command, ErrWorkLeft, words.Plural(len(left), "model"), first)
}
