package summary

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/audit"
	"backfire/config"
	"backfire/defenses"
	"backfire/experiments/cell"
	"backfire/experiments/curve"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/enginetest"
	"backfire/payoffs"
	"backfire/stats"
)

// fieldsOf lists the JSON paths of a type down to what the documentation calls
// a value: numbers, texts, rates, summaries, lists and maps of them.
func fieldsOf(t reflect.Type, path string) []string {
	switch t {
	case reflect.TypeFor[game.Rate](), reflect.TypeFor[stats.Summary](), reflect.TypeFor[[][]game.Rate](), reflect.TypeFor[defenses.Stack](),
		reflect.TypeFor[config.Config](), reflect.TypeFor[audit.Spec](), reflect.TypeFor[payoffs.Spec](), reflect.TypeFor[[]GameResult]():
		return []string{path}
	}
	switch {
	case t.Kind() == reflect.Pointer:
		return fieldsOf(t.Elem(), path)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return fieldsOf(t.Elem(), path+"[]")
	case t.Kind() != reflect.Struct || t.PkgPath() == "time":
		return []string{path}
	}
	var all []string
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name == "-" || !field.IsExported():
		case field.Anonymous:
			all = append(all, fieldsOf(field.Type, path)...)
		default:
			all = append(all, fieldsOf(field.Type, strings.TrimPrefix(path+"."+name, "."))...)
		}
	}
	return all
}

func TestEveryFieldIsDocumented(t *testing.T) {
	for heading, of := range map[string]reflect.Type{
		store.CellFile:        reflect.TypeFor[cell.Cell](),
		store.ResultFile:      reflect.TypeFor[store.Result](),
		store.EnvironmentFile: reflect.TypeFor[store.Environment](),
		store.DivergenceFile:  reflect.TypeFor[store.Divergences](),
		curve.File:            reflect.TypeFor[curve.Curve](),
		store.ManifestFile:    reflect.TypeFor[store.Manifest](),
		store.SummaryFile:     reflect.TypeFor[runSummary](),
		store.SweepFile:       reflect.TypeFor[Summary](),
		plan.File:             reflect.TypeFor[plan.StoredPlan](),
		"open.json":           reflect.TypeFor[store.OpenRun](),
		"failed":              reflect.TypeFor[store.GivenUp](),
	} {
		t.Run(heading, func(t *testing.T) {
			require.ElementsMatch(t, fieldsOf(of, ""), enginetest.Documented(t, heading))
		})
	}
}
