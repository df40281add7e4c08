package store

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/game"
	"backfire/internal/disk"
	"backfire/triggers"
)

// drawPairs draws the figures of pairs of a number of attackers.
func drawPairs(t *rapid.T, n int) pairs {
	count := rapid.IntRange(0, 1<<31-1)
	p := pairs{Overlaps: []game.PairOverlap{}}
	for range n {
		row := make([]game.Rate, n)
		for j := range row {
			row[j] = game.Rate{Hits: count.Draw(t, "hits"), Of: count.Draw(t, "of")}
		}
		p.Cross = append(p.Cross, row)
	}
	for range rapid.IntRange(0, n).Draw(t, "overlaps") {
		p.Overlaps = append(p.Overlaps, game.PairOverlap{
			A: count.Draw(t, "a"), B: count.Draw(t, "b"), Declared: rapid.Bool().Draw(t, "declared"),
			Overlap: triggers.Overlap{Shared: 3, Equal: count.Draw(t, "equal"), Union: 9, Jaccard: rapid.Float64().Draw(t, "jaccard")},
		})
	}
	return p
}

// What was written is read; with any byte missing, added or behind the end it is refused or another number.
func TestPairsAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "pairs-")
		require.NoError(t, err)
		defer func() { require.NoError(t, os.RemoveAll(dir)) }()
		n := rapid.IntRange(1, 5).Draw(t, "n")
		drawn := drawPairs(t, n)
		require.NoError(t, writePairs(disk.In(dir), drawn))
		content, err := os.ReadFile(filepath.Join(dir, pairsFile))
		require.NoError(t, err)
		read, err := parsePairs(bytes.NewReader(content), n)
		require.NoError(t, err)
		require.Equal(t, drawn, read)
		_, err = parsePairs(bytes.NewReader(content), n+1)
		require.ErrorIs(t, err, errPairs)
		_, err = parsePairs(bytes.NewReader(content[:rapid.IntRange(0, len(content)-1).Draw(t, "cut")]), n)
		require.ErrorIs(t, err, errPairs)
		_, err = parsePairs(bytes.NewReader(append(content, 0)), n)
		require.ErrorIs(t, err, errPairs)
	})
}

// FuzzPairs reads any content without a panic, and without more memory than its attackers need.
func FuzzPairs(f *testing.F) {
	dir := f.TempDir()
	if err := writePairs(disk.In(dir), pairs{Cross: [][]game.Rate{{{Hits: 1, Of: 300}}}, Overlaps: []game.PairOverlap{{A: 1, B: 2}}}); err != nil {
		f.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(dir, pairsFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content, 1)
	f.Add([]byte(pairsMagic), 0)
	f.Fuzz(func(t *testing.T, content []byte, attackers int) {
		if attackers < 0 || attackers > 100 {
			return
		}
		read, err := parsePairs(bytes.NewReader(content), attackers)
		if err == nil {
			require.Len(t, read.Cross, attackers)
		}
	})
}

// resultOf makes up a result of a number of attackers with its pairs.
func resultOf(n int) Result {
	r := Result{Format: ResultFormat, Cell: "made up", Overlaps: []game.PairOverlap{{A: 0, B: 1}}}
	for i := range n {
		r.Attackers = append(r.Attackers, AttackerResult{AttackerScore: game.AttackerScore{ID: i}})
		row := make([]game.Rate, n)
		row[0] = game.Rate{Hits: i, Of: n}
		r.Cross = append(r.Cross, row)
	}
	return r
}

// The pairs of few attackers lie in the result, those of many beside it. Either way they are read, and a large
// result that an older program wrote with its pairs is read, too.
func TestPairsLieBesideLargeResults(t *testing.T) {
	for n, beside := range map[int]bool{1: false, mostInline: false, mostInline + 1: true, 200: true} {
		dir, whole := t.TempDir(), resultOf(n)
		require.NoError(t, whole.writeSeparated(disk.In(dir)))
		_, err := os.Stat(filepath.Join(dir, pairsFile))
		require.Equal(t, beside, err == nil, "%d attackers: %v", n, err)
		read, err := ReadResult(disk.In(dir))
		require.NoError(t, err)
		require.Equal(t, !beside, read.HasPairs())
		require.NoError(t, read.write(disk.In(dir)), "as Commit does")
		again, err := read.WithPairsOf(disk.In(dir))
		require.NoError(t, err)
		require.Equal(t, pairs{whole.Cross, whole.Overlaps}, pairs{again.Cross, again.Overlaps})
		sum, err := disk.In(dir).SHA256(pairsFile)
		record := Record{Result: read, Dir: dir, digests: map[string]string{pairsFile: sum}}
		if beside {
			require.NoError(t, err)
			info, err := os.Stat(filepath.Join(dir, ResultFile))
			require.NoError(t, err)
			require.Less(t, info.Size(), int64(n*500+2000), "no part of the result grows with the square of the attackers")
		}
		full, err := record.WithPairs()
		require.NoError(t, err)
		require.Equal(t, whole.Cross, full.Cross)

		old := t.TempDir()
		require.NoError(t, whole.write(disk.In(old)))
		read, err = ReadResult(disk.In(old))
		require.NoError(t, err)
		require.True(t, read.HasPairs())
		require.Equal(t, whole.Cross, read.Cross)
		require.NoError(t, read.write(disk.In(old)), "as Complete does")
		require.NoFileExists(t, filepath.Join(old, pairsFile))
	}
}

// Pairs that do not fit their digest, or are missing, are refused.
func TestDamagedPairsAreRefused(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"missing": os.Remove,
		"cut off": func(path string) error { return os.Truncate(path, 40) },
		"a digit": func(path string) error {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content[len(content)/2] ^= 1
			return os.WriteFile(path, content, disk.FileMode)
		},
	} {
		dir := t.TempDir()
		require.NoError(t, resultOf(100).writeSeparated(disk.In(dir)))
		sum, err := disk.In(dir).SHA256(pairsFile)
		require.NoError(t, err)
		result, err := ReadResult(disk.In(dir))
		require.NoError(t, err)
		require.NoError(t, damage(filepath.Join(dir, pairsFile)))
		_, err = (&Record{Result: result, Dir: dir, digests: map[string]string{pairsFile: sum}}).WithPairs()
		require.ErrorIs(t, err, ErrBroken, name)
	}
	require.Contains(t, (&Record{Result: Result{Attackers: make([]AttackerResult, 65)}}).requiredFiles(), pairsFile)
	require.NotContains(t, (&Record{Result: resultOf(65)}).requiredFiles(), pairsFile, "of an older program")
}
