package plan_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// olderPlans is the directory of the plans in a store of an older version.
const olderPlans = "../testdata/store-5b32603/store/plans"

// hash returns a made-up hash of a cell.
func hash(digit string) string { return strings.Repeat(digit, 64) }

func TestReferencesOfASummary(t *testing.T) {
	games := `[{"cell": "` + hash("1") + `", "models": ["` + hash("1") + `", "` + hash("2") + `"], "asr": {"mean": 1},
		"attackers": [{"model": "` + hash("3") + `", "single_cell": "` + hash("4") + `", "draws": [{"draw": 0, "cell": "` + hash("5") + `"}]}]}]`
	missing := `"missing": [{"cell": "` + hash("6") + `", "title": "N = 2"}]`
	for name, text := range map[string]string{
		store.SummaryFile: `{"format": 1, "plan": "` + hash("a") + `", "rows": ` + games + `, ` + missing + `}`,
		store.SweepFile:   `{"format": 1, "sweep": "` + hash("a") + `", "points": [{"data": {"checksum": "` + hash("b") + `"}, "games": ` + games + `}], ` + missing + `}`,
	} {
		cells, err := plan.References(name, []byte(text))
		require.NoError(t, err, name)
		for _, digit := range []string{"1", "2", "3", "4", "5", "6"} {
			require.Contains(t, cells, hash(digit), name)
		}
		require.NotContains(t, cells, hash("a"), "%s: it refers to cells alone", name)
		require.NotContains(t, cells, hash("b"), "%s: it refers to cells alone", name)
	}
}

// What a plan, a note or a file of a person's contains is kept.
func TestReferencesOfOtherFiles(t *testing.T) {
	for name, text := range map[string]string{
		plan.File:           `{"format": 1, "note": "` + hash("1") + `"}`,
		hash("1") + ".json": `{"cell": "` + hash("1") + `"}`,
		"notes.txt":         "cell_" + hash("1") + "x, and " + strings.Repeat("2", 65),
	} {
		cells, err := plan.References(name, []byte(text))
		require.NoError(t, err, name)
		require.Equal(t, []string{hash("1")}, cells, name)
	}
}

// A damaged file might refer to any result.
func TestReferencesOfDamagedFiles(t *testing.T) {
	for _, name := range []string{store.SummaryFile, store.SweepFile, plan.File} {
		for _, text := range []string{"", "{", `{"format": 1} {}`, `{"format": 1, "points": [{"games": [{"cell": "` + hash("1") + `"`} {
			_, err := plan.References(name, []byte(text))
			require.Error(t, err, "%s: %s", name, text)
		}
	}
	for _, name := range []string{store.SummaryFile, store.SweepFile} {
		for _, text := range []string{`{}`, `{"format": 2}`, `[]`, `{"format": 1, "missing": "all"}`} {
			_, err := plan.References(name, []byte(text))
			require.Error(t, err, "%s: %s", name, text)
		}
	}
}

// Of the summaries of an older version, every hash counts that is no plan's, sweep's or dataset's.
func TestReferencesOfOlderSummaries(t *testing.T) {
	words := regexp.MustCompile(`[0-9a-f]{64}`)
	others := regexp.MustCompile(`"(plan|sweep|checksum)": "[0-9a-f]{64}"`)
	read := 0
	require.NoError(t, filepath.WalkDir(olderPlans, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{store.SummaryFile, store.SweepFile}, entry.Name()) {
			return err
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.True(t, json.Valid(text))
		cells, err := plan.References(entry.Name(), text)
		require.NoError(t, err)
		for _, word := range words.FindAllString(others.ReplaceAllString(string(text), ""), -1) {
			require.Contains(t, cells, word, path)
		}
		read++
		return nil
	}))
	require.Equal(t, 6, read)
}

// As long as a summary is damaged, nothing in the store is garbage.
func TestGarbageNeedsEverySummary(t *testing.T) {
	st := enginetest.OpenStore(t)
	enginetest.StoreCell(t, st)
	free, _ := enginetest.GarbageOf(t, st)
	require.Len(t, free, 1)
	path := filepath.Join(st.PlanDir(hash("a")), store.SweepFile)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), disk.DirMode))
	require.NoError(t, os.WriteFile(path, []byte(`{"format": 1, "points": [`), disk.FileMode))
	_, err := st.Garbage(time.Now().Add(time.Hour), plan.References)
	require.ErrorContains(t, err, path)
}

// fill sets every text below v to a hash of its own and gives every list, map and pointer one element.
func fill(v reflect.Value, next func() string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(next())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), next)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), next)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), next)
	default:
	}
}

// cellsBelow lists the texts below a value of JSON whose key names a cell or models.
func cellsBelow(key string, value any) []string {
	var cells []string
	switch v := value.(type) {
	case map[string]any:
		for k, below := range v {
			cells = append(cells, cellsBelow(k, below)...)
		}
	case []any:
		for _, below := range v {
			cells = append(cells, cellsBelow(key, below)...)
		}
	case string:
		if strings.Contains(key, "cell") || strings.Contains(key, "model") {
			cells = append(cells, v)
		}
	}
	return cells
}

// Every field of a summary that holds the hash of a cell is a reference.
func TestReferencesCoverTheFieldsOfSummaries(t *testing.T) {
	n := 0
	next := func() string { n++; return fmt.Sprintf("%064x", n) }
	var run summary.Summary
	var sweep summary.SweepSummary
	fill(reflect.ValueOf(&run).Elem(), next)
	fill(reflect.ValueOf(&sweep).Elem(), next)
	run.Format, sweep.Format = summary.Format, plan.SweepFormat
	for name, v := range map[string]any{store.SummaryFile: run, store.SweepFile: sweep} {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		var tree any
		require.NoError(t, json.Unmarshal(text, &tree))
		want := cellsBelow("", tree)
		require.Len(t, want, 6, "cell, models, model, single_cell, draws and missing")
		cells, err := plan.References(name, text)
		require.NoError(t, err)
		require.Subset(t, cells, want)
	}
}
