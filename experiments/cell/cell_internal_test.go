package cell

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCanonicalSortsKeys(t *testing.T) {
	a, err := canonical(json.RawMessage(`{"b": 1, "a": {"d": 18446744073709551615, "c": 0.1}}`))
	require.NoError(t, err)
	require.Equal(t, `{"a":{"c":0.1,"d":18446744073709551615},"b":1}`, string(a))
}

func TestParseCellRefusesUnknownFields(t *testing.T) {
	_, err := Parse([]byte("format: 1\ncolour: red\n"))
	require.ErrorContains(t, err, "colour")
}
