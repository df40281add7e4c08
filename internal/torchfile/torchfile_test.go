package torchfile_test

import (
	"archive/zip"
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/torchfile"
)

// The archive has the files that torch.load reads, and the values of tensors as they are.
func TestWrite(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, torchfile.Write(&out, torchfile.Dict{
		{Key: "weight", Value: torchfile.Tensor{Shape: []int{1, 2}, Values: []float32{1, -2}}},
		{Key: "steps", Value: torchfile.Tensor{Values: []int64{7}}},
		{Key: 3, Value: torchfile.List{"a", nil, true, 0.5, int64(1) << 40, torchfile.Tuple{1}, torchfile.Integers{4, 5}}},
	}))
	archive, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	content := map[string][]byte{}
	for _, file := range archive.File {
		require.Equal(t, zip.Store, file.Method)
		reader, err := file.Open()
		require.NoError(t, err)
		content[file.Name], err = io.ReadAll(reader)
		require.NoError(t, err)
	}
	require.Equal(t, []byte{0, 0, 128, 63, 0, 0, 0, 192}, content["archive/data/0"])
	require.Equal(t, []byte{7, 0, 0, 0, 0, 0, 0, 0}, content["archive/data/1"])
	require.Equal(t, "3\n", string(content["archive/version"]))
	require.Equal(t, byte('.'), content["archive/data.pkl"][len(content["archive/data.pkl"])-1])

	require.ErrorIs(t, torchfile.Write(io.Discard, struct{}{}), torchfile.ErrValue)
	require.ErrorIs(t, torchfile.Write(io.Discard, torchfile.Tensor{Shape: []int{2}, Values: []float32{1}}), torchfile.ErrValue)
}
