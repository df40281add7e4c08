package runner

import "time"

// SetNow replaces the clock that detects hanging workers.
func (r *Runner) SetNow(now func() time.Time) { r.now = now }
