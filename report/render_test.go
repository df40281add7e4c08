package report

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/report/layout/layouttest"
	"backfire/report/table"
)

var regen = flag.Bool("regen", false, "write the golden files anew")

// madeUp is a table of made-up results.
type madeUp struct {
	kind    Kind
	dataset string
	summary *summary.Summary
	options Options
}

// madeUpTables are tables of each kind, by name.
func madeUpTables() map[string]madeUp {
	return map[string]madeUp{
		"table1-mnist":    {Table1, "mnist", fixed(sweep("mnist", []uint64{1}, points1()...), "C1", "C2", "C3"), Options{Preset: "workstation", Result: result}},
		"table1-seeds":    {Table1, "mnist", fixed(sweep("mnist", []uint64{1, 2, 3}, points1()...), "C1", "C2"), Options{Preset: "workstation", Result: result}},
		"table1-flawed":   {Table1, "mnist", fixed(flawed(), "C1", "C2", "C3"), Options{Preset: "paper", Failures: []store.Failure{{Cell: "attacker 0 raises p-2-5", Error: "diverged"}}}},
		"table1-embedded": {Table1, "embedded", sweep("embedded", []uint64{7}, points1()...), Options{Preset: "quick"}},
		"table2-cifar10":  {Table2, "cifar10", fixed(sweep("cifar10", []uint64{1, 2, 3}, points2()...), "C4"), Options{Preset: "paper", Result: result}},
		"points-defended": {Points, "folder", sweep("folder", []uint64{1, 2}, defended3(1, 2)), Options{Name: "table3", Title: "Defenses"}},
		"defenses":        {Points, "embedded", sweep("embedded", []uint64{1, 2, 3}, everyDefense()), Options{Name: "defenses", Title: "Every defense with five attackers", Preset: "quick"}},
		"table3-mnist":    {Table3, "mnist", fixed(sweep("mnist", []uint64{1, 2, 3}, defended3(1, 2, 5, 10, 100)), "C1", "C5", "C6", "C7"), Options{Preset: "paper", Result: result}},
		"table3-embedded": {Table3, "embedded", sweep("embedded", []uint64{1}, points3(1, 2, 5)), Options{Preset: "quick"}},
		"families":        {Families, "embedded", familyGames(1, 2), Options{Name: "defenses", Title: "Families of defenses", Preset: "quick"}},
		"filters":         {Filters, "embedded", familyGames(1, 2), Options{Name: "defenses-filters", Title: "Families of defenses"}},
		"values":          {Values, "embedded", familyGames(1, 2), Options{Name: "defenses-values", Title: "Families of defenses"}},
		"unknown-index":   {Unknown, "mnist", unknownPoint(1, 2), Options{Name: "defenses-unknown-index", Title: "Defenses"}},
		"points":          {Points, "folder", sweep("folder", []uint64{1, 2}, pointsOfItsOwn()...), Options{Name: "mine", Title: "Size & visibility, 50 %"}},
	}
}

func TestTablesGolden(t *testing.T) {
	others := map[string][]table.Format{
		"families":      {table.FormatMarkdown, table.FormatCellsCSV},
		"filters":       {table.FormatCellsCSV},
		"values":        {table.FormatMarkdown, table.FormatCellsCSV},
		"points":        {table.FormatMarkdown, table.FormatLaTeX, table.FormatCSV, table.FormatCellsCSV, table.FormatJSON},
		"table1-flawed": {table.FormatMarkdown, table.FormatLaTeX, table.FormatCellsCSV},
	}
	for name, tc := range madeUpTables() {
		made, err := New(tc.kind, tc.summary, tc.dataset, tc.options)
		require.NoError(t, err)
		for _, format := range table.Formats() {
			if format != table.FormatText && !slices.Contains(others[name], format) {
				continue // one golden file of each is enough
			}
			t.Run(name+"."+string(format), func(t *testing.T) {
				var out strings.Builder
				require.NoError(t, made.Write(&out, format))
				golden := filepath.Join("testdata", name+"."+string(format))
				if *regen {
					require.NoError(t, os.WriteFile(golden, []byte(out.String()), 0o644))
				}
				want, err := os.ReadFile(golden)
				require.NoError(t, err)
				require.Equal(t, string(want), out.String())
			})
		}
	}
}

