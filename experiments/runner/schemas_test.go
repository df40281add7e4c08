package runner_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

func TestSchemasRefuse(t *testing.T) {
	st, hash := runtest.Verifiable(t)
	result, err := os.ReadFile(filepath.Join(st.Path(hash), store.ResultFile))
	require.NoError(t, err)
	for from, to := range map[string]string{
		`"seed": 1`:         `"seed": "1"`,
		`"readings": {`:     `"reading": {`,
		`"collapsed"`:       `"colapsed"`,
		`"hits"`:            `"hit"`,
		`"digest"`:          `"extra": 1, "digest"`,
		`"trigger_range": `: `"sampling2": "", "trigger_range": `,
	} {
		require.Contains(t, string(result), from)
		require.Error(t, enginetest.Valid(t, "result", bytes.Replace(result, []byte(from), []byte(to), 1)), to)
	}
	cell, err := json.Marshal(enginetest.ExampleCell())
	require.NoError(t, err)
	require.NoError(t, enginetest.Valid(t, "cell", cell))
	require.Error(t, enginetest.Valid(t, "cell", bytes.Replace(cell, []byte(`"p0":0.2`), []byte(`"p0":"0.2"`), 1)))
	require.Error(t, enginetest.Valid(t, "cell", bytes.Replace(cell, []byte(`"epochs":50,`), nil, 1)))
}
