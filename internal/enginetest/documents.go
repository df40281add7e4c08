package enginetest

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

// Documented lists the first column of the table under a heading of docs/results-format.md.
func Documented(t *testing.T, heading string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "results-format.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n## "+heading+"\n")
	require.True(t, found, heading)
	section, _, _ = strings.Cut(section, "\n## ")
	var names []string
	for _, match := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(section, -1) {
		names = append(names, match[1])
	}
	return names
}

// SchemaPath returns the path of a schema in docs/schemas, from a package two levels below the
// root.
func SchemaPath(name string) string {
	return filepath.Join("..", "..", "docs", "schemas", name+".json")
}

// Valid validates a JSON text against a schema in docs/schemas.
func Valid(t *testing.T, name string, text []byte) error {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(SchemaPath(name))
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	return schema.Validate(value)
}
