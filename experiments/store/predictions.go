package store

import (
	"fmt"
	"slices"

	"backfire/datasets"
	"backfire/internal/disk"
)

// Predictions reads the class that the model predicts for each probe, in the order of game.Probes. classes is the
// number of classes of the cell's dataset.
func (r *Record) Predictions(classes int) ([]uint16, error) {
	predicted, err := readPredictions(r.files(), PredictionsFile, classes)
	if err != nil {
		return nil, fmt.Errorf("store: read predictions: %w", err)
	}
	return predicted, nil
}

// UnlearnedPredictions reads, for each agent by position, the predictions for all probes after its images were
// unlearned. The error wraps ErrBroken if the file does not hold as many for each.
func (r *Record) UnlearnedPredictions() ([][]uint16, error) {
	all, err := readPredictions(r.files(), UnlearnedFile, len(r.Cell.Data.Classes))
	if err != nil {
		return nil, fmt.Errorf("store: read predictions: %w", err)
	}
	agents := r.Cell.Game.SeatCount()
	if len(all)%agents != 0 {
		return nil, fmt.Errorf("store: read predictions: %w: %s holds %d of %d agents", ErrBroken, UnlearnedFile, len(all), agents)
	}
	return slices.Collect(slices.Chunk(all, len(all)/agents)), nil
}

// readPredictions reads PredictionsFile or UnlearnedFile of a cell whose dataset has so many classes. The error
// wraps ErrBroken if the file ends within a prediction.
func readPredictions(dir disk.Dir, name string, classes int) ([]uint16, error) {
	data, err := dir.ReadFile(name, disk.MaxBytes)
	if err != nil {
		return nil, err
	}
	if width := datasets.LabelBytes(classes); len(data)%width != 0 {
		return nil, fmt.Errorf("%w: %s has %d bytes: a prediction takes %d", ErrBroken, name, len(data), width)
	}
	return datasets.DecodeLabels(data, classes), nil
}

// WritePredictions writes the predictions for all probes into the directory at a path.
func (f ResultFiles) WritePredictions(path string) error {
	return f.writeClasses(disk.In(path), PredictionsFile, f.Predicted)
}

// writeClasses writes predictions in the form of PredictionsFile.
func (f ResultFiles) writeClasses(dir disk.Dir, name string, predicted []uint16) error {
	return dir.WriteFile(name, datasets.EncodeLabels(predicted, len(f.Cell.Data.Classes)))
}
