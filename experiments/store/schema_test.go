package store_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	invopop "github.com/invopop/jsonschema"
	"github.com/stretchr/testify/require"

	"backfire/defenses"
	"backfire/experiments/cell"
	"backfire/experiments/curve"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
	"backfire/stats"
)

var regenSchemas = flag.Bool("regen", false, "write docs/schemas anew")

// formOf returns the schema of a type that writes its JSON itself; nil for all other types.
func formOf(t reflect.Type) *invopop.Schema {
	number := func() *invopop.Schema { return &invopop.Schema{Type: "number"} }
	nullable := func(s *invopop.Schema) *invopop.Schema {
		return &invopop.Schema{OneOf: []*invopop.Schema{s, {Type: "null"}}}
	}
	object := func(names []string, values map[string]*invopop.Schema) *invopop.Schema {
		s := &invopop.Schema{Type: "object", Properties: invopop.NewProperties(), Required: names, AdditionalProperties: invopop.FalseSchema}
		for _, name := range names {
			s.Properties.Set(name, values[name])
		}
		return s
	}
	switch t {
	case reflect.TypeFor[stats.Number]():
		return nullable(number())
	case reflect.TypeFor[game.TargetLabel]():
		return nullable(&invopop.Schema{Type: "integer"})
	case reflect.TypeFor[game.Rate]():
		return object([]string{"hits", "of", "rate"}, map[string]*invopop.Schema{
			"hits": {Type: "integer"}, "of": {Type: "integer"}, "rate": nullable(number()),
		})
	case reflect.TypeFor[defenses.Stack]():
		one := uint64(1)
		names := &invopop.Schema{}
		for _, kind := range defenses.Kinds() {
			names.Enum = append(names.Enum, string(kind))
		}
		return &invopop.Schema{Type: "array", Items: &invopop.Schema{
			Type: "object", MinProperties: &one, MaxProperties: &one, PropertyNames: names,
			AdditionalProperties: &invopop.Schema{Type: "object"},
		}}
	default:
		return nil
	}
}

// schemas returns the documented JSON schemas of stored files, by name.
func schemas(t *testing.T) map[string][]byte {
	t.Helper()
	reflector := &invopop.Reflector{Anonymous: true, ExpandedStruct: true, DoNotReference: true, Mapper: formOf}
	all := map[string][]byte{}
	for name, of := range map[string]any{"cell": cell.Cell{}, "result": store.Result{}, "curve": curve.Curve{}} {
		schema := reflector.Reflect(of)
		schema.Title = map[string]string{"cell": "cell.yaml, as JSON", "result": "result.json", "curve": "curve.json"}[name]
		text, err := json.MarshalIndent(schema, "", "  ")
		require.NoError(t, err)
		all[name] = append(text, '\n')
	}
	return all
}

func TestSchemasAreThoseOfTheTypes(t *testing.T) {
	for name, want := range schemas(t) {
		if *regenSchemas {
			require.NoError(t, os.MkdirAll(filepath.Dir(enginetest.SchemaPath(name)), disk.DirMode))
			require.NoError(t, os.WriteFile(enginetest.SchemaPath(name), want, disk.FileMode))
		}
		got, err := os.ReadFile(enginetest.SchemaPath(name))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), "run go test ./experiments/store -regen")
	}
}
