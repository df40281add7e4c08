package runner

import "time"

// SetNow replaces the clock that the runner watches its workers by.
func (r *Runner) SetNow(now func() time.Time) { r.now = now }
