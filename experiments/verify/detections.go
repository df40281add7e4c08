package verify

import (
	"context"
	"encoding/json"
	"fmt"

	"backfire/experiments/removed"
	"backfire/experiments/store"
)

// checkDetections compares what filters find with what they find by the features of the
// stored model. On another kind of machine rounding may move the odd image across a
// threshold: there the note names the filters that differ.
func (c *verification) checkDetections(context.Context) (string, error) {
	switch {
	case c.manifest == nil:
		return "", unchecked(store.ManifestFile)
	case !c.manifest.Artefacts().Detects():
		return "not stored", nil
	case c.manifest.Files[store.ModelFile] == "":
		return withoutModel, nil
	case c.answered == nil:
		return "", unchecked("model")
	}
	stored, err := (&store.Record{Cell: *c.cell, Dir: c.dir.Path(".")}).Detections()
	if err != nil {
		return "", err
	}
	again, err := (&store.Record{Cell: *c.cell, Dir: c.answered.dir.Path(".")}).Detections()
	if err != nil {
		return "", err
	}
	if stored.Format != again.Format || stored.Cell != again.Cell || len(stored.Filters) != len(again.Filters) {
		return "", fmt.Errorf("%s is of another training set or model", removed.DetectionFile)
	}
	differing := ""
	for i := range stored.Filters {
		one, err := json.Marshal(stored.Filters[i])
		if err != nil {
			return "", err
		}
		two, err := json.Marshal(again.Filters[i])
		if err != nil {
			return "", err
		}
		if string(one) != string(two) {
			differing = again.Filters[i].Filter
		}
	}
	switch {
	case differing == "":
		return fmt.Sprintf("%d filters find the same images", len(stored.Filters)), nil
	case c.answered.exact:
		return "", fmt.Errorf("%s finds other images by its features than %s has", differing, removed.DetectionFile)
	default:
		return fmt.Sprintf("%s, %s finds other images", elsewhere, differing), nil
	}
}

// detectors returns the stacks of the stored detectors, in JSON. Detections that cannot be read are refused by
// checkDetections.
func (c *verification) detectors() []string {
	if !c.manifest.Artefacts().Detects() {
		return nil
	}
	found, err := (&store.Record{Cell: *c.cell, Dir: c.dir.Path(".")}).Detections()
	if err != nil {
		return nil
	}
	var stacks []string
	for _, one := range found.Filters {
		if name := removed.DetectorFile(one.Filter); c.manifest.Files[name] != "" {
			stacks = append(stacks, one.Filter)
		}
	}
	return stacks
}
