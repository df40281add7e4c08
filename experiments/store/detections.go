package store

import "backfire/experiments/removed"

// Detections reads removed.DetectionFile, an artefact, which results have on request only.
func (r *Record) Detections() (*removed.Detections, error) { return removed.ReadDetections(r.files()) }
