package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGotchDirDependsOnWhatIsCompiled(t *testing.T) {
	base := gotchDir("/cache", testCPU)
	require.Equal(t, base, gotchDir("/cache", testCPU))
	require.Regexp(t, `^/cache/gotch-0\.9\.1-[0-9a-f]{12}$`, base)

	newer, moved, old := testCPU, testCPU, testCPU
	newer.Version = "2.12.0"
	moved.Lib = "/elsewhere"
	old.OldABI = true
	for _, l := range []libtorch{newer, moved, old, testCUDA} {
		require.NotEqual(t, base, gotchDir("/cache", l))
	}
}

func TestAdapterRefusesAnotherGotch(t *testing.T) {
	tests := []struct{ name, answer, want string }{
		{"another sum", `{"Dir": "/x", "Sum": "h1:AAAA"}`, "its sum is h1:AAAA instead of " + gotchSum},
		{"go's own words", `{"Error": "unknown revision v0.9.1"}`, "unknown revision v0.9.1"},
		{"no JSON", "proxy down", "invalid character"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, _ := testConsole()
			a := adapter{console: c, run: func(_ context.Context, c command) error {
				_, err := fmt.Fprint(c.stdout, test.answer)
				return err
			}}
			require.ErrorContains(t, a.adapt(t.Context(), t.TempDir(), testCPU), test.want)
		})
	}
}

// compilerOf returns a commander for a g++ that reports errors in the named functions, at most two at a time, unless their bodies are
// stubs.
func compilerOf(t *testing.T, m *machine, missing ...string) (commander, *int) {
	t.Helper()
	rounds := 0
	return func(ctx context.Context, c command) error {
		if c.name != "g++" {
			return m.run(ctx, c)
		}
		rounds++
		text, err := os.ReadFile(filepath.Join(c.dir, generatedFile))
		require.NoError(t, err)
		found := 0
		for i, line := range strings.Split(string(text), "\n") {
			_, name, ok := functionHead(line)
			for _, gone := range missing {
				if !ok || name != gone || found == 2 || strings.Contains(string(text), `"`+gone+`: not in this libtorch"`) {
					continue
				}
				found++
				_, err := fmt.Fprintf(c.stderr, "%s:%d:9: error: no such thing\n", generatedFile, i+3)
				require.NoError(t, err)
			}
		}
		if found > 0 {
			return errors.New("exit status 1")
		}
		return nil
	}, &rounds
}

func TestAdapterSearchesForOtherVersions(t *testing.T) {
	m := newMachine(t)
	other := testCPU
	other.Version = "2.9.9"
	run, rounds := compilerOf(t, m, "atg_add", "atg_add_out", "atg_chunk")
	c, said := testConsole()
	dir := t.TempDir()
	require.NoError(t, adapter{run: run, console: c}.adapt(t.Context(), dir, other))
	require.Equal(t, 3, *rounds, "two rounds with errors and one without")
	require.Contains(t, said.String(), "libtorch 2.9.9 is not the pinned "+torchVersion)
	text, err := os.ReadFile(filepath.Join(dir, "libtch", generatedFile))
	require.NoError(t, err)
	for _, name := range []string{"atg_add", "atg_add_out", "atg_chunk"} {
		require.Contains(t, string(text), `"`+name+`: not in this libtorch"`)
	}
	require.NotContains(t, string(text), `"atg_q_zero_point: not in this libtorch"`)
}

func TestAdapterGivesUpAfterSixRounds(t *testing.T) {
	m := newMachine(t)
	writeFile(t, filepath.Join(m.gotch, "libtch", "more"), "", 0o644)
	names := make([]string, 2*searchRounds+1)
	for i := range names {
		names[i] = fmt.Sprintf("atg_gone_%d", i)
	}
	generatedPath := filepath.Join(m.gotch, "libtch", generatedFile)
	require.NoError(t, os.Remove(generatedPath))
	writeFile(t, generatedPath, generatedWith(names...), 0o644)
	other := testCPU
	other.Version = "1.0.0"
	run, rounds := compilerOf(t, m, names...)
	c, _ := testConsole()
	err := adapter{run: run, console: c}.adapt(t.Context(), t.TempDir(), other)
	require.ErrorContains(t, err, "still does not compile against libtorch 1.0.0 after 6 rounds; use libtorch "+torchVersion)
	require.Equal(t, searchRounds, *rounds)
}
