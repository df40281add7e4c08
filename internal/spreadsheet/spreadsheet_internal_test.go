package spreadsheet

import (
	"encoding/csv"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// No field begins a formula, and numbers stay numbers.
func TestFieldsAreNoFormulas(t *testing.T) {
	for field, want := range map[string]string{
		"": "", "cat": "cat", "-1": "-1", "+1.5e-3": "+1.5e-3", "-.5": "-.5", "-3.": "-3.", "0.25": "0.25", "1e5": "1e5",
		"=1+1": "'=1+1", "+a": "'+a", "-a": "'-a", "@SUM(A1)": "'@SUM(A1)", "-1+1": "'-1+1", "-1|cmd": "'-1|cmd", "+Inf": "'+Inf",
		"-0x1p-2": "'-0x1p-2", "-": "'-", "\t=1": "'\t=1", "\r=1": "'\r=1", "＝1": "'＝1", "＠a": "'＠a", "'a": "''a", "-1_000": "'-1_000",
		`"=1`: `"=1`, "a=1": "a=1",
	} {
		require.Equal(t, want, guarded(field))
	}
	require.Equal(t, "'-1 ", guarded("-1 "))
}

// What is written is read back, each text by removing one apostrophe.
func TestEncode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SliceOfN(rapid.StringMatching(`[=+@'\-＝ a-z0-9,"]*`), 2, 4).Draw(t, "line")
		text, err := Encode([][]string{line})
		require.NoError(t, err)
		read, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
		require.NoError(t, err)
		require.Len(t, read, 1)
		for i, field := range read[0] {
			require.Equal(t, line[i], strings.TrimPrefix(field, "'"))
		}
	})
}

func TestNumber(t *testing.T) {
	for x, want := range map[float64]string{0.1: "0.1", -2: "-2", 1e-9: "1e-09", math.Inf(1): ""} {
		require.Equal(t, want, Number(x))
	}
	require.Empty(t, Number(math.NaN()))
}

func TestLogical(t *testing.T) {
	t.Parallel()
	require.Equal(t, "TRUE", Logical(true))
	require.Equal(t, "FALSE", Logical(false))
}
