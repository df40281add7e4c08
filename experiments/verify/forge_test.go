package verify_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
	"backfire/internal/jsonfile"
)

// oddValues are what a forged file has in place of a value.
var oddValues = []any{
	nil, -1, 0, 1, 2, 7, 27, 255, 1 << 31, 1 << 62, uint64(1<<64 - 1), -28, 2e9, 1e308, 0.5, -0.5, true, false, "", "x", "../..", "/dev/zero",
	strings.Repeat("0", 64), strings.Repeat("ab", 32), strings.Repeat("long ", 1000),
	[]any{},
	[]any{-1},
	[]any{1 << 62},
	[]any{nil, nil},
	map[string]any{},
	map[string]any{"x": 1},
}

// falsification is one change of a store.
type falsification struct {
	file  uint16 // which file
	place uint16 // which value in it, or which byte
	value uint8  // which odd value; beyond them: removed, doubled, or exchanged with the next
}

// valuesIn counts the values below v, and v itself.
func valuesIn(v any) int {
	n := 1
	switch v := v.(type) {
	case map[string]any:
		for _, each := range v {
			n += valuesIn(each)
		}
	case []any:
		for _, each := range v {
			n += valuesIn(each)
		}
	}
	return n
}

// changed returns v with the value at a place, counted in order, replaced.
func changed(v any, place *int, replace func(any) any) any {
	if *place--; *place < 0 {
		*place = 1 << 30
		return replace(v)
	}
	switch v := v.(type) {
	case map[string]any:
		out := maps.Clone(v)
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out[key] = changed(v[key], place, replace)
		}
		return out
	case []any:
		out := slices.Clone(v)
		for i := range v {
			out[i] = changed(v[i], place, replace)
		}
		return out
	}
	return v
}

// odd returns what takes the place of a value.
func (f falsification) odd(old any) any {
	at := int(f.value) % (len(oddValues) + 3)
	if at < len(oddValues) {
		return oddValues[at]
	}
	list, isList := old.([]any)
	switch kind := at - len(oddValues); {
	case isList && len(list) > 0 && kind == 0:
		return list[1:]
	case isList && len(list) > 0 && kind == 1:
		return append(slices.Clone(list), list[0])
	case isList && len(list) > 1:
		return append(slices.Clone(list[1:]), list[0])
	}
	return old
}

// change returns the changed content of a file.
func (f falsification) change(t *testing.T, name string, content []byte) []byte {
	var tree any
	switch filepath.Ext(name) {
	case ".json":
		decoder := json.NewDecoder(bytes.NewReader(content))
		decoder.UseNumber()
		require.NoError(t, decoder.Decode(&tree))
	case ".yaml":
		require.NoError(t, yaml.Unmarshal(content, &tree))
	case ".csv":
		rows := strings.Split(string(content), "\n")
		fields := strings.Split(rows[int(f.place)%len(rows)], ",")
		fields[int(f.place/7)%len(fields)] = []string{"", "-1", "x", "9999999999999999999", "NaN", "\"", "1e308", "4611686018427387904"}[f.value%8]
		rows[int(f.place)%len(rows)] = strings.Join(fields, ",")
		return []byte(strings.Join(rows, "\n"))
	default:
		at := int(f.place) * max(1, len(content)/(1<<16)) % max(1, len(content))
		switch f.value % 4 {
		case 0:
			return content[:at]
		case 1:
			return append(slices.Clone(content), content[:min(at, 1000)]...)
		default:
			out := slices.Clone(content)
			if len(out) > 0 {
				out[at] ^= f.value | 1
			}
			return out
		}
	}
	place := int(f.place) % valuesIn(tree)
	tree = changed(tree, &place, f.odd)
	var text []byte
	var err error
	if filepath.Ext(name) == ".yaml" {
		text, err = yaml.Marshal(tree)
	} else {
		text, err = jsonfile.Encode(tree)
	}
	require.NoError(t, err)
	return text
}

// apply changes one file of a store, and then all digests and names that depend on it, so that the store fits
// together again. It returns the hash of the changed result; empty: another file was changed.
func (f falsification) apply(t *testing.T, dir string) string {
	t.Helper()
	names, err := disk.Files(dir)
	require.NoError(t, err)
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, ".") })
	name := names[int(f.file)%len(names)]
	path := filepath.Join(dir, filepath.FromSlash(name))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, f.change(t, name, content), disk.FileMode))
	if hash, _, _ := strings.Cut(name, "/"); hash != store.PlansDir {
		return reseal(t, dir, hash)
	}
	sealPlanFile(t, path)
	return ""
}

// sealPlanFile writes the digest of a summary or plan anew.
func sealPlanFile(t *testing.T, path string) {
	t.Helper()
	if base := filepath.Base(path); base != store.SweepFile && base != plan.File {
		return
	}
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var file map[string]json.RawMessage
	if json.Unmarshal(text, &file) != nil || file == nil {
		return
	}
	digest, err := cell.SealOf(json.RawMessage(text))
	require.NoError(t, err)
	if file["digest"], err = json.Marshal(digest); err != nil {
		return
	}
	text, err = jsonfile.Encode(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text, disk.FileMode))
}

// reseal gives a changed result the hash of its cell, its digests and a manifest, and names it so in the summaries
// and plans. It returns the hash.
func reseal(t *testing.T, dir, hash string) string {
	t.Helper()
	from := filepath.Join(dir, hash)
	text, err := os.ReadFile(filepath.Join(from, store.CellFile))
	require.NoError(t, err)
	var c cell.Cell
	name := hash
	if yaml.Unmarshal(text, &c) == nil {
		if own, err := c.Hash(); err == nil {
			name = own
		}
	}
	var result store.Result
	if text, err := os.ReadFile(filepath.Join(from, store.ResultFile)); err == nil && json.Unmarshal(text, &result) == nil {
		result.Cell = name
		_ = result.Write(from) // numbers that JSON cannot hold leave it as it is
	}
	_ = enginetest.WriteManifest(from, name)
	if name == hash {
		return hash
	}
	to := filepath.Join(dir, name)
	if _, err := os.Stat(to); err == nil {
		return hash
	}
	require.NoError(t, os.Rename(from, to))
	names, err := disk.Files(filepath.Join(dir, store.PlansDir))
	require.NoError(t, err)
	for _, each := range names {
		path := filepath.Join(dir, store.PlansDir, filepath.FromSlash(each))
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(text, []byte(hash), []byte(name)), disk.FileMode))
		sealPlanFile(t, path)
	}
	return name
}
