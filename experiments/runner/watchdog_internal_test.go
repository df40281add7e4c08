package runner

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// The test runs on a virtual clock.
func TestWatchdog(t *testing.T) {
	for name, tc := range map[string]struct {
		share float64       // of the time, used of the processor
		known bool          // reports whether that is known
		speak time.Duration // between two events; 0: never
		hangs time.Duration // when the hang is noticed; 0: not within a day
	}{
		"idle and silent":                 {0, true, 0, time.Minute},
		"busy and silent":                 {0.9, true, 0, 10 * time.Minute},
		"silent, use unknown":             {0, false, 0, 10 * time.Minute},
		"idle, but it speaks":             {0, true, 59 * time.Second, 0},
		"busy and speaking":               {0.9, true, 9 * time.Minute, 0},
		"almost idle is taken for a hang": {0.001, true, 0, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				w := newWatchdog(time.Minute, func() (time.Duration, bool) {
					return time.Duration(tc.share * float64(time.Since(begin))), tc.known
				}, time.Now)
				spoke := begin
				for time.Since(begin) < 24*time.Hour {
					wait := w.left()
					if tc.speak > 0 {
						wait = min(wait, tc.speak-time.Since(spoke))
					}
					time.Sleep(wait)
					if tc.speak > 0 && time.Since(spoke) >= tc.speak {
						spoke = time.Now()
						w.feed()
						continue
					}
					if w.hangs() {
						require.Equal(t, tc.hangs, time.Since(begin))
						return
					}
				}
				require.Zero(t, tc.hangs)
			})
		})
	}
}
