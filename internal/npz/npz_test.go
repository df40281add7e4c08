package npz

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWrite(t *testing.T) {
	var out, again bytes.Buffer
	arrays := []Array{
		{"images", []int{1, 2, 3}, []uint8{1, 2, 3, 4, 5, 6}},
		{"labels", []int{2}, []int64{-1, 256}},
		{"empty", []int{0}, []int64{}},
	}
	require.NoError(t, Write(&out, arrays...))
	require.NoError(t, Write(&again, arrays...))
	require.Equal(t, out.Bytes(), again.Bytes())

	archive, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	require.Len(t, archive.File, 3)
	for i, want := range []struct{ name, header, values string }{
		{"images.npy", "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 3, ), }", "\x01\x02\x03\x04\x05\x06"},
		{"labels.npy", "{'descr': '<i8', 'fortran_order': False, 'shape': (2, ), }", strings.Repeat("\xff", 8) + "\x00\x01" + strings.Repeat("\x00", 6)},
		{"empty.npy", "{'descr': '<i8', 'fortran_order': False, 'shape': (0, ), }", ""},
	} {
		require.Equal(t, want.name, archive.File[i].Name)
		file, err := archive.File[i].Open()
		require.NoError(t, err)
		data, err := io.ReadAll(file)
		require.NoError(t, err)
		require.True(t, bytes.HasPrefix(data, []byte("\x93NUMPY\x01\x00")))
		end := 10 + int(data[8]) + int(data[9])<<8
		require.Zero(t, end%64, "the values must be aligned")
		require.Equal(t, want.header, strings.TrimRight(string(data[10:end]), " \n"))
		require.Equal(t, want.values, string(data[end:]))
	}
}

func TestWriteRefuses(t *testing.T) {
	require.ErrorIs(t, Write(io.Discard, Array{"a", []int{2}, []float64{1, 2}}), ErrArray)
	require.ErrorIs(t, Write(io.Discard, Array{"a", []int{2, 2}, []uint8{1, 2}}), ErrArray)
}
