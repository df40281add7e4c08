package patterns_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/datasets/testset"
	"backfire/experiments/patterns"
	"backfire/internal/program"
)

// written writes a program in a shell's language that copies its job to a directory and answers with the first
// pixel as its mask.
func written(t *testing.T, to string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mine")
	text := "#!/bin/sh\nset -e\ncd \"$(dirname \"$1\")\"\ncp * '" + to + "'\n" +
		"{ head -c 1 /dev/zero | tr '\\0' '\\1'; head -c 63 /dev/zero; } >mask.bin\nhead -c 64 /dev/zero >pattern.bin\n"
	require.NoError(t, os.WriteFile(path, []byte(text), 0o700))
	return path
}

// question returns a question about the images of an attacker.
func question(t *testing.T, path string, set *datasets.Set) patterns.Question {
	t.Helper()
	sum, err := program.Sum(path)
	require.NoError(t, err)
	return patterns.Question{
		Path: path, SHA256: sum, Version: "2", Limit: time.Minute, Store: t.TempDir(), Set: set, Seed: 5, Attacker: 3, Target: 1,
		Contributed: []int{7, 9, 11, 13, 100}, HeldOut: []int{8, 10},
	}
}

// A job has what docs/python.md says, and the same question gives the same job.
func TestJob(t *testing.T) {
	set, err := testset.New(1)
	require.NoError(t, err)
	to := t.TempDir()
	q := question(t, written(t, to), set)
	answer, err := patterns.Ask(t.Context(), q)
	require.NoError(t, err)
	require.NotEmpty(t, answer.Pixels)
	require.NoError(t, answer.Spec(q).Validate())
	text, err := os.ReadFile(filepath.Join(to, "job.json"))
	require.NoError(t, err)
	var job map[string]any
	require.NoError(t, json.Unmarshal(text, &job))
	seed := job["seed"]
	require.Positive(t, seed)
	require.Contains(t, job["directory"], "backfire-scratch-")
	require.NoDirExists(t, job["directory"].(string), "it is removed at the end")
	delete(job, "seed")
	delete(job, "directory")
	require.Equal(t, map[string]any{
		"format": 1.0, "kind": "trigger", "classes": []any{"north", "east", "south", "west"}, "shape": []any{8.0, 8.0, 1.0},
		"attacker": 3.0, "target": 1.0, "sample": "sample.npz", "images": 5.0, "stamp": "images.npz", "queries": 7.0, "limit": 60.0, "version": "2",
	}, job)
	first, err := os.ReadFile(filepath.Join(to, "images.npz"))
	require.NoError(t, err)

	q.Store = t.TempDir() // which keeps no answer
	_, err = patterns.Ask(t.Context(), q)
	require.NoError(t, err)
	second, err := os.ReadFile(filepath.Join(to, "images.npz"))
	require.NoError(t, err)
	require.Equal(t, first, second)

	q.Attacker = 4
	_, err = patterns.Ask(t.Context(), q)
	require.NoError(t, err)
	text, err = os.ReadFile(filepath.Join(to, "job.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &job))
	require.NotEqual(t, seed, job["seed"], "each attacker has a seed of its own")
}

// An answer that was kept and is damaged is asked for once more; another program is never used.
func TestAnswersAreKept(t *testing.T) {
	set, err := testset.New(1)
	require.NoError(t, err)
	q := question(t, written(t, t.TempDir()), set)
	answer, err := patterns.Ask(t.Context(), q)
	require.NoError(t, err)
	kept, err := filepath.Glob(filepath.Join(patterns.Dir(q.Store), "*.json"))
	require.NoError(t, err)
	require.Len(t, kept, 1)
	require.NoError(t, os.WriteFile(kept[0], []byte("{"), 0o600))
	again, err := patterns.Ask(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, answer, again)

	require.NoError(t, os.WriteFile(q.Path, []byte("#!/bin/sh\nexit 1\n"), 0o700))
	again, err = patterns.Ask(t.Context(), q)
	require.NoError(t, err, "the answer is kept")
	require.Equal(t, answer, again)
	q.Seed++
	_, err = patterns.Ask(t.Context(), q)
	require.ErrorIs(t, err, program.ErrProgram)
	require.ErrorContains(t, err, "it changed while games were planned")
}
