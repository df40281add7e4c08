package enginetest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/cpuid/v2"
	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/curve"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
)

// OpenStore opens a new store in a directory whose name has spaces and a letter beyond ASCII.
func OpenStore(t testing.TB) *store.Store {
	t.Helper()
	store, err := store.Open(filepath.Join(t.TempDir(), "läufe und mehr"))
	require.NoError(t, err)
	return store
}

// StoreCell commits a complete made-up result of the example cell and returns its hash.
func StoreCell(t testing.TB, st *store.Store) string {
	t.Helper()
	hash, err := ExampleCell().Hash()
	require.NoError(t, err)
	claim, err := st.Claim(hash)
	require.NoError(t, err)
	dir, err := claim.Dir()
	require.NoError(t, err)
	require.NoError(t, store.ResultFiles{
		Cell: ExampleCell(), Predicted: []uint16{0, 1},
	}.Write(dir))
	result := emptyResult(ExampleCell(), hash)
	result.FinalLoss = 0.5
	result.Provenance = store.Provenance{Timing: store.Timing{TotalSeconds: 2}, Single: []store.Single{{ID: 3, Cell: strings.Repeat("a", 64)}}}
	require.NoError(t, claim.Commit(result))
	require.NoError(t, claim.Release())
	return hash
}

// emptyResult returns a result of a cell without figures.
func emptyResult(c cell.Cell, hash string) store.Result {
	score := &game.Score{Honest: make([]game.HonestScore, c.Game.SeatCount()-len(c.Game.Attackers))}
	for _, a := range c.Game.Attackers {
		score.Attackers = append(score.Attackers, game.AttackerScore{ID: a.ID, Target: a.TargetLabel()})
		score.Cross = append(score.Cross, make([]game.Rate, len(c.Game.Attackers)))
	}
	return store.NewResult(c, hash, score, nil)
}

// RequireNoLeftovers checks that a store has no working directory and no lock, except for the
// checkpoints of the given cells.
func RequireNoLeftovers(t *testing.T, st *store.Store, cells ...string) {
	t.Helper()
	var left, expected []string
	for _, sub := range []string{".work", ".locks"} {
		dir := filepath.Join(st.Dir(), sub)
		require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if path != dir {
				left = append(left, path)
			}
			return err
		}))
	}
	for _, cell := range cells {
		base := filepath.Join(st.Dir(), ".work", cell)
		expected = append(expected, base, filepath.Join(base, store.CheckpointFile))
	}
	require.ElementsMatch(t, expected, left)
}

// FlipBit changes one bit in the middle of a file. A second call restores the file.
func FlipBit(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data[len(data)/2] ^= 1
	return os.WriteFile(path, data, disk.FileMode)
}

// TakeOver takes over the lease of a cell, as another host does that believes the holder dead.
func TakeOver(t *testing.T, st *store.Store, hash string) {
	t.Helper()
	dir := filepath.Join(st.Dir(), ".locks", hash)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.NoError(t, os.Rename(filepath.Join(dir, entries[0].Name()), filepath.Join(dir, "other~1~1~elsewhere~token~0")))
}

// StoreTiming stores a made-up result with a speed in images per second. change, if not nil,
// changes its environment, which is that of the fake engine on this CPU.
func StoreTiming(t *testing.T, st *store.Store, cell cell.Cell, speed float64, change func(*store.Environment)) {
	t.Helper()
	hash, err := cell.Hash()
	require.NoError(t, err)
	claim, err := st.Claim(hash)
	require.NoError(t, err)
	dir, err := claim.Dir()
	require.NoError(t, err)
	environment := store.Environment{Device: "cpu", Threads: 1, CPU: store.CPU{Model: cpuid.CPU.BrandName}, Engine: store.EngineInfo{Name: "fake"}}
	if change != nil {
		change(&environment)
	}
	require.NoError(t, store.ResultFiles{
		Cell: cell, Environment: environment,
	}.Write(dir))
	result := emptyResult(cell, hash)
	result.Provenance.ImagesPerSecond = speed
	require.NoError(t, claim.Commit(result))
	require.NoError(t, claim.Release())
}

// GarbageOf lists the paths of a store's garbage, whatever its age: those that no run needs, and
// those that open runs need.
func GarbageOf(t *testing.T, store *store.Store) (free, open []string) {
	t.Helper()
	garbage, err := store.Garbage(time.Now().Add(time.Hour), plan.References)
	require.NoError(t, err)
	for _, g := range garbage {
		path, err := filepath.Rel(store.Dir(), g.Path)
		require.NoError(t, err)
		if g.Open == nil {
			require.Empty(t, open, "what open runs need comes last")
			free = append(free, path)
		} else {
			open = append(open, path)
		}
	}
	return free, open
}

// WriteManifest writes the manifest of the files in dir anew, as the result of the cell called hash.
func WriteManifest(dir, hash string) error {
	result, err := store.ReadResult(disk.In(dir))
	if err != nil {
		return err
	}
	names, err := disk.Files(dir)
	if err != nil {
		return err
	}
	m := store.Manifest{Cell: hash, Files: map[string]string{store.ResultFile: result.Digest}}
	for _, name := range names {
		if name == store.ResultFile {
			continue
		}
		if m.Files[name], err = disk.SHA256(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	if _, ok := m.Files[curve.File]; ok {
		stored, err := curve.Read(disk.In(dir))
		if err != nil {
			return err
		}
		m.Curve = stored.Request()
	}
	return jsonfile.Write(filepath.Join(dir, store.ManifestFile), m)
}
