package runtest

import (
	"backfire/experiments/estimate"
	"backfire/experiments/store"
	"backfire/internal/enginetest"
)

func NewEstimator(st *store.Store, workers int) estimate.Estimator {
	return estimate.Estimator{Engine: store.EngineInfo{Name: "fake", GPUs: []string{}}, Store: st, Command: enginetest.Command(enginetest.Fault{}), Device: "cpu", Workers: workers, Threads: 1}
}
