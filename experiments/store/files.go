package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strconv"

	"go.yaml.in/yaml/v3"

	"backfire/defenses"
	"backfire/experiments/cell"
	"backfire/experiments/curve"
	"backfire/experiments/removed"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
)

// defenderName stands for the defender where attackers have their IDs.
const defenderName = "defender"

// ResultFiles is the content of a result's files, except artefacts and manifest.
type ResultFiles struct {
	Cell        cell.Cell
	Result      Result
	Environment Environment
	Epochs      []EpochMetrics
	Curve       curve.Request // that the epochs' scores answer; zero: there are none
	Rows        []game.Row
	Images      []uint8 // by row, as trained on, Cell.Data.Shape.Size() bytes each
	Predicted   []uint8 // by probe: the predicted class
	Simulated   []int   // by row, or nil; see cell.Cell.TrainingSet

	// Unfiltered holds the rows before the cell's filter, and Removed the positions that it removed; both are nil
	// without a filter.
	Unfiltered []game.Row
	Removed    []int

	AttributedProbes []AttributedProbe // of an attribution
	// Unlearned holds, of an attribution, the predictions for all probes after each attacker's images were
	// unlearned, one attacker after the other.
	Unlearned []uint8
}

// Write writes all files into the directory at a path.
func (f ResultFiles) Write(path string) error {
	dir := disk.In(path)
	text, err := yaml.Marshal(f.Cell)
	if err != nil {
		return fmt.Errorf("store: encode cell: %w", err)
	}
	for _, write := range []func() error{
		func() error { return dir.WriteFile(CellFile, text) },
		func() error { return f.Result.writeSeparated(dir) },
		func() error { return jsonfile.WriteIn(dir, EnvironmentFile, f.Environment) },
		func() error { return f.WriteMetrics(dir.Path(MetricsFile)) },
		func() error { return f.writeCurve(dir) },
		func() error { return f.WritePoison(dir.Path(PoisonFile)) },
		func() error { return dir.WriteFile(PredictionsFile, f.Predicted) },
		func() error { return f.WriteAttribution(path) },
		func() error { return f.writeRemoved(dir) },
	} {
		if err := write(); err != nil {
			return fmt.Errorf("store: write result: %w", err)
		}
	}
	return nil
}

// writeRemoved writes the list of removed images for a cell with a filter.
func (f ResultFiles) writeRemoved(dir disk.Dir) error {
	if f.Removed == nil {
		return nil
	}
	return removed.Write(dir, f.Cell, f.Unfiltered, f.Removed)
}

// WriteAttribution writes the files that only the result of an attribution has into dir; nothing for other
// cells.
func (f ResultFiles) WriteAttribution(dir string) error {
	if f.Cell.Attribution == nil {
		return nil
	}
	if err := writeQueries(filepath.Join(dir, QueriesFile), f.Cell, f.AttributedProbes); err != nil {
		return err
	}
	return disk.In(dir).WriteFile(UnlearnedFile, f.Unlearned)
}

// WritePoison lists the rows of the training set that carry a trigger in the file at path. Owner and trigger
// are agents' IDs: the contributor of the image, and the attacker whose trigger it carries. Rows that the
// defender stamped have "defender" as their owner and, in place of a trigger, a simulated attacker. The
// SHA-256 is over the values of the stamped image, channel by channel.
func (f ResultFiles) WritePoison(path string) error {
	size := f.Cell.Data.Shape.Size()
	ids := f.Cell.Game.AgentIDs()
	id := func(position int) string { return strconv.Itoa(ids[position]) }
	return writeCSV(path, func(write func(...string)) {
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
