package store

import (
	"slices"

	"backfire/experiments/removed"
)

// Detections reads removed.DetectionFile and the files of detectors, artefacts which results have on request only. The
// error wraps fs.ErrNotExist if there is none of them.
func (r *Record) Detections() (*removed.Detections, error) {
	names := r.Files()
	if r.digests == nil { // no manifest was read
		names, _ = r.files().Files(".") // without a directory there is no DetectionFile either
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name != removed.DetectionFile && !removed.IsDetectorFile(name) })
	if len(names) == 0 {
		names = []string{removed.DetectionFile}
	}
	var all *removed.Detections
	for _, name := range names {
		d, err := removed.ReadDetections(r.files(), name)
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = d
			continue
		}
		all.Filters = append(all.Filters, d.Filters...)
	}
	return all, nil
}
