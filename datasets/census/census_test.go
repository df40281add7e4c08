package census

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCount(t *testing.T) {
	rows := []uint8{
		1, 2, 3, 4, // the first
		1, 2, 3, 4, // repeated
		1, 2, 3, 4, // repeated under another label
		5, 5, 9, 9, // each plane has one value
		5, 5, 5, 6,
	}
	require.Equal(t, Pixels{Repeated: 2, OtherLabel: 1, Constant: 1}, Count(rows, []uint16{0, 0, 1, 1, 1}, 2, 2))
	require.Equal(t, Pixels{Repeated: 2, OtherLabel: 1}, Count(rows, []uint16{0, 0, 1, 1, 1}, 1, 4))
	require.Equal(t, Pixels{Repeated: 4, Constant: 5}, Count(make([]uint8, 5), make([]uint16, 5), 1, 1))
}

// The counts equal those of a comparison of all pairs.
func TestCountComparesAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "n")
		rows := rapid.SliceOfN(rapid.ByteRange(0, 1), 3*n, 3*n).Draw(t, "rows")
		labels := rapid.SliceOfN(rapid.Uint16Range(0, 2), n, n).Draw(t, "labels")
		var want Pixels
		for i := range n {
			row := rows[3*i : 3*i+3]
			if row[0] == row[1] && row[1] == row[2] {
				want.Constant++
			}
			for j := range i {
				if string(rows[3*j:3*j+3]) == string(row) {
					want.Repeated++
					if labels[j] != labels[i] {
						want.OtherLabel++
					}
					break
				}
			}
		}
		require.Equal(t, want, Count(rows, labels, 1, 3))
	})
}

// Rows whose hashes collide are told apart.
func TestIndexOfCollidingRows(t *testing.T) {
	x := NewIndex([]uint8{1, 2, 1}, 1)
	require.Equal(t, 0, x.Add(0))
	at, _ := x.find(1)
	x.first[at] = 0 // as if both had one hash
	require.False(t, x.Has(1))
	require.Equal(t, 1, x.Add(1))
	require.True(t, x.Has(1))
	require.Equal(t, 0, x.Add(2))
}

func TestTally(t *testing.T) {
	type file struct {
		reason     Reason
		kind, path string
	}
	files := []file{
		{Other, "", "notes.txt"}, {Format, ".WEBP", "b/2.WEBP"}, {Format, ".webp", "b/1.webp"}, {Format, ".bmp", "a\x1b[2J/caf\xe9.bmp"}, {Other, "", "cat/Thumbs.db"},
	}
	want := []LeftOut{
		{Format, ".bmp", 1, `a\x1b[2J/caf\xe9.bmp`},
		{Format, ".webp", 2, "b/1.webp"},
		{Hidden, "", 1, ".git"},
		{Other, "", 2, "cat/Thumbs.db"},
	}
	rapid.Check(t, func(t *rapid.T) {
		var tally Tally
		for _, f := range rapid.Permutation(files).Draw(t, "order") {
			tally.AddOnce(Hidden, ".git")
			tally.Add(f.reason, f.kind, f.path)
		}
		require.Equal(t, want, tally.LeftOut())
		require.Equal(t, 6, tally.Files())
	})
	var empty Tally
	require.Empty(t, empty.LeftOut())
	require.Zero(t, empty.Files())
}

func TestLine(t *testing.T) {
	var tally Tally
	for _, name := range []string{"a/1.webp", "a/2.webp", "b/1.bmp"} {
		tally.Add(Format, name[3:], name)
	}
	tally.Add(Archive, ".zip", "more.zip")
	tally.Add(Other, "", "README.md")
	tally.Add(Hidden, "", ".git")
	tally.Add(Hidden, "", "cat/._1.png")
	c := Census{
		Seen: 57, Read: 50, LeftOut: tally.LeftOut(), Empty: 1, Trailing: 7,
		Splits: []SplitCount{{"train", 45, []int{20, 25}}, {"test", 5, []int{5, 0}}},
		Pixels: Pixels{Repeated: 3, OtherLabel: 1, Constant: 1},
	}
	require.Equal(t, `57 files seen, 50 read; left out: 1 .bmp and 2 .webp (formats that are not read; convert them to PNG), `+
		`1 .zip (archives among the images; unpack them or move them away), 2 hidden or of other programs (such as .git), `+
		`1 of other kinds (README.md); 1 empty folder; 7 bytes behind the end of the archive not read; `+
		`train: 45 images of 2 classes; test: 5 images of 1 class (none of "dog"); `+
		`3 images repeat the pixels of an earlier one (1 under another label); 1 image of one value`, c.Line([]string{"cat", "dog"}))
	require.Equal(t, 3, c.Left(Format))
	require.Equal(t, 7, c.Left(""))
	require.Equal(t, "1 file seen, 1 read; 1 image of 1 class; one class only, so that no model can tell it from another",
		Census{Seen: 1, Read: 1, Splits: []SplitCount{{"", 1, []int{1}}}}.Line([]string{"cat"}))
	require.Contains(t, Census{Splits: []SplitCount{{"test", 1, []int{1, 0, 0, 0, 0, 0}}}}.Line([]string{"a", "b", "c", "d", "e", "f"}),
		`(none of "b", "c", "d", 2 more)`)
}

// A census survives its encoding, whatever the names of the files.
func TestCensusAsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tally Tally
		for range rapid.IntRange(1, 5).Draw(t, "files") {
			tally.Add(rapid.SampledFrom(Reasons()).Draw(t, "reason"), "", string(rapid.SliceOf(rapid.Byte()).Draw(t, "path")))
		}
		c := Census{Seen: tally.Files(), LeftOut: tally.LeftOut()}
		text, err := json.Marshal(c)
		require.NoError(t, err)
		var back Census
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, c, back)
	})
}
