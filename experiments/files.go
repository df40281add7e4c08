package experiments

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"go.yaml.in/yaml/v3"

	"backfire/game"
)

// files is the content of a result's files.
type files struct {
	cell        Cell
	result      Result
	timing      Timing
	environment Environment
	epochs      []EpochMetrics
	rows        []game.Row
}

// writeFiles writes them all into dir.
func writeFiles(dir string, f files) error {
	cell, err := yaml.Marshal(f.cell)
	if err != nil {
		return fmt.Errorf("experiments: encode cell: %w", err)
	}
	for _, write := range []func() error{
		func() error { return os.WriteFile(filepath.Join(dir, CellFile), cell, fileMode) },
		func() error { return writeJSON(filepath.Join(dir, ResultFile), f.result) },
		func() error { return writeJSON(filepath.Join(dir, TimingFile), f.timing) },
		func() error { return writeJSON(filepath.Join(dir, EnvironmentFile), f.environment) },
		func() error { return writeMetrics(filepath.Join(dir, MetricsFile), f.epochs) },
		func() error { return writePoison(filepath.Join(dir, PoisonFile), f.rows, f.cell.Game.Attackers) },
	} {
		if err := write(); err != nil {
			return fmt.Errorf("experiments: write result: %w", err)
		}
	}
	return nil
}

func writeMetrics(path string, epochs []EpochMetrics) error {
	exact := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	return writeCSV(path, func(write func(...string)) {
		write("epoch", "loss", "train_accuracy", "lr", "seconds", "images_per_second")
		for _, e := range epochs {
			write(strconv.Itoa(e.Epoch), exact(e.Loss), exact(e.TrainAccuracy), exact(e.LearningRate),
				strconv.FormatFloat(e.Seconds, 'f', 3, 64), strconv.FormatFloat(e.ImagesPerSecond, 'f', 1, 64))
		}
	})
}

// writePoison lists the rows of the training set that carry a trigger. Owner
// and trigger are attacker IDs: who contributed the image, and whose trigger it
// carries.
func writePoison(path string, rows []game.Row, attackers []game.Attacker) error {
	id := func(position int) string { return strconv.Itoa(attackers[position].ID) }
	return writeCSV(path, func(write func(...string)) {
		write("row", "source", "owner", "trigger", "old_label", "new_label")
		for i, row := range rows {
			if row.Trigger == game.NoTrigger {
				continue
			}
			write(strconv.Itoa(i), strconv.Itoa(row.Source), id(row.Owner), id(row.Trigger),
				strconv.Itoa(int(row.Old)), strconv.Itoa(int(row.New)))
		}
	})
}

func writeCSV(path string, fill func(write func(...string))) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, fileMode)
	if err != nil {
		return err
	}
	records := csv.NewWriter(file)
	var writeErr error
	fill(func(fields ...string) {
		if writeErr == nil {
			writeErr = records.Write(fields)
		}
	})
	records.Flush()
	return errors.Join(writeErr, records.Error(), file.Close())
}
