package store

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Environment reads what the cell was trained with and on.
func (r *Record) Environment() (Environment, error) {
	var e Environment
	if err := ReadJSON(filepath.Join(r.Dir, EnvironmentFile), &e); err != nil {
		return Environment{}, fmt.Errorf("experiments: read environment: %w", err)
	}
	return e, nil
}

// Metrics reads how the training went, one entry per epoch.
func (r *Record) Metrics() ([]EpochMetrics, error) {
	metrics, err := readMetrics(filepath.Join(r.Dir, MetricsFile))
	if err != nil {
		return nil, fmt.Errorf("experiments: read metrics: %w", err)
	}
	return metrics, nil
}

// readMetrics reads what WriteMetrics wrote.
func readMetrics(path string) ([]EpochMetrics, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	records := csv.NewReader(file)
	records.FieldsPerRecord = 6
	lines, err := records.ReadAll()
	if err != nil {
		return nil, err
	}
	var metrics []EpochMetrics
	for i, line := range lines {
		if i == 0 {
			continue // heads
		}
		var e EpochMetrics
		if e.Epoch, err = strconv.Atoi(line[0]); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, i+1, err)
		}
		for at, field := range []*float64{&e.Loss, &e.TrainAccuracy, &e.LearningRate, &e.Seconds, &e.ImagesPerSecond} {
			if *field, err = strconv.ParseFloat(line[at+1], 64); err != nil {
				return nil, fmt.Errorf("%s, line %d: %w", path, i+1, err)
			}
		}
		metrics = append(metrics, e)
	}
	return metrics, nil
}