func TestTextIsNarrow(t *testing.T) {
	for kind, s := range map[Kind]*summary.Summary{
		Table1: sweep("mnist", []uint64{1, 2, 3}, points1()...),
		Table2: sweep("mnist", []uint64{1, 2, 3}, points2()...),
		Table3: sweep("mnist", []uint64{1, 2, 3}, points3(1, 2, 5, 10, 100)),
	} {
		made, err := New(kind, s, "mnist", Options{Result: result})
		require.NoError(t, err)
		for line := range strings.Lines(layouttest.Written(t, made, table.FormatText)) {
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 100, line)
			require.Equal(t, strings.TrimRight(line, " \n")+"\n", line, "no blanks at the end")
		}
	}
}

func TestWriteRefusesAndReports(t *testing.T) {
	made, err := New(Points, sweep("mnist", []uint64{1}, points2()...), "mnist", Options{})
	require.NoError(t, err)
	require.ErrorIs(t, made.Write(&strings.Builder{}, "pdf"), table.ErrFormat)
	full := errors.New("disk full")
	require.ErrorIs(t, made.Write(failingWriter{full}, table.FormatCSV), full)
}

// The formats for programs can be read back, and hold every attacker.
func TestFormatsForPrograms(t *testing.T) {
	made, err := New(Table3, sweep("mnist", []uint64{1, 2}, points3(1, 100)), "mnist", Options{Result: result})
	require.NoError(t, err)
	for format, lines := range map[table.Format]int{table.FormatCSV: 1 + 2*(1+100), table.FormatCellsCSV: 1 + 4*5*2} {
		var out strings.Builder
		require.NoError(t, made.Write(&out, format))
		records, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
		require.NoError(t, err)
		require.Len(t, records, lines, format)
	}
	var out strings.Builder
	require.NoError(t, made.Write(&out, table.FormatJSON))
	var back table.Table
	require.NoError(t, json.Unmarshal([]byte(out.String()), &back))
	require.Len(t, back.AttackerRows, 2*(1+100))
	require.Equal(t, made.Rows[0].Entries[0].Values[0].Mean, back.Rows[0].Entries[0].Values[0].Mean)
	require.Equal(t, made.Notes, back.Notes)
}

// Every row of a rendered table has all of its columns, and LaTeX's groups are
// closed, whatever names a sweep has.
func TestMarkupIsWhole(t *testing.T) {
	for _, s := range []*summary.Summary{sweep("folder", []uint64{1, 2}, pointsOfItsOwn()...), flawed()} {
		made, err := New(Points, s, s.Points[0].Data.Name, Options{Title: "x_1 {"})
		require.NoError(t, err)
		columns := len(made.Heads) + len(made.Columns)
		rows := 0
		latex := strings.NewReplacer(`\\`, "\n", `\{`, "", `\}`, "", `\&`, "").Replace(layouttest.Written(t, made, table.FormatLaTeX))
		for line := range strings.Lines(latex) {
			if n := strings.Count(line, "&"); n > 0 {
				require.Equal(t, columns-1, n, line)
				rows++
			}
			require.NotRegexp(t, `^\s*[\[*]`, line, "would be an argument of the line break before")
		}
		require.Equal(t, strings.Count(latex, "{"), strings.Count(latex, "}"))
		require.Zero(t, strings.Count(latex, "$")%2)
		for line := range strings.Lines(layouttest.Written(t, made, table.FormatMarkdown)) {
			if strings.HasPrefix(line, "|") {
				require.Equal(t, columns+1, strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"), line)
				rows--
			}
		}
		require.Equal(t, -1, rows, "Markdown has one line more: the rule below the heads")
	}
}
