package datasets

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIDXNames(t *testing.T) {
	for name, want := range map[string]*idxName{
		"train-images-idx3-ubyte":                   {split: "train", images: true, rank: 3},
		"d/T10K-labels-idx1-ubyte.gz":               {split: "test", rank: 1},
		"train-images.idx3-ubyte":                   {split: "train", images: true, rank: 3},
		"emnist-letters-test-labels-idx1-ubyte.zst": {set: "emnist-letters", split: "test", rank: 1},
		"qmnist-train-labels-idx2-int.xz":           {set: "qmnist", split: "train", rank: 1},
		"x_valid_image_idx3_byte":                   {set: "x", split: "val", images: true, rank: 3},
		"images-idx3-ubyte":                         nil, // no split
		"train-images-idx-ubyte":                    nil, // no dimensions
		"train-pictures-idx3-ubyte":                 nil,
		"train-images-idx3-float":                   nil,
		"xtrain-images-idx3-ubyte":                  nil,
		"train-images-idx3-ubyte.gz.gz":             nil,
		"train--images-idx3-ubyte":                  nil,
		"":                                          nil,
	} {
		require.Equal(t, want, idxNameOf(name), name)
	}
}

func TestNPYHeaders(t *testing.T) {
	for text, want := range map[string]npyHeader{
		"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 28, 28), }": {"|", "u1", false, "2, 28, 28"},
		"{'descr':'>i8','fortran_order':True,'shape':(3,)}":                {">", "i8", true, "3,"},
		"{'descr': 'u1', 'fortran_order': False, 'shape': (), }":           {"", "u1", false, ""},
	} {
		got, ok := parseNPYHeader(text)
		require.True(t, ok, text)
		require.Equal(t, want, got)
	}
	for _, text := range []string{
		"", "{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2,), }", "{'descr': '<', 'fortran_order': False, 'shape': (2,), }",
		"{'descr': '<u1', 'fortran_order': 0, 'shape': (2,), }", "{'descr': '<u1', 'fortran_order': False}", "{'descr': '<<u1', 'fortran_order': False, 'shape': (2,), }",
	} {
		_, ok := parseNPYHeader(text)
		require.False(t, ok, text)
	}
}
