package table_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/report/table"
	"backfire/stats"
)

// written returns a table in a format.
func written(t require.TestingT, made *table.Table, format table.Format) string {
	var out strings.Builder
	require.NoError(t, made.Write(&out, format))
	return out.String()
}

// seeds returns the shares of several seeds, each of 1000 images.
func seeds(shares ...float64) []table.Measured {
	var all []table.Measured
	for _, share := range shares {
		all = append(all, table.Measured{Value: share, Images: 1000})
	}
	return all
}

// spreads returns the shares of the attackers of several seeds, each of 1000 images.
func spreads(attackers ...[]float64) []table.MeasuredSpread {
	var all []table.MeasuredSpread
	for _, shares := range attackers {
		all = append(all, table.MeasuredSpread{Over: stats.Summarize(shares), Images: 1000 * len(shares)})
	}
	return all
}

// games is a table with a row for each defender and each of several numbers of attackers,
// and a list of the attackers of each.
func games(width int, defenders []string, counts ...int) *table.Table {
	made := &table.Table{Title: "Games", Heads: []string{"defender", "N"}, Columns: []table.Column{{Head: "acc."}, {Head: "ASR"}}, Width: width, Seeds: []uint64{1}}
	for _, n := range counts {
		for _, defender := range defenders {
			labels := []string{defender, fmt.Sprint(n)}
			value := table.EntryOf(table.NewValue(table.QuantityASR, seeds(0.5)))
			made.Rows = append(made.Rows, table.Row{Labels: labels, Entries: []table.Entry{value, value}})
			list := table.AttackerList{Labels: labels}
			for id := range n {
				single := table.NewValue(table.QuantitySingleASR, seeds(1)).InBrackets()
				list.IDs, list.Entries = append(list.IDs, id), append(list.Entries, table.EntryOf(value.Values[0], single))
			}
			made.Lists = append(made.Lists, list)
		}
	}
	return made
}

// Labels that do not fit beside the values stand above them, and the rows below a label
// stand together.
func TestLabelsMoveAboveTheValues(t *testing.T) {
	defenders := []string{"none", "agent_augmentation"}
	wide := written(t, games(0, defenders, 1, 2), table.FormatText)
	require.Contains(t, wide, "agent_augmentation  2   50.0   50.0\n  95 % CI, images      46–54  46–54\n")
	narrow := written(t, games(30, defenders, 1, 2), table.FormatText)
	require.Contains(t, narrow, "defender: agent_augmentation\n  1            50.0   50.0\n  CI, images  46–54  46–54\n  2            50.0   50.0\n")
	require.Contains(t, narrow, "\n  N   ID\n  1    0  50.0 (100.0)\n  2    0  50.0 (100.0)\n       1  50.0 (100.0)\n")
}

// Where intervals do not fit, their limits stand below each other.
func TestLimitsMoveBelowEachOther(t *testing.T) {
	narrowest := written(t, games(22, []string{"none"}, 1), table.FormatText)
	require.Contains(t, narrowest, "\n  1          50.0 50.0\n  CI, images   46   46\n               54   54\n")
}

// Numbers with and without a decimal stand below each other by their units. Intervals
// take the width of a mean and its spread.
func TestUnitsStandBelowEachOther(t *testing.T) {
	few := table.NewSpread(table.QuantityASR, []table.MeasuredSpread{{Over: stats.Summarize([]float64{0.95, 0.97}), Images: 120}})
	many := table.NewSpread(table.QuantityASR, spreads([]float64{0.041, 0.039}))
	made := &table.Table{Title: "Two", Heads: []string{"N"}, Columns: []table.Column{{Head: "ASR"}, {Head: "change"}}, PaperRepeats: 0.133}
	change := table.NewValue(table.QuantityASRChange, seeds(-0.5, -0.5, -0.0001))
	made.Rows = []table.Row{
		{Labels: []string{"1"}, Entries: []table.Entry{table.EntryOf(few.BesideSpread(95.3, 0)), table.EntryOf(change)}},
		{Labels: []string{"2"}, Entries: []table.Entry{table.EntryOf(many), {}}},
	}
	require.Contains(t, written(t, made, table.FormatText), `
N                           ASR     change
1                    96   ± 1        -33.3
  95 % CI                        -85 to 67
  95 % CI, images         90–99
  paper, ±13 points  95.3 ± 0.0
2                     4.0 ± 0.1
  95 % CI, images           3–5
`)
	latex := written(t, made, table.FormatLaTeX)
	require.Contains(t, latex, `\quad 95~\% CI, images & 90--99 &  \\`)
	require.Contains(t, latex, `$-$85 to 67`)
}

