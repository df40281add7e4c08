package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/internal/safetensors"
)

const limit = 1 << 20

// written returns the bytes of a file.
func written(t require.TestingT, file safetensors.File) []byte {
	var b bytes.Buffer
	require.NoError(t, safetensors.Write(&b, file))
	return b.Bytes()
}

func TestReadsWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		file := safetensors.File{Metadata: rapid.MapOfN(rapid.String(), rapid.String(), 1, 3).Draw(t, "metadata")}
		for i := range rapid.IntRange(0, 5).Draw(t, "tensors") {
			tensor := safetensors.Tensor{Name: fmt.Sprintf("tensor.%d", i)}
			n := int64(1)
			for range rapid.IntRange(0, 3).Draw(t, "dimensions") {
				d := rapid.Int64Range(0, 4).Draw(t, "size")
				tensor.Shape = append(tensor.Shape, d)
				n *= d
			}
			tensor.Values = append([]float32{}, rapid.SliceOfN(rapid.Float32(), int(n), int(n)).Draw(t, "values")...)
			file.Tensors = append(file.Tensors, tensor)
		}
		data := written(t, file)
		require.Equal(t, data, written(t, file), "the same content gave other bytes")
		read, err := safetensors.Read(bytes.NewReader(data), limit)
		require.NoError(t, err)
		require.Equal(t, file.Metadata, read.Metadata)
		require.ElementsMatch(t, file.Tensors, read.Tensors)
		if len(data) > 0 {
			_, err = safetensors.Read(bytes.NewReader(data[:rapid.IntRange(0, len(data)-1).Draw(t, "cut")]), limit)
			require.ErrorIs(t, err, safetensors.ErrFormat)
		}
	})
}

// A file has the layout of the format's description, byte by byte.
func TestLayout(t *testing.T) {
	data := written(t, safetensors.File{Tensors: []safetensors.Tensor{{Name: "w", Shape: []int64{2}, Values: []float32{1, -2}}}})
	header := `{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`
	header += strings.Repeat(" ", (8-len(header)%8)%8)
	want := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	want = append(want, header...)
	want = append(want, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0)
	require.Equal(t, want, data)
}

// raw returns a file with a header and a number of zero bytes.
func raw(header string, values int) []byte {
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(data, header...), make([]byte, values)...)
}

func TestRefusals(t *testing.T) {
	for name, data := range map[string][]byte{
		"nothing":             nil,
		"huge header":         binary.LittleEndian.AppendUint64(nil, 1<<60),
		"header cut off":      binary.LittleEndian.AppendUint64(nil, 100),
		"no JSON":             raw(`{"w"`, 0),
		"other type":          raw(`{"w":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}`, 8),
		"shape against place": raw(`{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, 8),
		"negative size":       raw(`{"w":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}}`, 8),
		"overflowing shape":   raw(`{"w":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,0]}}`, 0),
		"gap":                 raw(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8),
		"overlap":             raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12),
		"values missing":      raw(`{"w":{"dtype":"F32","shape":[268435456],"data_offsets":[0,1073741824]}}`, 8),
		"bytes left over":     raw(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 5),
		"metadata of numbers": raw(`{"__metadata__":{"a":1}}`, 0),
		"over the limit":      raw(`{"w":{"dtype":"F32","shape":[500000],"data_offsets":[0,2000000]}}`, 2000000),
	} {
		_, err := safetensors.Read(bytes.NewReader(data), limit)
		require.ErrorIs(t, err, safetensors.ErrFormat, name)
	}
	for name, file := range map[string]safetensors.File{
		"name twice":  {Tensors: []safetensors.Tensor{{Name: "a", Values: []float32{1}}, {Name: "a", Values: []float32{1}}}},
		"name taken":  {Tensors: []safetensors.Tensor{{Name: "__metadata__", Values: []float32{1}}}},
		"wrong shape": {Tensors: []safetensors.Tensor{{Name: "a", Shape: []int64{3}, Values: []float32{1}}}},
	} {
		require.Error(t, safetensors.Write(&bytes.Buffer{}, file), name)
	}
}

// An error of the device is not reported as a fault of the file.
func TestReadPassesTheReadersErrors(t *testing.T) {
	data := written(t, safetensors.File{Tensors: []safetensors.Tensor{{Name: "w", Shape: []int64{2}, Values: []float32{1, -2}}}})
	broken := errors.New("the device is broken")
	for good := range len(data) + 1 {
		_, err := safetensors.Read(io.MultiReader(bytes.NewReader(data[:good]), iotest.ErrReader(broken)), limit)
		require.ErrorIs(t, err, broken, "after %d bytes", good)
		require.NotErrorIs(t, err, safetensors.ErrFormat, "after %d bytes", good)
	}
}

// A header that is announced and missing takes no memory.
func TestReadTakesNoMemoryForWhatIsMissing(t *testing.T) {
	data := binary.LittleEndian.AppendUint64(nil, 16<<20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := safetensors.Read(bytes.NewReader(data), limit)
	runtime.ReadMemStats(&after)
	require.ErrorIs(t, err, safetensors.ErrFormat)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

func FuzzRead(f *testing.F) {
	f.Add(written(f, safetensors.File{Metadata: map[string]string{"step": "3"}, Tensors: []safetensors.Tensor{{Name: "w", Shape: []int64{2}, Values: []float32{1, -2}}}}))
	f.Add(raw(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := safetensors.Read(bytes.NewReader(data), limit)
		if err != nil {
			require.ErrorIs(t, err, safetensors.ErrFormat)
			return
		}
		_, err = safetensors.Read(bytes.NewReader(written(t, file)), 2*limit)
		require.NoError(t, err)
	})
}
