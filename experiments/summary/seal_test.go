package summary_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
	"backfire/internal/jsonfile"
	"backfire/internal/runtest"
)

// storedSweep stores the summary of a small sweep and returns its path.
func storedSweep(t *testing.T) string {
	t.Helper()
	s, st := runtest.StoredSummary(t, enginetest.NewSweep(t, plan.SweepPoint{Config: enginetest.DefendedConfig(t, "cutmix", "indexing")}))
	require.NoError(t, s.Write(context.Background(), st))
	_, err := summary.Load(s.Path)
	require.NoError(t, err)
	return s.Path
}

// changeCharacter changes a character of a JSON text that is not white space between its values.
func changeCharacter(t *rapid.T, text []byte) []byte {
	changed := bytes.Clone(text)
	at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
	changed[at] = rapid.SampledFrom([]byte("0123456789abefx.-{}[],:\"")).Draw(t, "character")
	return changed
}

// sameContent reports whether two texts hold the same JSON.
func sameContent(a, b []byte) bool {
	var one, other bytes.Buffer
	return json.Compact(&one, a) == nil && json.Compact(&other, b) == nil && bytes.Equal(one.Bytes(), other.Bytes())
}

// One changed character of a summary is refused, and the file is named.
func TestChangedSummariesAreRefused(t *testing.T) {
	path := storedSweep(t)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		changed := changeCharacter(rt, text)
		require.NoError(rt, os.WriteFile(path, changed, disk.FileMode))
		_, err := summary.Load(path)
		if sameContent(text, changed) {
			require.NoError(rt, err)
			return
		}
		require.ErrorContains(rt, err, path)
		_, err = plan.References(filepath.Base(path), changed)
		require.Error(rt, err, "it might name any result")
	})
}

// numbersOf returns the places of all numbers below a value, by their keys.
func numbersOf(v any, visit func(key string, set func(any), old json.Number)) {
	switch v := v.(type) {
	case map[string]any:
		for key, each := range v {
			if number, ok := each.(json.Number); ok {
				visit(key, func(other any) { v[key] = other }, number)
			}
			numbersOf(each, visit)
		}
	case []any:
		for i, each := range v {
			if number, ok := each.(json.Number); ok {
				visit("", func(other any) { v[i] = other }, number)
			}
			numbersOf(each, visit)
		}
	}
}

// notInResults are the numbers of a summary that its results do not hold: they follow from several models, from the
// configuration, are times, have another spelling in a cell (seats), or are not read: the rate follows from hits and of.
var notInResults = map[string]bool{"seats": true, "rate": true, "models": true, "images": true, "undefended": true, "train_seconds": true, "min_single_asr": true, "jaccard": true, "common": true, "": true}

// Older versions wrote no digest. Figures that differ from the results are found all the same.
func TestSummariesOfOlderVersionsAreComparedWithTheirResults(t *testing.T) {
	path := storedSweep(t)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	decode := func() map[string]any {
		var tree map[string]any
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		require.NoError(t, decoder.Decode(&tree))
		delete(tree, "digest")
		return tree
	}
	write := func(tree any) {
		older, err := jsonfile.Encode(tree)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, older, disk.FileMode))
	}
	write(decode())
	_, err = summary.Load(path)
	require.NoError(t, err, "it is read without a digest")

	var keys []string
	numbersOf(decode(), func(key string, _ func(any), _ json.Number) { keys = append(keys, key) })
	tried := 0
	for at := range keys {
		if at%7 > 0 { // many figures are alike
			continue
		}
		tree, n, name := decode(), -1, ""
		numbersOf(tree, func(key string, set func(any), old json.Number) {
			if n++; n == at {
				name = key
				value, err := old.Float64()
				require.NoError(t, err)
				set(value + 1)
			}
		})
		if notInResults[name] {
			continue
		}
		write(tree)
		_, err := summary.Load(path)
		require.Error(t, err, name)
		tried++
	}
	require.Greater(t, tried, 30)
	st, err := store.OpenExisting(filepath.Dir(filepath.Dir(filepath.Dir(path))))
	require.NoError(t, err)
	hashes, err := st.Hashes()
	require.NoError(t, err)
	for _, hash := range hashes {
		require.NoError(t, os.RemoveAll(st.Path(hash)))
	}
	write(decode())
	_, err = summary.Load(path)
	require.NoError(t, err, "there is nothing to compare with")
}
