package store

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"go.yaml.in/yaml/v3"

	"backfire/defenses"
	"backfire/experiments/cell"
	"backfire/game"
)

// defenderName stands for the defender where attackers have their IDs.
const defenderName = "defender"

// files is the content of a result's files.
type ResultFiles struct {
	Cell        cell.Cell
	Result      Result
	Environment Environment
	Epochs      []EpochMetrics
	Rows        []game.Row
	Images      []uint8 // by row, as trained on
	Predicted   []uint8 // by probe
	Simulated   []int   // by row, or nil; see Cell.trainingSet
	Attribution AttributionAnswers
}

// writeFiles writes them all into dir.
func WriteFiles(dir string, f ResultFiles) error {
	cell, err := yaml.Marshal(f.Cell)
	if err != nil {
		return fmt.Errorf("experiments: encode cell: %w", err)
	}
	for _, write := range []func() error{
		func() error { return os.WriteFile(filepath.Join(dir, CellFile), cell, FileMode) },
		func() error { return WriteResult(dir, f.Result) },
		func() error { return WriteJSON(filepath.Join(dir, EnvironmentFile), f.Environment) },
		func() error { return WriteMetrics(filepath.Join(dir, MetricsFile), f.Epochs) },
		func() error { return WritePoison(filepath.Join(dir, PoisonFile), f) },
		func() error { return os.WriteFile(filepath.Join(dir, PredictionsFile), f.Predicted, FileMode) },
		func() error { return WriteAttribution(dir, f) },
	} {
		if err := write(); err != nil {
			return fmt.Errorf("experiments: write result: %w", err)
		}
	}
	return nil
}

// WriteResult writes a result with its digests into dir.
func WriteResult(dir string, result Result) error {
	sealed, err := result.sealed()
	if err != nil {
		return err
	}
	compact, err := CompactJSON(sealed)
	if err != nil {
		return fmt.Errorf("encode %s: %w", ResultFile, err)
	}
	return os.WriteFile(filepath.Join(dir, ResultFile), layOut(compact, resultLevels), FileMode)
}

// writeInquiry writes what an inquiry found out; nothing for other cells.
func WriteAttribution(dir string, f ResultFiles) error {
	if f.Cell.Attribution == nil {
		return nil
	}
	if err := writeQueries(filepath.Join(dir, QueriesFile), f.Cell, f.Attribution.Probes); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, UnlearnedFile), f.Attribution.Unlearned, FileMode)
}

func WriteMetrics(path string, epochs []EpochMetrics) error {
	exact := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	return WriteCSV(path, func(write func(...string)) {
		write("epoch", "loss", "train_accuracy", "lr", "seconds", "images_per_second")
		for _, e := range epochs {
			write(strconv.Itoa(e.Epoch), exact(e.Loss), exact(e.TrainAccuracy), exact(e.LearningRate),
				strconv.FormatFloat(e.Seconds, 'f', 3, 64), strconv.FormatFloat(e.ImagesPerSecond, 'f', 1, 64))
		}
	})
}

// writePoison lists the rows of the training set that carry a trigger. Owner
// and trigger are attacker IDs: who contributed the image, and whose trigger it
// carries. Rows that the defender stamped have its name as their owner, and a
// simulated attacker in place of a trigger's. The sum is over the values of the
// stamped image, channel by channel.
func WritePoison(path string, f ResultFiles) error {
	size := f.Cell.Data.Shape.Size()
	id := func(position int) string { return strconv.Itoa(f.Cell.Game.Attackers[position].ID) }
	return WriteCSV(path, func(write func(...string)) {
		write("row", "source", "owner", "trigger", "old_label", "new_label", "simulated", "sha256")
		for i, row := range f.Rows {
			owner, trigger, simulated := defenderName, "", ""
			switch {
			case row.Trigger != game.NoTrigger:
				owner, trigger = id(row.Owner), id(row.Trigger)
			case f.Simulated != nil && f.Simulated[i] != defenses.NotSimulated:
				simulated = strconv.Itoa(f.Simulated[i])
			default:
				continue
			}
			sum := sha256.Sum256(f.Images[i*size : (i+1)*size])
			write(strconv.Itoa(i), strconv.Itoa(row.Source), owner, trigger,
				strconv.Itoa(int(row.Old)), strconv.Itoa(int(row.New)), simulated, hex.EncodeToString(sum[:]))
		}
	})
}

func WriteCSV(path string, fill func(write func(...string))) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, FileMode)
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
