package report

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/removed"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/report/layout/layouttest"
	"backfire/report/table"
	"backfire/stats"
)

// column is a line of a data dictionary.
type column struct {
	name, kind string
	empty      bool // it may be
}

// documentedFormats are the formats with a data dictionary, in their order in
// docs/tables.md.
var documentedFormats = []table.Format{table.FormatCSV, table.FormatCellsCSV, table.FormatCurvesCSV, table.FormatSpreadCSV}

// dictionaries reads the data dictionaries of docs/tables.md: of the long form, of the
// figures, of the learning curves, then of the spread.
func dictionaries(t *testing.T) [4][]column {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", "tables.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n## The long form\n")
	require.True(t, found)
	tables := strings.Split(section, "| column | type | meaning |")
	require.Len(t, tables, 5)
	var all [4][]column
	for i := range all {
		for _, match := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (text|integer|number|logical)( or empty)? \\|").FindAllStringSubmatch(tables[i+1], -1) {
			all[i] = append(all[i], column{match[1], match[2], match[3] != ""})
		}
	}
	return all
}

// filteredAgents returns counts of a filter for attackers.
func filteredAgents(attackers []summary.GameAttacker) *removed.Counts {
	counts := &removed.Counts{}
	for _, a := range attackers {
		counts.Agents = append(counts.Agents, removed.Agent{ID: a.ID, Recall: game.Rate{Hits: 1, Of: 4}})
	}
	return counts
}

func TestEveryColumnIsDocumented(t *testing.T) {
	sum := sweep("mnist", []uint64{1}, points3(1))
	sum.Points[0].Games[0].Attackers[0].Randomness = &game.Randomness{Uniform: 0.25}
	sum.Points[0].Games[0].Filter = filteredAgents(sum.Points[0].Games[0].Attackers)
	made, err := New(Table3, trainedAgain(sum, 0, 10), "mnist", Options{Result: result})
	require.NoError(t, err)
	for i, format := range documentedFormats {
		var documented []string
		for _, c := range dictionaries(t)[i] {
			documented = append(documented, c.name)
		}
		heads, _, _ := strings.Cut(layouttest.Written(t, made, format), "\n")
		require.Equal(t, strings.Join(documented, ","), heads)
	}
}

// Every value has the type that the data dictionary gives its column.
func TestColumnsHaveTheirTypes(t *testing.T) {
	parse := map[string]func(string) error{
		"text":    func(string) error { return nil },
		"integer": func(text string) error { _, err := strconv.ParseUint(text, 10, 64); return err },
		"number":  func(text string) error { _, err := strconv.ParseFloat(text, 64); return err },
		"logical": func(text string) error {
			if text != "TRUE" && text != "FALSE" {
				return fmt.Errorf("%q is no truth value", text)
			}
			return nil
		},
	}
	sum := sweep("mnist", []uint64{1, 2}, defended3(1, 2))
	first := &sum.Points[0].Games[0]
	first.Attackers[0].Divergence = &store.AttackerDivergence{MMD2: -0.01, JS: 0.2}
	first.Attackers[0].Randomness = &game.Randomness{Uniform: 0.25, Unstamped: stats.Undefined()}
	first.Curve, first.Filter = learnt(1, 3), filteredAgents(first.Attackers)
	made, err := New(Table3, trainedAgain(sum, 0, 10), "mnist", Options{Result: result})
	require.NoError(t, err)
	for i, format := range documentedFormats {
		var out strings.Builder
		require.NoError(t, made.Write(&out, format))
		records, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
		require.NoError(t, err)
		columns := dictionaries(t)[i]
		for line, record := range records[1:] {
			for j, c := range columns {
				if record[j] == "" {
					require.True(t, c.empty, "%s of line %d is empty", c.name, line+2)
					continue
				}
				require.NoError(t, parse[c.kind](record[j]), c.name)
			}
		}
	}
}
