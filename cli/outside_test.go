package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Commands write messages by tell and shownf, which show what is not seen, and never
// format straight into a stream.
func TestMessagesPassOneWriter(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			function, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !strings.HasPrefix(function.Sel.Name, "Fprint") {
				return true
			}
			if stream, ok := call.Args[0].(*ast.SelectorExpr); ok {
				require.NotContains(t, []string{"Out", "ErrOut"}, stream.Sel.Name, "%s: use tell", set.Position(call.Pos()))
			}
			return true
		})
	}
}

// Whatever a name from outside holds, no command lets it act on the terminal: in
// arguments, in files that do not exist, in variables and in configuration files.
func TestNamesFromOutsideAreShown(t *testing.T) {
	for name, bad := range map[string]string{
		"C0": "a\x1b[31m\x07", "C1": "a\u009b31m", "DEL": "a\x7f", "bidi": "a\u202egnp", "isolate": "a\u2066b", "separator": "a\u2028b",
		"invisible": "a\u200b\ufeff", "no UTF-8": "a\xff\xc3", "line": "a\nb: ok", "return": "a\rb",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "x.yaml")
			require.NoError(t, os.WriteFile(file, []byte("name: \"x\"\nbase: {pool.size: \""+strings.ToValidUTF8(bad, "?")+"\"}\n"), 0o600))
			for _, args := range [][]string{
				{bad},
				{"runs", bad},
				{"run", "--" + bad},
				{"run", "--set", bad},
				{"run", "--set", "pool.size=" + bad},
				{"run", "--set", bad + "=1"},
				{"run", "--preset", bad},
				{"run", "--config", filepath.Join(dir, bad)},
				{"run", "--dataset", "folder", "--set", "data.path=" + filepath.Join(dir, bad)},
				{"run", "--dataset", bad},
				{"run", "--device", bad, "--dry-run"},
				{"table", bad},
				{"sweep", file},
				{"sweep", filepath.Join(dir, bad)},
				{"plan", "sweep", bad},
				{"plan", bad, bad},
				{"worker", "--plan", filepath.Join(dir, bad, "b", "c")},
				{"worker", "--plan", bad, "--store", dir},
				{"worker", "--plan", bad, "--shard", bad},
				{"status", bad, "--store", filepath.Join(dir, bad)},
				{"runs", "show", bad, "--store", dir},
				{"runs", "list", "--store", filepath.Join(dir, bad)},
				{"models", "show", bad, "--store", dir},
				{"models", "list", "--filter", bad, "--store", dir},
				{"report", filepath.Join(dir, bad)},
				{"report", bad, "--store", dir},
				{"verify", bad, "--store", dir},
				{"predict", "--run", bad, "--store", dir, bad},
				{"import-trigger", filepath.Join(dir, bad)},
				{"config", "explain", bad},
				{"data", "fetch", bad},
				{"data", "show", bad},
				{"completion", bad},
				{"help", bad},
			} {
				code, out, errOut := runMain(t, args...)
				require.NotEqual(t, ExitOK, code, args)
				for _, said := range []string{out, errOut} {
					require.Equal(t, said, strings.ToValidUTF8(said, "?"), args)
					require.NotRegexp(t, `[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{200b}\x{2028}\x{202e}\x{2066}\x{feff}]`, said, args)
				}
				require.NotContains(t, errOut, "\nb: ok", args)
			}
		})
	}
}