// Every attacker of every game is in text and Markdown, in lines that fit.
func TestListsAreWholeAndFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(60, 120).Draw(t, "width")
		counts := rapid.SliceOfN(rapid.IntRange(1, 120), 1, 4).Draw(t, "counts")
		made := games(width, []string{"none", "indexing"}, counts...)
		attackers := 0
		for _, n := range counts {
			attackers += 2 * n
		}
		text := written(t, made, table.FormatText)
		require.Equal(t, attackers, strings.Count(text, "50.0 (100.0)"))
		require.Equal(t, attackers, strings.Count(written(t, made, table.FormatMarkdown), ": 50.0 (100.0)"))
		for line := range strings.Lines(text) {
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), width, line)
		}
	})
}

func TestWriteRefusesUnknownFormats(t *testing.T) {
	require.ErrorIs(t, (&table.Table{}).Write(&strings.Builder{}, "pdf"), table.ErrFormat)
}

type full struct{ err error }

func (f full) Write([]byte) (int, error) { return 0, f.err }

func TestWriteReportsAFullDisk(t *testing.T) {
	disk := errors.New("disk full")
	require.ErrorIs(t, games(0, []string{"none"}, 1).Write(full{disk}, table.FormatCSV), disk)
}

// The JSON form holds everything but the width.
func TestJSONIsReadBack(t *testing.T) {
	made := games(0, []string{"none"}, 2)
	var back table.Table
	require.NoError(t, json.Unmarshal([]byte(written(t, made, table.FormatJSON)), &back))
	require.Equal(t, made.Lists[0].IDs, back.Lists[0].IDs)
	require.Equal(t, made.Rows[0].Entries[0].Values[0].Mean, back.Rows[0].Entries[0].Values[0].Mean)
	first := back.Rows[0].Entries[0].Values[0]
	require.Equal(t, []any{table.OverImages, 1000}, []any{first.CIOver, first.Images})
	require.Equal(t, made.Rows[0].Entries[0].Values[0].CILow, first.CILow)
}

func TestValues(t *testing.T) {
	v := table.NewSpread(table.QuantityASR, spreads([]float64{0.2, 0.4}, []float64{0.5, 0.7})).BesideSpread(45, 10)
	const tolerance = 1e-12 // rounding of a few additions of numbers below 1
	require.InDelta(t, 0.45, float64(v.Mean), tolerance)
	require.InDelta(t, 0.1, float64(v.Std), tolerance)
	require.Equal(t, 2, v.Seeds)
	require.Equal(t, []stats.Number{0.45, 0.1}, []stats.Number{v.Paper, v.PaperStd})
	require.False(t, table.NewValue(table.QuantityASR, nil).Mean.Defined())
}

func TestReadingsText(t *testing.T) {
	r := table.Readings{TriggerRange: "area", Sampling: "per_agent", LabelMode: "dirty", Denominator: "pooled"}
	text := table.ReadingsText(r)
	require.Equal(t, "trigger area, drawn per_agent; dirty labels, p0 of an attacker's images, none of the target class; as many seats as attackers; ASR over all attackers' held-out images", text)
	other := r
	other.ExcludeTargetClass = true
	require.Equal(t, text+"; or "+text+" but those of the target class", table.ReadingsTexts([]table.Readings{r, other, r}))
	require.Contains(t, table.ReadingsText(table.Readings{TriggerKind: "square"}), "square trigger")
	for want, readings := range map[string]table.Readings{
		"dirty labels, p0 of an attacker's images, of any class; as many":                    {LabelMode: "dirty", Budget: "any"},
		"dirty labels, p0 of an attacker's images, of any class for some attackers; as many": {LabelMode: "dirty", Budget: "mixed"},
		"clean labels, p0 of an attacker's images of the target class; as many":              {LabelMode: "clean"},
		"mixed labels, p0 of an attacker's images, whose labels the mode decides; as many":   {LabelMode: "mixed"},
	} {
		require.Contains(t, table.ReadingsText(readings), want)
	}
}
