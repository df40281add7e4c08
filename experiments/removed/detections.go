package removed

import (
	"fmt"

	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
)

// DetectionFile is the name of the file of a result that counts what filters find by its
// model's features.
const DetectionFile = "detection.json"

// detectionFormat is the version of Detections.
const detectionFormat = 1

// Detections holds what filters find by the features of a trained model. Nothing is removed,
// and no model is trained anew.
type Detections struct {
	Format  int         `json:"format"` // set by Write
	Cell    string      `json:"cell"`   // hash
	Filters []Detection `json:"filters"`
}

// Detection holds the finds of one filter among the contributed images of the training set.
type Detection struct {
	// Filter is the name of the defense if it has its default settings, otherwise its stack in JSON.
	Filter string `json:"filter"`
	// Found counts the images that the filter would remove.
	Found *Counts `json:"found"`
}

// Of returns the share of the poisoned images of the agent with an ID that each filter finds,
// by the filter's name; nil if the model never saw its images.
func (d *Detections) Of(id int) map[string]game.Rate {
	var found map[string]game.Rate
	for _, one := range d.Filters {
		for _, agent := range one.Found.Agents {
			if agent.ID != id {
				continue
			}
			if found == nil {
				found = map[string]game.Rate{}
			}
			found[one.Filter] = agent.Recall
		}
	}
	return found
}

// Write writes the detections to a file in dir: DetectionFile, or a DetectorFile.
func (d Detections) Write(dir, name string) error {
	d.Format = detectionFormat
	if err := jsonfile.WriteIn(disk.In(dir), name, d); err != nil {
		return fmt.Errorf("removed: write detections: %w", err)
	}
	return nil
}

// ReadDetections reads a file that Write wrote into a directory.
func ReadDetections(dir disk.Dir, name string) (*Detections, error) {
	var d Detections
	if err := jsonfile.ReadIn(dir, name, &d); err != nil {
		return nil, fmt.Errorf("removed: read detections: %w", err)
	}
	for _, one := range d.Filters {
		if one.Found == nil {
			return nil, fmt.Errorf("removed: read detections: %s has no counts of %s", name, one.Filter)
		}
	}
	return &d, nil
}
