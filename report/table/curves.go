package table

import (
	"slices"
	"strconv"

	"backfire/internal/spreadsheet"
	"backfire/stats"
)

// CurveRow is one value of a learning curve of one game of one seed: a line of
// FormatCurvesCSV.
type CurveRow struct {
	Point string
	Keys  map[string]string
	Seed  uint64
	// Repetition is that of AttackerRow.
	Repetition int
	Defender   string
	N          int
	Model      string // hash of the model that answers the agent; of the first model for the defender
	Epoch      int    // from 1
	Agent      string // an attacker's ID, or defender
	Measure    string // asr, base_rate, lift or standard_accuracy
	Value      stats.Number
}

// curveColumns are the columns of FormatCurvesCSV, before those of the keys that the
// points vary.
var curveColumns = []string{"table", "dataset", "point", "seed", "defender", "n", "cell", "epoch", "agent", "measure", "value"}

// curvesCSV returns a line for each CurveRow. An undefined value is empty.
func (t *Table) curvesCSV() ([]byte, error) {
	points := make([]map[string]string, len(t.CurveRows))
	for i, r := range t.CurveRows {
		points[i] = r.Keys
	}
	keys := keyColumns(points, curveColumns, repetitionColumns)
	repetition := []string{}
	if len(t.repetitionColumns()) > 0 {
		repetition = []string{"training"}
	}
	lines := [][]string{slices.Concat(curveColumns, repetition, heads(keys))}
	for _, r := range t.CurveRows {
		line := []string{
			t.Name, t.Dataset, r.Point, strconv.FormatUint(r.Seed, 10), r.Defender, strconv.Itoa(r.N), r.Model,
			strconv.Itoa(r.Epoch), r.Agent, r.Measure, spreadsheet.Number(float64(r.Value)),
		}
		if len(repetition) > 0 {
			line = append(line, strconv.Itoa(r.Repetition))
		}
		for _, column := range keys {
			line = append(line, r.Keys[column.key])
		}
		lines = append(lines, line)
	}
	return spreadsheet.Encode(lines)
}
