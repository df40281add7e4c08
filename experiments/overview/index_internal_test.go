package overview

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// indexCell is a made-up cell of a seed.
func indexCell(seed uint64) cell.Cell {
	c := enginetest.ExampleCell()
	c.Game.Seed = seed
	return c
}

// open opens a store that believes times of files at once.
func open(dir string) (lister, error) {
	st, err := store.Open(dir)
	return lister{st, 0}, err
}

// putResult stores a made-up result of a seed with a loss, in place of an older one.
func putResult(t require.TestingT, s lister, seed uint64, loss float64) string {
	c := indexCell(seed)
	hash, err := c.Hash()
	require.NoError(t, err)
	dir := s.Path(hash)
	require.NoError(t, os.RemoveAll(dir))
	require.NoError(t, os.MkdirAll(dir, disk.DirMode))
	hits := int(loss * 100)
	score := &game.Score{Clean: game.Rate{Hits: hits, Of: 100}}
	for _, a := range c.Game.Attackers {
		score.Attackers = append(score.Attackers, game.AttackerScore{ID: a.ID, Target: a.TargetLabel()})
		score.Cross = append(score.Cross, make([]game.Rate, len(c.Game.Attackers)))
	}
	result := store.NewResult(c, hash, score, nil)
	result.FinalLoss = loss
	result.Provenance = store.Provenance{Timing: store.Timing{Finished: time.Unix(int64(seed), 0).UTC()}, Single: []store.Single{}}
	require.NoError(t, store.ResultFiles{Cell: c, Result: result}.Write(dir))
	require.NoError(t, enginetest.WriteManifest(dir, hash))
	return hash
}

// listed lists a store with the index, and checks that it equals a list without.
func listed(t require.TestingT, s lister) []Result {
	broken := 0
	all, err := s.list(context.Background(), func(error) { broken++ })
	require.NoError(t, err)
	hashes, err := s.Hashes()
	require.NoError(t, err)
	var want []Result
	for _, hash := range hashes {
		if record, err := s.Glance(hash); err == nil {
			want = append(want, Of(record))
		}
	}
	require.Equal(t, want, all)
	require.Equal(t, len(hashes)-len(want), broken)
	return all
}

// Whatever happens to results and index between two lists, a list shows what the files hold.
func TestIndexIsNeverBelievedOverTheFiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "index-")
		require.NoError(t, err)
		defer func() { require.NoError(t, os.RemoveAll(dir)) }()
		s, err := open(dir)
		require.NoError(t, err)
		s.settle = 0
		path := filepath.Join(dir, File)
		var hashes []string
		some := func() string { return rapid.SampledFrom(hashes).Draw(t, "which") }
		for range 8 {
			action := rapid.SampledFrom([]string{"add", "add", "replace", "remove", "damage", "edit", "rename", "list", "no index", "cut index", "change index", "odd index"}).Draw(t, "action")
			if len(hashes) == 0 && action != "list" {
				action = "add"
			}
			switch action {
			case "add", "replace":
				hash := putResult(t, s, rapid.Uint64Range(0, 5).Draw(t, "seed"), float64(rapid.IntRange(0, 99).Draw(t, "loss"))/100)
				hashes = append(hashes, hash)
			case "remove":
				require.NoError(t, os.RemoveAll(s.Path(some())))
			case "damage", "edit": // in place, of the same size
				file := filepath.Join(s.Path(some()), rapid.SampledFrom(stampedFiles()).Draw(t, "file"))
				if text, err := os.ReadFile(file); err == nil {
					time.Sleep(5 * time.Millisecond) // another time, even where clocks tick slowly
					text[rapid.IntRange(0, len(text)-1).Draw(t, "at")] ^= 1
					require.NoError(t, os.WriteFile(file, text, disk.FileMode))
					if action == "edit" { // which hides the time of its change
						require.NoError(t, os.Chtimes(file, time.Unix(1, 0), time.Unix(1, 0)))
					}
				}
			case "rename": // one result over another
				from, to := some(), some()
				if from != to {
					require.NoError(t, os.RemoveAll(s.Path(to)))
					_ = os.Rename(s.Path(from), s.Path(to)) // fails if it was removed before
				}
			case "no index":
				_ = os.Remove(path)
			case "cut index":
				_ = os.Truncate(path, rapid.Int64Range(0, 200).Draw(t, "length"))
			case "change index":
				if text, err := os.ReadFile(path); err == nil && len(text) > 0 {
					text = bytes.ReplaceAll(text, []byte(`"hits":`), []byte(`"hits":9`))
					require.NoError(t, os.WriteFile(path, text, disk.FileMode))
				}
			case "odd index":
				require.NoError(t, os.RemoveAll(path))
				require.NoError(t, os.Mkdir(path, disk.DirMode))
			}
			listed(t, s)
			if info, err := os.Lstat(path); err == nil && info.IsDir() {
				require.NoError(t, os.Remove(path))
			}
		}
	})
}

