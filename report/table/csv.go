package table

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"backfire/game"
	"backfire/internal/spreadsheet"
	"backfire/stats"
)

// attackerColumns are the columns of FormatCSV, before those of the keys that the
// points vary.
var attackerColumns = []string{
	"table", "dataset", "point", "seed", "defender", "n", "attacker", "target", "label", "p0", "p1", "p2", "redraws",
	"asr", "asr_hits", "asr_of", "base_rate", "lift", "robustness", "single_asr", "interference", "dilution", "transfer_asr", "share_law", "poisoned", "seats", "divergence_mmd2", "divergence_js",
	"clean_accuracy", "collapsed", "cell", "models", "pool_size", "width", "epochs",
	"trigger_kind", "trigger_range", "sampling", "label_mode", "exclude_target_class", "denominator", "budget",
}

// randomnessColumns are the columns behind these that a table has where one of its rows
// has a randomness.
var randomnessColumns = []string{"tv_uniform", "tv_unstamped"}

// repetitionColumns are the columns behind these that a table has where games were trained
// several times.
var repetitionColumns = []string{"training", "training_seed"}

// mappingColumns are the columns behind these that a table has where an attacker has a
// mapping of labels.
var mappingColumns = []string{"mapping", "sources"}

// filterColumns are the columns behind these that a table has where one of its rows has
// a filter.
var filterColumns = []string{"filter_precision", "filter_recall", "filter_honest_lost"}

// randomKind is the trigger_kind of the paper's triggers, as in the setting
// trigger.kind: the column is never empty.
const randomKind = "random"

// nonTargetBudget is the budget of poisoned images of other classes than the target, as
// in the setting attackers.budget.
const nonTargetBudget = "non_target"

// allToOne is the mapping of one target label, as in the setting attackers.mapping.
const allToOne = "all_to_one"

// keyColumn is the column of a key that the points vary.
type keyColumn struct{ key, head string }

// keyColumns returns the columns of the keys of points, behind columns with the names in taken. The seed has one of
// those. Any other key with the name of a column, such as a factor of an audit, has it behind "point.".
func keyColumns(points []map[string]string, taken ...[]string) []keyColumn {
	columns := map[string]keyColumn{}
	for _, keys := range points {
		for key := range keys {
			switch {
			case key == "seed":
			case slices.Contains(slices.Concat(taken...), key):
				columns[key] = keyColumn{key, "point." + key}
			default:
				columns[key] = keyColumn{key, key}
			}
		}
	}
	return slices.SortedFunc(maps.Values(columns), func(a, b keyColumn) int { return cmp.Compare(a.head, b.head) })
}

// heads returns the names of columns.
func heads(columns []keyColumn) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.head
	}
	return names
}

// attackersCSV returns a line for each AttackerRow. An undefined rate is empty.
func (t *Table) attackersCSV() ([]byte, error) {
	randomness, repetition, mappings, filters := t.randomnessColumns(), t.repetitionColumns(), t.mappingColumns(), t.filterColumns()
	points := make([]map[string]string, len(t.AttackerRows))
	for i, r := range t.AttackerRows {
		points[i] = r.Keys
	}
	keys := keyColumns(points, attackerColumns, randomnessColumns, repetitionColumns, mappingColumns, filterColumns)
	lines := [][]string{slices.Concat(attackerColumns, randomness, repetition, mappings, filters, heads(keys))}
	for _, r := range t.AttackerRows {
		divergence := Divergence{MMD2: stats.Undefined(), JS: stats.Undefined()}
		if r.Divergence != nil {
			divergence = *r.Divergence
		}
		line := []string{
			t.Name, t.Dataset, r.Point, strconv.FormatUint(r.Seed, 10), r.Defender, strconv.Itoa(r.N),
			strconv.Itoa(r.Attacker), targetOf(r), r.Label, spreadsheet.Number(r.PoisonRate), spreadsheet.Number(r.P1), spreadsheet.Number(r.P2), strconv.Itoa(r.Redraws),
			spreadsheet.Number(r.ASR.Value()), strconv.Itoa(r.ASR.Hits), strconv.Itoa(r.ASR.Of), spreadsheet.Number(r.BaseRate.Value()), spreadsheet.Number(float64(r.Lift)),
			spreadsheet.Number(r.Robustness.Value()), rateOrEmpty(r.SingleASR),
			orEmpty(r.Interference), orEmpty(r.Dilution), rateOrEmpty(r.TransferASR), orEmpty(r.ShareLaw), strconv.Itoa(r.Poisoned), seatsOf(r),
			spreadsheet.Number(float64(divergence.MMD2)), spreadsheet.Number(float64(divergence.JS)),
			spreadsheet.Number(r.CleanAccuracy.Value()), spreadsheet.Logical(r.Collapsed), r.Cell, strconv.Itoa(r.Models),
			strconv.Itoa(r.Pool), widthOf(r), strconv.Itoa(r.Epochs),
			cmp.Or(r.Readings.TriggerKind, randomKind), r.Readings.TriggerRange, r.Readings.Sampling,
			r.Readings.LabelMode, spreadsheet.Logical(r.Readings.ExcludeTargetClass), r.Readings.Denominator, cmp.Or(r.Readings.Budget, nonTargetBudget),
		}
		if len(randomness) > 0 {
			line = append(line, randomnessTexts(r.Randomness)...)
		}
		if len(repetition) > 0 {
			line = append(line, strconv.Itoa(r.Repetition), strconv.FormatUint(r.TrainingSeed, 10))
		}
		if len(mappings) > 0 {
			line = append(line, mappingTexts(r)...)
		}
		if len(filters) > 0 {
			line = append(line, filterTexts(r.Filter)...)
		}
		for _, column := range keys {
			value := r.Keys[column.key]
			if truth, err := strconv.ParseBool(value); err == nil && value == strconv.FormatBool(truth) {
				value = spreadsheet.Logical(truth)
			}
			line = append(line, value)
		}
		lines = append(lines, line)
	}
	return spreadsheet.Encode(lines)
}

