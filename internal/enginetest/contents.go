package enginetest

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
)

// CellContent returns the content of a stored file that depends on the cell alone: all of it,
// except for a result's provenance.
func CellContent(t *testing.T, path string) string {
	t.Helper()
	if filepath.Base(path) != store.ResultFile {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(data)
	}
	result, err := store.ReadResult(disk.In(filepath.Dir(path)))
	require.NoError(t, err)
	result.Provenance = store.Provenance{}
	data, err := jsonfile.Encode(result)
	require.NoError(t, err)
	return string(data)
}

// CellFiles returns the content of a result's files that depends on the cell alone, see
// CellContent.
func CellFiles(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	for _, name := range []string{store.CellFile, store.ResultFile, store.PoisonFile, store.PredictionsFile} {
		all.WriteString(CellContent(t, filepath.Join(dir, name)))
	}
	return all.String()
}

// Content returns the content of a store's results that depends on the cells alone, by path.
func Content(t *testing.T, st *store.Store) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range []string{store.CellFile, store.ResultFile, store.PoisonFile, store.PredictionsFile} {
		paths, err := filepath.Glob(filepath.Join(st.Dir(), "*", name))
		require.NoError(t, err)
		for _, path := range paths {
			relative, err := filepath.Rel(st.Dir(), path)
			require.NoError(t, err)
			all[relative] = CellContent(t, path)
		}
	}
	return all
}

// Deterministic returns the content of the results of a plan that depends on the cells alone, by
// hash and file name. All cells must be stored.
func Deterministic(t *testing.T, st *store.Store, plan *plan.Plan) map[string]string {
	t.Helper()
	content := map[string]string{}
	for _, hash := range Hashes(t, plan) {
		_, err := st.Read(hash)
		require.NoError(t, err)
		for _, name := range []string{store.CellFile, store.ResultFile, store.PoisonFile, store.PredictionsFile} {
			content[hash+"/"+name] = CellContent(t, filepath.Join(st.Path(hash), name))
		}
	}
	return content
}

// Hashes returns the hashes of a plan's cells, in order.
func Hashes(t *testing.T, plan *plan.Plan) []string {
	t.Helper()
	var all []string
	for _, cell := range plan.Cells {
		hash, err := cell.Hash()
		require.NoError(t, err)
		all = append(all, hash)
	}
	return all
}

// ReadCSV reads the lines of a CSV file, its heading included.
func ReadCSV(t *testing.T, path string) [][]string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	return records
}
