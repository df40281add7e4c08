package experiments

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	invopop "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"backfire/defenses"
	"backfire/game"
	"backfire/stats"
)

var regenSchemas = flag.Bool("regen", false, "write docs/schemas anew")

// formOf is the schema of the types that write their JSON themselves; nil for all
// others.
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

// schemas are the documented JSON schemas of stored files, by name.
func schemas(t *testing.T) map[string][]byte {
	t.Helper()
	reflector := &invopop.Reflector{Anonymous: true, ExpandedStruct: true, DoNotReference: true, Mapper: formOf}
	all := map[string][]byte{}
	for name, of := range map[string]any{"cell": Cell{}, "result": Result{}} {
		schema := reflector.Reflect(of)
		schema.Title = map[string]string{"cell": "cell.yaml, as JSON", "result": "result.json"}[name]
		text, err := json.MarshalIndent(schema, "", "  ")
		require.NoError(t, err)
		all[name] = append(text, '\n')
	}
	return all
}

func schemaPath(name string) string { return filepath.Join("..", "docs", "schemas", name+".json") }

func TestSchemasAreThoseOfTheTypes(t *testing.T) {
	for name, want := range schemas(t) {
		if *regenSchemas {
			require.NoError(t, os.MkdirAll(filepath.Dir(schemaPath(name)), dirMode))
			require.NoError(t, os.WriteFile(schemaPath(name), want, fileMode))
		}
		got, err := os.ReadFile(schemaPath(name))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), "run go test ./experiments -regen")
	}
}

// valid says whether a JSON text fits a documented schema.
func valid(t *testing.T, name string, text []byte) error {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(schemaPath(name))
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	return schema.Validate(value)
}

// cellJSON is a stored cell.yaml as JSON.
func cellJSON(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var tree any
	require.NoError(t, yaml.Unmarshal(text, &tree))
	text, err = json.Marshal(tree)
	require.NoError(t, err)
	return text
}

func TestStoredResultsFitTheSchemas(t *testing.T) {
	_, defended := storedRows(t, defendedPlan(t, defendedConfig(t, "cutmix", "agent_augmentation+pgd", "indexing")))
	undefended, _ := verifiable(t)
	checked := 0
	for _, store := range []*Store{defended, undefended} {
		hashes, err := store.Hashes()
		require.NoError(t, err)
		for _, hash := range hashes {
			result, err := os.ReadFile(filepath.Join(store.Path(hash), ResultFile))
			require.NoError(t, err)
			require.NoError(t, valid(t, "result", result))
			require.NoError(t, valid(t, "cell", cellJSON(t, filepath.Join(store.Path(hash), CellFile))))
			checked++
		}
	}
	require.Greater(t, checked, 8)

	drawn, err := json.Marshal(defendedCell())
	require.NoError(t, err)
	require.NoError(t, valid(t, "cell", drawn))
	undefinedRates, err := json.Marshal(Result{
		Attackers: []AttackerResult{{}}, Cross: [][]game.Rate{{{}}}, Overlaps: []game.PairOverlap{{}},
		Normalization: Normalization{Mean: []float64{0}, Std: []float64{1}},
		Run:           Run{Timing: Timing{Seconds: map[Phase]float64{}}, Single: []Single{{}}},
	})
	require.NoError(t, err)
	require.NoError(t, valid(t, "result", undefinedRates))
}

func TestSchemasRefuse(t *testing.T) {
	store, hash := verifiable(t)
	result, err := os.ReadFile(filepath.Join(store.Path(hash), ResultFile))
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
		require.Error(t, valid(t, "result", bytes.Replace(result, []byte(from), []byte(to), 1)), to)
	}
	cell, err := json.Marshal(exampleCell())
	require.NoError(t, err)
	require.NoError(t, valid(t, "cell", cell))
	require.Error(t, valid(t, "cell", bytes.Replace(cell, []byte(`"p0":0.2`), []byte(`"p0":"0.2"`), 1)))
	require.Error(t, valid(t, "cell", bytes.Replace(cell, []byte(`"epochs":50,`), nil, 1)))
}
