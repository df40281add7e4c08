package store

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"backfire/experiments/curve"
	"backfire/internal/disk"
)

// EpochMetrics is one line of MetricsFile.
type EpochMetrics struct {
	Epoch           int     `json:"epoch"` // from 1
	Loss            float64 `json:"loss"`  // mean cross-entropy
	TrainAccuracy   float64 `json:"train_accuracy"`
	LearningRate    float64 `json:"lr"` // of the last step
	Seconds         float64 `json:"seconds"`
	ImagesPerSecond float64 `json:"images_per_second"`
	// Scores are those of the learning curve; nil after an epoch without.
	Scores *curve.Scores `json:"scores,omitempty"`
}

// metricsHead returns the columns of MetricsFile that every result has.
func metricsHead() []string {
	return []string{"epoch", "loss", "train_accuracy", "lr", "seconds", "images_per_second"}
}

// Metrics reads the metrics of the training, one entry per epoch, without scores, which Curve reads. The error
// names the line that does not parse.
func (r *Record) Metrics() ([]EpochMetrics, error) {
	metrics, err := readMetrics(r.files())
	if err != nil {
		return nil, fmt.Errorf("store: read metrics: %w", err)
	}
	return metrics, nil
}

// readMetrics reads what ResultFiles.WriteMetrics wrote.
func readMetrics(dir disk.Dir) ([]EpochMetrics, error) {
	path := dir.Path(MetricsFile)
	text, err := dir.ReadFile(MetricsFile, disk.MaxText)
	if err != nil {
		return nil, err
	}
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	head := metricsHead()
	if len(lines) == 0 || len(lines[0]) < len(head) || !slices.Equal(lines[0][:len(head)], head) {
		return nil, fmt.Errorf("%s: the first columns are not %v", path, head)
	}
	var metrics []EpochMetrics
	for i, line := range lines[1:] {
		var e EpochMetrics
		if e.Epoch, err = strconv.Atoi(line[0]); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, i+2, err)
		}
		for at, field := range []*float64{&e.Loss, &e.TrainAccuracy, &e.LearningRate, &e.Seconds, &e.ImagesPerSecond} {
			if *field, err = strconv.ParseFloat(line[at+1], 64); err != nil {
				return nil, fmt.Errorf("%s, line %d: %w", path, i+2, err)
			}
		}
		metrics = append(metrics, e)
	}
	return metrics, nil
}

// WriteMetrics writes the metrics of all epochs to the file at path, with columns of the scores if there are
// any.
func (f ResultFiles) WriteMetrics(path string) error {
	exact := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	scores := scoreColumns(f.Epochs)
	return writeCSV(path, func(write func(...string)) {
		head := metricsHead()
		for _, column := range scores {
			head = append(head, column.name)
		}
		write(head...)
		for _, e := range f.Epochs {
			line := []string{
				strconv.Itoa(e.Epoch), exact(e.Loss), exact(e.TrainAccuracy), exact(e.LearningRate),
				strconv.FormatFloat(e.Seconds, 'f', 3, 64), strconv.FormatFloat(e.ImagesPerSecond, 'f', 1, 64),
			}
			for _, column := range scores {
				line = append(line, column.text(e.Scores))
			}
			write(line...)
		}
	})
}

// writeCSV writes the lines that fill passes to write.
func writeCSV(path string, fill func(write func(...string))) error {
	dir, name := disk.Split(path)
	file, err := dir.Create(name)
	if err != nil {
		return err
	}
	lines := csv.NewWriter(file)
	var writeErr error
	fill(func(fields ...string) {
		if writeErr == nil {
			writeErr = lines.Write(fields)
		}
	})
	lines.Flush()
	return errors.Join(writeErr, lines.Error(), file.Close())
}
