package defenses_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses"
)

// defaultOf returns the default settings of a defense, of type T.
func defaultOf[T any](t require.TestingT, kind defenses.Kind) *T {
	settings, err := defenses.Default[T](kind)
	require.NoError(t, err)
	return settings
}

// Every definition is complete, and each default is within its range.
func TestDefinitionsAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range defenses.Names() {
		require.False(t, seen[name], name)
		seen[name] = true
	}
	for _, d := range defenses.Definitions() {
		require.NotEmpty(t, d.Stages, d.Kind)
		require.NotEmpty(t, d.Summary, d.Kind)
		require.NoError(t, d.Validate(d.Default()), d.Kind)
		for _, s := range d.Settings {
			require.NotEmpty(t, s.Help, "%s.%s", d.Kind, s.Key)
			if d.TypeOf(s.Key) != reflect.TypeFor[string]() || len(s.Oneof) > 0 { // a text may be empty
				require.NotEmpty(t, s.Default, "%s.%s", d.Kind, s.Key)
			}
			require.NotNil(t, d.TypeOf(s.Key), "%s has no field for %s", d.Kind, s.Key)
			var stack defenses.Stack
			require.NoError(t, stack.AddDefault(d.Kind))
			before := stack
			require.NoError(t, stack.Set(d.Kind, s.Key, s.Default))
			require.Equal(t, before, stack)
		}
	}
}
