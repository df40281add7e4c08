package datasets

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// cifarFile returns a batch file whose n records have the labels 0, 1, ... and
// pixels that start with first.
func cifarFile(n int, first byte) []byte {
	var file []byte
	for i := range n {
		file = append(file, byte(i%10))
		file = append(file, bytes.Repeat([]byte{first + byte(i)}, cifarPixels)...)
	}
	return file
}

// cifarEntries returns a complete dataset with ten images in each batch.
func cifarEntries() []tarEntry {
	entries := []tarEntry{{name: cifarFolder + "/", kind: '5'}, {name: cifarFolder + "/batches.meta.txt", data: []byte("airplane\n")}}
	for i, name := range slices.Concat(cifarTrain, cifarTest) {
		entries = append(entries, tarEntry{name: cifarFolder + "/" + name, data: cifarFile(10, byte(10*i))})
	}
	return entries
}

func TestLoadCIFAR(t *testing.T) {
	archive := write(t, gzipped(t, tarFile(t, cifarEntries()...)), t.TempDir(), "anything.tgz")
	dir := t.TempDir()
	for _, e := range cifarEntries()[1:] {
		write(t, e.data, dir, e.name)
	}
	for split, want := range map[string]struct {
		n     int
		first byte
	}{SplitAuto: {60, 0}, SplitTrain: {50, 0}, SplitTest: {10, 50}} {
		var sums []string
		for _, path := range []string{archive, dir, filepath.Join(dir, cifarFolder)} {
			s, err := loadSource(t, Source{Name: Folder, Path: path, Split: split})
			require.NoError(t, err)
			require.Equal(t, []int{want.n, 3, 32, 32}, []int{s.Len(), s.C, s.H, s.W})
			require.Equal(t, cifarClasses, s.Classes)
			require.Equal(t, []uint16{0, 1, 2}, s.Labels[:3])
			require.Equal(t, bytes.Repeat([]byte{want.first + 1}, cifarPixels), s.Image(1))
			sums = append(sums, s.Checksum)
		}
		require.Equal(t, sums[0], sums[1], "archive and directory give the same set")
		require.Equal(t, sums[0], sums[2])
	}
}

func TestCIFARFaults(t *testing.T) {
	bad := cifarFile(10, 0)
	bad[3*cifarRecord] = 10
	for name, tc := range map[string]struct {
		data []byte // of test_batch.bin; nil: it is missing
		is   error
		want string
	}{
		"missing":    {nil, ErrMissing, "has no test_batch.bin"},
		"truncated":  {cifarFile(10, 0)[:5000], ErrCorrupt, "truncated: 5000 bytes are not a whole number of records of 3073"},
		"empty":      {[]byte{}, ErrCorrupt, "truncated: 0 bytes"},
		"label":      {bad, ErrCorrupt, "record 3 has label 10; labels go from 0 to 9"},
		"much bytes": {make([]byte, maxCIFARBatch+1), ErrCorrupt, "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			entries := cifarEntries()
			if tc.data == nil {
				entries = entries[:len(entries)-1]
			} else {
				entries[len(entries)-1].data = tc.data
			}
			dir := t.TempDir()
			for _, e := range entries[1:] {
				write(t, e.data, dir, e.name)
			}
			archive := write(t, tarFile(t, entries...), t.TempDir(), "cifar.tar")
			for _, path := range []string{dir, archive} {
				_, err := loadSource(t, Source{Name: Folder, Path: path})
				require.ErrorIs(t, err, tc.is)
				require.ErrorContains(t, err, tc.want)
				require.ErrorContains(t, err, "test_batch.bin")
				require.NotContains(t, err.Error(), "\n")
			}
		})
	}
}

func TestCIFARChecksums(t *testing.T) {
	dir := t.TempDir()
	write(t, gzipped(t, tarFile(t, cifarEntries()...)), dir, CIFAR10, cifarArchive)
	_, err := loadSource(t, Source{Name: CIFAR10, Dir: dir})
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "data_batch_1.bin")
	require.ErrorContains(t, err, "checksum mismatch")
	require.ErrorContains(t, err, "backfire data fetch cifar10")
}