// An unchanged result is not read: its row comes from the index, which a rewritten row proves here.
func TestIndexSavesReading(t *testing.T) {
	s, err := open(t.TempDir())
	require.NoError(t, err)
	s.settle = 0
	hash := putResult(t, s, 1, 0.25)
	putResult(t, s, 2, 0.5)
	require.Len(t, listed(t, s), 2)
	rows := s.readIndex()
	require.Len(t, rows, 2)
	row := rows[hash]
	row.Title = "from the index"
	text, err := json.Marshal(index{indexFormat, map[string]indexed{hash: row}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir(), File), []byte(sumOf(text)+"\n"+string(text)), disk.FileMode))
	all, err := s.list(context.Background(), func(err error) { require.NoError(t, err) })
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(all, func(o Result) bool { return o.Title == "from the index" }))
	require.Len(t, s.readIndex(), 2, "the other was read and added")

	// A result that has just been written may change once more at the same time, so it is not kept.
	s.settle = time.Hour
	require.NoError(t, os.Remove(filepath.Join(s.Dir(), File)))
	require.Len(t, listed(t, s), 2)
	require.Empty(t, s.readIndex())
}

// Lists that run at the same time as each other and as results come and go are right, and leave one index.
func TestIndexOfConcurrentLists(t *testing.T) {
	dir := t.TempDir()
	s, err := open(dir)
	require.NoError(t, err)
	for seed := range uint64(20) {
		putResult(t, s, seed, 0.5)
	}
	var lists sync.WaitGroup
	for range 8 {
		lists.Go(func() {
			own, err := open(dir)
			if err != nil {
				t.Error(err)
				return
			}
			own.settle = 0
			for range 10 {
				all, err := own.list(context.Background(), func(err error) { t.Error(err) })
				if err != nil || len(all) < 20 {
					t.Error(len(all), err)
				}
			}
		})
	}
	lists.Wait()
	s.settle = 0
	require.Len(t, listed(t, s), 20)
	drafts, err := filepath.Glob(filepath.Join(dir, indexDraft+"*"))
	require.NoError(t, err)
	require.Empty(t, drafts)

	old := filepath.Join(dir, indexDraft+"dead")
	require.NoError(t, os.WriteFile(old, nil, disk.FileMode))
	require.NoError(t, os.Chtimes(old, time.Unix(1, 0), time.Unix(1, 0)))
	putResult(t, s, 99, 0.5)
	require.Len(t, listed(t, s), 21)
	require.NoFileExists(t, old)
}

// A store that cannot be written to is listed without an index.
func TestIndexOfReadOnlyStore(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere")
	}
	s, err := open(t.TempDir())
	require.NoError(t, err)
	s.settle = 0
	putResult(t, s, 1, 0.5)
	require.NoError(t, os.Chmod(s.Dir(), 0o555))
	require.Len(t, listed(t, s), 1)
	require.NoError(t, os.Chmod(s.Dir(), disk.DirMode))
	require.NoFileExists(t, filepath.Join(s.Dir(), File))
}

// The figures of docs/reliability.md: BACKFIRE_TEST_RESULTS=20000 lists so many results twice.
func TestManyResultsAreListed(t *testing.T) {
	n := 200
	if text := os.Getenv("BACKFIRE_TEST_RESULTS"); text != "" {
		_, err := fmt.Sscan(text, &n)
		require.NoError(t, err)
	}
	dir := t.TempDir()
	if kept := os.Getenv("BACKFIRE_TEST_RESULTS_DIR"); kept != "" {
		dir = kept
	}
	s, err := open(dir)
	require.NoError(t, err)
	for seed := range uint64(n) {
		putResult(t, s, seed, 0.5)
	}
	time.Sleep(settleTime)
	for _, what := range []string{"without an index", "with it"} {
		begin := time.Now()
		all, err := s.list(context.Background(), func(err error) { t.Error(err) })
		require.NoError(t, err)
		require.Len(t, all, n)
		t.Logf("%d results %s: %v", n, what, time.Since(begin).Round(time.Millisecond))
	}
	require.Len(t, s.readIndex(), n)
}
