package worker

import (
	"time"

	"backfire/experiments/store"
)

// stopwatch times the phases of a training and reports where they begin.
type stopwatch struct {
	report  func(Event)
	begin   time.Time
	current store.Phase // empty between two phases
	since   time.Time
	seconds map[store.Phase]float64
}

func newStopwatch(report func(Event)) *stopwatch {
	return &stopwatch{report: report, begin: time.Now(), seconds: map[store.Phase]float64{}}
}

// enter ends the current phase and begins the next.
func (s *stopwatch) enter(phase store.Phase) {
	s.stop()
	s.current, s.since = phase, time.Now()
	s.report(Event{Kind: KindPhase, Phase: phase})
}

// stop ends the current phase.
func (s *stopwatch) stop() {
	if s.current != "" {
		s.seconds[s.current] += time.Since(s.since).Seconds()
	}
	s.current = ""
}

// timing returns the measured times of a training that took so many images through the training
// step, after so many resumed epochs that were trained earlier.
func (s *stopwatch) timing(trained, resumed int) store.Timing {
	now := time.Now()
	return store.Timing{
		Started: s.begin.UTC(), Finished: now.UTC(),
		Seconds: s.seconds, TotalSeconds: now.Sub(s.begin).Seconds(),
		ImagesPerSecond: perSecond(trained, s.seconds[store.PhaseTrain]), PeakMemory: peakMemory(), Resumed: resumed,
	}
}

// perSecond returns a rate, 0 where no time has passed.
func perSecond(n int, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return float64(n) / seconds
}