// rateOrEmpty returns a rate's value as text; empty for none.
func rateOrEmpty(r *game.Rate) string {
	if r == nil {
		return ""
	}
	return spreadsheet.Number(r.Value())
}

// orEmpty returns a number as text; empty for none.
func orEmpty(n *stats.Number) string {
	if n == nil {
		return ""
	}
	return spreadsheet.Number(float64(*n))
}

// seatsOf returns the number of seats of an attacker's game.
func seatsOf(r AttackerRow) string {
	if r.Readings.Seats == 0 {
		return strconv.Itoa(r.N)
	}
	return strconv.Itoa(r.Readings.Seats)
}

// widthOf returns the column width: empty where the network is a module.
func widthOf(r AttackerRow) string {
	if r.Width == 0 {
		return ""
	}
	return strconv.Itoa(r.Width)
}

// targetOf returns the column target: empty where each class has a target of its own.
func targetOf(r AttackerRow) string {
	if r.Mapping == string(game.AllToAll) {
		return ""
	}
	return strconv.Itoa(int(r.Target))
}

// mappingColumns returns the columns of the mappings of labels; none if no row has one.
func (t *Table) mappingColumns() []string {
	if !slices.ContainsFunc(t.AttackerRows, func(r AttackerRow) bool { return r.Mapping != "" }) {
		return nil
	}
	return mappingColumns
}

// mappingTexts returns the values of mappingColumns.
func mappingTexts(r AttackerRow) []string {
	return []string{cmp.Or(r.Mapping, allToOne), strings.Join(r.Sources, "; ")}
}

// randomnessColumns returns the columns of the randomness; none if no row has one.
func (t *Table) randomnessColumns() []string {
	if !slices.ContainsFunc(t.AttackerRows, func(r AttackerRow) bool { return r.Randomness != nil }) {
		return nil
	}
	return randomnessColumns
}

// randomnessTexts returns the values of randomnessColumns.
func randomnessTexts(r *game.Randomness) []string {
	if r == nil {
		return []string{"", ""}
	}
	return []string{spreadsheet.Number(float64(r.Uniform)), spreadsheet.Number(float64(r.Unstamped))}
}

// filterColumns returns the columns of what filters removed; none if no row has a filter.
func (t *Table) filterColumns() []string {
	if !slices.ContainsFunc(t.AttackerRows, func(r AttackerRow) bool { return r.Filter != nil }) {
		return nil
	}
	return filterColumns
}

// filterTexts returns the values of filterColumns. A rate over no images is empty.
func filterTexts(f *Filtered) []string {
	texts := make([]string, len(filterColumns))
	if f == nil {
		return texts
	}
	for i, rate := range []game.Rate{f.Precision, f.Recall, f.HonestLost} {
		if rate.Of > 0 {
			texts[i] = spreadsheet.Number(rate.Value())
		}
	}
	return texts
}

// valueColumns are the columns of FormatCellsCSV.
var valueColumns = []string{
	"table", "dataset", "row", "column", "quantity", "seeds", "images", "mean", "ci_low", "ci_high", "ci_over", "std_over_attackers",
	"paper", "paper_std", "paper_repeats", "footnotes",
	"table_seeds", "table_models", "readings",
}

// valuesCSV returns a line for each value of the table.
func (t *Table) valuesCSV() ([]byte, error) {
	lines := [][]string{valueColumns}
	for _, row := range t.Rows {
		for i, entry := range row.Entries {
			for _, v := range entry.Values {
				lines = append(lines, []string{
					t.Name, t.Dataset, strings.Join(row.Labels, ", "), t.Columns[i].title(), string(v.Quantity), strconv.Itoa(v.Seeds),
					strconv.Itoa(v.Images), spreadsheet.Number(float64(v.Mean)), spreadsheet.Number(float64(v.CILow)), spreadsheet.Number(float64(v.CIHigh)), string(v.CIOver), spreadsheet.Number(float64(v.Std)),
					spreadsheet.Number(float64(v.Paper)), spreadsheet.Number(float64(v.PaperStd)), spreadsheet.Number(float64(t.repeatsOf(v))), t.footnotes(row, entry),
					SeedList(t.Seeds), strconv.Itoa(t.Models), ReadingsTexts(t.Readings),
				})
			}
		}
	}
	return spreadsheet.Encode(lines)
}

// repeatsOf returns PaperRepeats for a value that has a figure of the paper beside it.
func (t *Table) repeatsOf(v Value) stats.Number {
	if !v.Paper.Defined() {
		return stats.Undefined()
	}
	return t.PaperRepeats
}

// footnotes returns the texts behind the marks of an entry and its row.
func (t *Table) footnotes(row Row, entry Entry) string {
	var texts []string
	for _, note := range t.Footnotes {
		for _, mark := range append(append([]string{}, row.Marks...), entry.Marks...) {
			if mark == note.Mark {
				texts = append(texts, note.Text)
			}
		}
	}
	return strings.Join(texts, " ")
}
