package plan_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/store"
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
