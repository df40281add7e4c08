package plan_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/config"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// programOne is the program that makes and reads the plans of these tests.
var programOne = store.Build{Version: "1"}

// writtenPlan stores a plan with a changed configuration, whose digest fits, and returns the store and its file.
func writtenPlan(t require.TestingT, dir string, change func(*plan.StoredPlan)) (*store.Store, string) {
	st, err := store.Open(dir)
	require.NoError(t, err)
	stored, err := plan.NewStoredPlan(enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(*config.Config) {})), programOne)
	require.NoError(t, err)
	change(stored)
	path, err := stored.Write(context.Background(), st)
	require.NoError(t, err)
	return st, filepath.Join(path, plan.File)
}

// planned reads and plans a stored plan, as workers, status and collect do.
func planned(st *store.Store) error {
	stored, err := plan.ReadStored(st, "", programOne)
	if err != nil {
		return err
	}
	_, err = stored.NewSweep(context.Background(), enginetest.Loader)
	return err
}

// Plans with a fitting digest and numbers that no configuration has are refused at once.
func TestImpossiblePlansAreRefused(t *testing.T) {
	on := func(change func(*config.Config)) func(*plan.StoredPlan) {
		return func(p *plan.StoredPlan) { change(&p.Points[0].Config) }
	}
	for name, change := range map[string]func(*plan.StoredPlan){
		"counts [-1]":     on(func(c *config.Config) { c.Attackers.Counts = []int{-1} }),
		"counts [0]":      on(func(c *config.Config) { c.Attackers.Counts = []int{0} }),
		"counts [2^62]":   on(func(c *config.Config) { c.Attackers.Counts = []int{1 << 62} }),
		"counts [500000]": on(func(c *config.Config) { c.Attackers.Counts = []int{500_000} }),
		"no counts":       on(func(c *config.Config) { c.Attackers.Counts = nil }),
		"singles":         on(func(c *config.Config) { c.Attackers.Singles = -2 }),
		"seats":           on(func(c *config.Config) { c.Attackers.Seats = []int{1 << 62} }),
		"threads":         on(func(c *config.Config) { c.Threads = 1 << 62 }),
		"threads below 0": on(func(c *config.Config) { c.Threads = -1 }),
		"workers":         on(func(c *config.Config) { c.Workers = 1 << 62 }),
		"batch":           on(func(c *config.Config) { c.Train.Batch = 0 }),
		"epochs":          on(func(c *config.Config) { c.Train.Epochs = 1 << 62 }),
		"width":           on(func(c *config.Config) { c.Model.Width = -28 }),
		"pool":            on(func(c *config.Config) { c.Pool.Size = 1 << 62 }),
		"pool below 0":    on(func(c *config.Config) { c.Pool.Size = -1 }),
		"dataset":         on(func(c *config.Config) { c.Data.Name = "imagenet" }),
		"device":          on(func(c *config.Config) { c.Device = "tpu" }),
		"defender":        on(func(c *config.Config) { c.Defenders = []string{"x"} }),
		"slices": on(func(c *config.Config) {
			c.Defenders = []string{"indexing_sliced"}
			c.Defenses.Set("indexing.models", 1<<62)
		}),
		"verify": func(p *plan.StoredPlan) {
			verify := p.Points[0].Config
			verify.Attackers.Counts = []int{1 << 62}
			p.Points[0].Verify = &verify
		},
		"no points":    func(p *plan.StoredPlan) { p.Points = nil },
		"other points": func(p *plan.StoredPlan) { p.Points = append(p.Points, p.Points[0]) },
		"other format": func(p *plan.StoredPlan) { p.Format = 7 },
	} {
		t.Run(name, func(t *testing.T) {
			st, _ := writtenPlan(t, t.TempDir(), change)
			begun := time.Now()
			require.Error(t, planned(st))
			require.Less(t, time.Since(begun), 5*time.Second)
		})
	}
	st, _ := writtenPlan(t, t.TempDir(), func(*plan.StoredPlan) {})
	require.NoError(t, planned(st))
}

// One changed character of a plan is refused, and so is a plan without a digest.
func TestChangedPlansAreRefused(t *testing.T) {
	st, path := writtenPlan(t, t.TempDir(), func(p *plan.StoredPlan) { p.Title, p.Table = "Table", "points" })
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	same := func(a, b []byte) bool {
		var one, other bytes.Buffer
		return json.Compact(&one, a) == nil && json.Compact(&other, b) == nil && bytes.Equal(one.Bytes(), other.Bytes())
	}
	rapid.Check(t, func(t *rapid.T) {
		changed := bytes.Clone(text)
		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		changed[at] = rapid.SampledFrom([]byte("0123456789abefx.-{}[],:\"")).Draw(t, "character")
		require.NoError(t, os.WriteFile(path, changed, disk.FileMode))
		if err := planned(st); !same(text, changed) {
			require.Error(t, err)
			_, err = plan.References(plan.File, changed)
			require.Error(t, err, "it might name any result")
		}
	})
	var tree map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &tree))
	delete(tree, "digest")
	unsealed, err := json.Marshal(tree)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, unsealed, disk.FileMode))
	require.ErrorIs(t, planned(st), cell.ErrSeal)
	_, err = plan.References(plan.File, unsealed)
	require.NoError(t, err, "older versions wrote none, and what they name is kept")
}

// A plan that is no file of its own, or whose directory has links for other programs to write to, is refused.
func TestSpecialPlansAreRefused(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"pipe": func(path string) error { return syscall.Mkfifo(path, disk.FileMode) },
		"link": func(path string) error { return os.Symlink("/dev/zero", path) },
		"dir":  func(path string) error { return os.Mkdir(path, disk.DirMode) },
	} {
		st, path := writtenPlan(t, t.TempDir(), func(*plan.StoredPlan) {})
		require.NoError(t, os.Remove(path))
		require.NoError(t, damage(path))
		begun := time.Now()
		require.Error(t, planned(st), name)
		require.Less(t, time.Since(begun), time.Second, name)
	}
	st, path := writtenPlan(t, t.TempDir(), func(*plan.StoredPlan) {})
	require.NoError(t, os.Symlink("/tmp/elsewhere", filepath.Join(filepath.Dir(path), "submitted.json")))
	require.ErrorIs(t, planned(st), disk.ErrLink)
}
