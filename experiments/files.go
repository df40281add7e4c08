package experiments

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
	"backfire/game"
)

// defenderName stands for the defender where attackers have their IDs.
const defenderName = "defender"

// files is the content of a result's files.
type files struct {
	cell        Cell
	result      Result
	environment Environment
	epochs      []EpochMetrics
	rows        []game.Row
	images      []uint8 // by row, as trained on
	predicted   []uint8 // by probe
	simulated   []int   // by row, or nil; see Cell.trainingSet
	inquiry     inquired
}

// writeFiles writes them all into dir.
func writeFiles(dir string, f files) error {
	cell, err := yaml.Marshal(f.cell)
	if err != nil {
		return fmt.Errorf("experiments: encode cell: %w", err)
	}
	for _, write := range []func() error{
		func() error { return os.WriteFile(filepath.Join(dir, CellFile), cell, fileMode) },
		func() error { return writeResult(dir, f.result) },
		func() error { return writeJSON(filepath.Join(dir, EnvironmentFile), f.environment) },
		func() error { return writeMetrics(filepath.Join(dir, MetricsFile), f.epochs) },
		func() error { return writePoison(filepath.Join(dir, PoisonFile), f) },
		func() error { return os.WriteFile(filepath.Join(dir, PredictionsFile), f.predicted, fileMode) },
		func() error { return writeInquiry(dir, f) },
	} {
		if err := write(); err != nil {
			return fmt.Errorf("experiments: write result: %w", err)
		}
	}
	return nil
}

// writeResult writes a result with its digests into dir.
func writeResult(dir string, result Result) error {
	sealed, err := result.sealed()
	if err != nil {
		return err
	}
	compact, err := compactJSON(sealed)
	if err != nil {
		return fmt.Errorf("encode %s: %w", ResultFile, err)
	}
	return os.WriteFile(filepath.Join(dir, ResultFile), layOut(compact, resultLevels), fileMode)
}

// writeInquiry writes what an inquiry found out; nothing for other cells.
func writeInquiry(dir string, f files) error {
	if f.cell.Inquiry == nil {
		return nil
	}
	if err := writeQueries(filepath.Join(dir, QueriesFile), f.cell, f.inquiry.asked); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, UnlearnedFile), f.inquiry.unlearned, fileMode)
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
// carries. Rows that the defender stamped have its name as their owner, and a
// simulated attacker in place of a trigger's. The sum is over the values of the
// stamped image, channel by channel.
func writePoison(path string, f files) error {
	size := f.cell.Data.Shape.Size()
	id := func(position int) string { return strconv.Itoa(f.cell.Game.Attackers[position].ID) }
	return writeCSV(path, func(write func(...string)) {
		write("row", "source", "owner", "trigger", "old_label", "new_label", "simulated", "sha256")
		for i, row := range f.rows {
			owner, trigger, simulated := defenderName, "", ""
			switch {
			case row.Trigger != game.NoTrigger:
				owner, trigger = id(row.Owner), id(row.Trigger)
			case f.simulated != nil && f.simulated[i] != defenses.NotSimulated:
				simulated = strconv.Itoa(f.simulated[i])
			default:
				continue
			}
			sum := sha256.Sum256(f.images[i*size : (i+1)*size])
			write(strconv.Itoa(i), strconv.Itoa(row.Source), owner, trigger,
				strconv.Itoa(int(row.Old)), strconv.Itoa(int(row.New)), simulated, hex.EncodeToString(sum[:]))
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
