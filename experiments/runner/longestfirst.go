package runner

import (
	"cmp"
	"slices"

	"backfire/experiments/plan"
)

// longestFirst is a workload with its cells in the order in which many runners train them.
type longestFirst struct{ plan.Workload }

// Worklist returns the workload's tasks, the longest first.
func (l longestFirst) Worklist(known plan.Known) (*plan.Worklist, error) {
	worklist, err := l.Workload.Worklist(known)
	if err != nil {
		return nil, err
	}
	ordered := *worklist
	ordered.Tasks = slices.Clone(worklist.Tasks)
	sortLongestFirst(&ordered)
	return &ordered, nil
}

// sortLongestFirst orders tasks by their cost, the highest first, so that no long one is left for
// the end. Tasks that decide what else is to be trained come before all others.
func sortLongestFirst(worklist *plan.Worklist) {
	decisive := map[string]bool{}
	if !worklist.Decided() {
		decisive = worklist.Decisive()
	}
	rank := func(task plan.Task) int {
		if decisive[task.Hash] {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(worklist.Tasks, func(a, b plan.Task) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.Cell.Cost(), a.Cell.Cost()))
	})
}
