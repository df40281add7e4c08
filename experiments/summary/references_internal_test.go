package summary

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/store"
)

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
	var run runSummary
	var sweep Summary
	fill(reflect.ValueOf(&run).Elem(), next)
	fill(reflect.ValueOf(&sweep).Elem(), next)
	run.Format, sweep.Format = plan.SweepFormat, plan.SweepFormat
	sweep.Digest = "" // as older versions wrote it
	for name, v := range map[string]any{store.SummaryFile: run, store.SweepFile: sweep} {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		var tree any
		require.NoError(t, json.Unmarshal(text, &tree))
		want := cellsBelow("", tree)
		require.Len(t, want, 10, "cell, models of games and of votes' controls, model of attackers and of values, single_cell, lone, transfer, draws and missing")
		cells, err := plan.References(name, text)
		require.NoError(t, err)
		require.Subset(t, cells, want)
	}
}
