package enginetest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"backfire/defenses"
)

// stackOf reads a stack with its settings, as cells have it.
func StackOf(t *testing.T, text string) defenses.Stack {
	t.Helper()
	var s defenses.Stack
	require.NoError(t, yaml.Unmarshal([]byte(text), &s))
	return s
}
