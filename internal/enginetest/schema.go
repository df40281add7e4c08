package enginetest

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

func SchemaPath(name string) string {
	return filepath.Join("..", "..", "docs", "schemas", name+".json")
}

// valid says whether a JSON text fits a documented schema.
func Valid(t *testing.T, name string, text []byte) error {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(SchemaPath(name))
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	return schema.Validate(value)
}
