package report

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"maps"
	"slices"
	"strconv"
	"strings"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/stats"
)

// Run is one attacker of one game of one seed: a line of FormatCSV.
type Run struct {
	Point    string            `json:"point"`
	Keys     map[string]string `json:"keys"`
	Seed     uint64            `json:"seed"`
	Defender string            `json:"defender"`
	N        int               `json:"n"`
	Cell     string            `json:"cell"`   // hash of the model that answers the attacker's queries
	Models   int               `json:"models"` // trained for the game, by this defender

	Attacker   int          `json:"attacker"`
	Target     int          `json:"target"`
	Label      string       `json:"label"`
	PoisonRate float64      `json:"p0"`
	P1         float64      `json:"p1"`
	P2         float64      `json:"p2"`
	Redraws    int          `json:"redraws"` // triggers that were drawn before and not kept
	ASR        game.Rate    `json:"asr"`
	BaseRate   game.Rate    `json:"base_rate"`
	Lift       stats.Number `json:"lift"`
	Robustness game.Rate    `json:"robustness"`
	SingleASR  *game.Rate   `json:"single_asr"` // nil: not played alone
	// Divergence is that of the attacker's images of its target class; nil: not
	// measured.
	Divergence *store.AttackerDivergence `json:"divergence"`

	CleanAccuracy game.Rate `json:"clean_accuracy"`
	Collapsed     bool      `json:"collapsed"`

	Pool     int           `json:"pool_size"`
	Width    int           `json:"width"`
	Epochs   int           `json:"epochs"`
	Readings cell.Readings `json:"readings"`
}

// runColumns are the columns of FormatCSV, before those of the keys that the
// points vary.
var runColumns = []string{
	"table", "dataset", "point", "seed", "defender", "n", "attacker", "target", "label", "p0", "p1", "p2", "redraws",
	"asr", "asr_hits", "asr_of", "base_rate", "lift", "robustness", "single_asr", "divergence_mmd2", "divergence_js",
	"clean_accuracy", "collapsed", "cell", "models", "pool_size", "width", "epochs",
	"trigger_kind", "trigger_range", "sampling", "label_mode", "exclude_target_class", "denominator",
}

// randomKind is what trigger_kind says of the paper's triggers, as the setting
// trigger.kind does: it is never empty.
const randomKind = "random"

// keyColumns are the keys that the points vary, unless a column has their name.
func (t *Table) keyColumns() []string {
	keys := map[string]bool{}
	for _, r := range t.Runs {
		for key := range r.Keys {
			if !slices.Contains(runColumns, key) {
				keys[key] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// runsCSV has the columns of Run. A rate that there is not is empty.
func (t *Table) runsCSV() ([]byte, error) {
	keys := t.keyColumns()
	lines := [][]string{slices.Concat(runColumns, keys)}
	for _, r := range t.Runs {
		single, divergence := stats.Undefined(), store.AttackerDivergence{MMD2: stats.Undefined(), JS: stats.Undefined()}
		if r.SingleASR != nil {
			single = stats.Number(r.SingleASR.Value())
		}
		if r.Divergence != nil {
			divergence = *r.Divergence
		}
		line := []string{
			t.Name, t.Dataset, r.Point, strconv.FormatUint(r.Seed, 10), r.Defender, strconv.Itoa(r.N),
			strconv.Itoa(r.Attacker), strconv.Itoa(r.Target), r.Label, number(r.PoisonRate), number(r.P1), number(r.P2), strconv.Itoa(r.Redraws),
			number(r.ASR.Value()), strconv.Itoa(r.ASR.Hits), strconv.Itoa(r.ASR.Of), number(r.BaseRate.Value()), number(float64(r.Lift)),
			number(r.Robustness.Value()), number(float64(single)), number(float64(divergence.MMD2)), number(float64(divergence.JS)),
			number(r.CleanAccuracy.Value()), logical(r.Collapsed), r.Cell, strconv.Itoa(r.Models),
			strconv.Itoa(r.Pool), strconv.Itoa(r.Width), strconv.Itoa(r.Epochs),
			cmp.Or(r.Readings.TriggerKind, randomKind), r.Readings.TriggerRange, r.Readings.Sampling,
			r.Readings.LabelMode, logical(r.Readings.ExcludeTargetClass), r.Readings.Denominator,
		}
		for _, key := range keys {
			value := r.Keys[key]
			if truth, err := strconv.ParseBool(value); err == nil && value == strconv.FormatBool(truth) {
				value = logical(truth)
			}
			line = append(line, value)
		}
		lines = append(lines, line)
	}
	return encodeCSV(lines)
}

// cellColumns are the columns of FormatCellsCSV.
var cellColumns = []string{
	"table", "dataset", "row", "column", "quantity", "seeds", "mean", "ci95_over_seeds", "std_over_attackers", "paper", "paper_std", "footnotes",
	"table_seeds", "table_models", "readings",
}

// cellsCSV has a line for each figure of the table.
func (t *Table) cellsCSV() ([]byte, error) {
	lines := [][]string{cellColumns}
	for _, row := range t.Rows {
		for i, cell := range row.Cells {
			for _, f := range cell.Figures {
				lines = append(lines, []string{
					t.Name, t.Dataset, strings.Join(row.Labels, ", "), t.Columns[i].title(), string(f.Quantity), strconv.Itoa(f.Seeds),
					number(float64(f.Mean)), number(float64(f.CI95)), number(float64(f.Std)),
					number(float64(f.Paper)), number(float64(f.PaperStd)), t.footnotes(row, cell),
					seedList(t.Seeds), strconv.Itoa(t.Models), readingsTexts(t.Readings),
				})
			}
		}
	}
	return encodeCSV(lines)
}

// footnotes returns the texts behind the marks of a cell and its row.
func (t *Table) footnotes(row Row, cell Cell) string {
	var texts []string
	for _, note := range t.Footnotes {
		for _, mark := range append(append([]string{}, row.Marks...), cell.Marks...) {
			if mark == note.Mark {
				texts = append(texts, note.Text)
			}
		}
	}
	return strings.Join(texts, " ")
}

// number writes a number with the digits that give it back exactly; empty if it
// is undefined.
func number(x float64) string {
	if !stats.Number(x).Defined() {
		return ""
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// logical writes a truth value as both R and pandas know it.
func logical(b bool) string { return strings.ToUpper(strconv.FormatBool(b)) }

func encodeCSV(lines [][]string) ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	if err := w.WriteAll(lines); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
