package verify

import (
	"fmt"

	"backfire/experiments/store"
	"backfire/experiments/summary"
)

// Summary reads the summary stored at path, compares it with its digest, and compares its figures
// with the results that it names, see summary.Summary.CompareResults. The check is called
// "summary".
func Summary(s *store.Store, path string) Check {
	check := Check{Name: "summary"}
	sum, err := summary.Load(path)
	if err != nil {
		check.Err = err
		return check
	}
	compared, left, err := sum.CompareResults(s)
	if err != nil {
		check.Err = judged(err)
		return check
	}
	check.Note = fmt.Sprintf("%d games have the figures of their results", compared)
	if left > 0 {
		check.Note += fmt.Sprintf("; left out: %d", left)
	}
	return check
}
