package experiments

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/defenses"
	"backfire/game"
	"backfire/stats"
)

// fieldsOf lists the JSON paths of a type down to what the documentation calls
// a value: numbers, texts, rates, summaries, lists and maps of them.
func fieldsOf(t reflect.Type, path string) []string {
	switch t {
	case reflect.TypeFor[game.Rate](), reflect.TypeFor[stats.Summary](), reflect.TypeFor[[][]game.Rate](), reflect.TypeFor[defenses.Stack](),
		reflect.TypeFor[config.Config]():
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

// documented lists the first columns of the table under a heading.
func documented(t *testing.T, heading string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", "results-format.md"))
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

func TestEveryFieldIsDocumented(t *testing.T) {
	for heading, of := range map[string]reflect.Type{
		CellFile:        reflect.TypeFor[Cell](),
		ResultFile:      reflect.TypeFor[Result](),
		EnvironmentFile: reflect.TypeFor[Environment](),
		DivergenceFile:  reflect.TypeFor[Divergences](),
		ManifestFile:    reflect.TypeFor[manifest](),
		SummaryFile:     reflect.TypeFor[Summary](),
		SweepFile:       reflect.TypeFor[SweepSummary](),
		PlanFile:        reflect.TypeFor[StoredPlan](),
		OpenFile:        reflect.TypeFor[OpenRun](),
		failedDir:       reflect.TypeFor[GivenUp](),
	} {
		t.Run(heading, func(t *testing.T) {
			require.ElementsMatch(t, fieldsOf(of, ""), documented(t, heading))
		})
	}
}

func TestEveryColumnIsDocumented(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, writeFiles(dir, files{cell: Cell{Inquiry: &Inquiry{}}}))
	for _, name := range []string{MetricsFile, PoisonFile, QueriesFile} {
		require.Equal(t, readCSV(t, filepath.Join(dir, name))[0], documented(t, name), name)
	}
}

func TestEveryEventIsDocumented(t *testing.T) {
	kinds := []string{
		string(KindPlan), string(KindRevised), string(KindStarted), string(KindPhase), string(KindProgress), string(KindEpoch),
		string(KindResumed), string(KindDiscarded), string(KindNotice), string(KindDone),
		string(KindRetry), string(KindFailed), string(KindBroken), string(KindLacking), string(KindWaiting), string(KindStored), "summary",
	}
	require.Equal(t, kinds, documented(t, "The events of `run --json`"))
}
