package cli

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/launcher"
)

// idx is an IDX file of zeros with fewer bytes than its shape asks for, if missing is
// positive.
func idx(missing int, shape ...int) []byte {
	file, n := []byte{0, 0, 8, byte(len(shape))}, 1
	for _, d := range shape {
		file = binary.BigEndian.AppendUint32(file, uint32(d))
		n *= d
	}
	return append(file, make([]byte, n-missing)...)
}

// blank is a PNG of black pixels, eight a row.
func blank(t *testing.T, h int) []byte {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, png.Encode(&file, image.NewGray(image.Rect(0, 0, 8, h))))
	return file.Bytes()
}

// badInput is a call of "run" with what is wrong with its files, environment or
// arguments.
type badInput struct {
	files   map[string][]byte
	environ string
	args    []string
	code    int
	says    string
}

// badInputs returns bad inputs by their fault.
func badInputs(t *testing.T) map[string]badInput {
	t.Helper()
	const images, labels = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
	folder := []string{"--dataset", "folder", "--set", "data.path=."}
	digits := []string{"--dataset", "mnist", "--set", "data.path=."}
	return map[string]badInput{
		"truncated images": {
			map[string][]byte{images: idx(400, 100, 8, 8), labels: idx(0, 100)},
			"", folder, ExitFailure,
			images + ": bad data: truncated: 6000 of 6400 bytes are there; replace or remove it",
		},
		"labels of other images": {
			map[string][]byte{images: idx(0, 100, 8, 8), labels: idx(0, 99)}, "", folder, ExitFailure, "has 100 images, but train-labels-idx1-ubyte has 99 labels",
		},
		"other data than published": {
			map[string][]byte{images: idx(0, 100, 28, 28), labels: idx(0, 100)}, "", digits, ExitFailure, "SHA-256",
		},
		"images of two sizes": {
			map[string][]byte{"a/1.png": blank(t, 8), "b/1.png": blank(t, 9)}, "", folder, ExitFailure, "the image is 8x9, the first one read 8x8",
		},
		"half an image": {
			map[string][]byte{"a/1.png": blank(t, 8)[:50], "b/1.png": blank(t, 8)}, "", folder, ExitFailure, "a/1.png: bad data: undecodable image",
		},
		"a class without images": {
			map[string][]byte{"a/1.png": blank(t, 8), "b/1.txt": nil}, "", folder, ExitFailure, `class "b" has no images`,
		},
		"a label out of range": {
			map[string][]byte{"test_batch.bin": append([]byte{10}, make([]byte, 3072)...)}, "", folder, ExitFailure, "record 0 has label 10; labels go from 0 to 9",
		},
		"no data":                   {nil, "", []string{"--dataset", "cifar10", "--set", "data.dir=."}, ExitFailure, "run `backfire data fetch cifar10`"},
		"a device as configuration": {nil, "", []string{"--config", "/dev/zero"}, ExitUsage, "/dev/zero: not a regular file"},
		"a device as data":          {nil, "", []string{"--dataset", "folder", "--set", "data.path=/dev/zero"}, ExitFailure, "/dev/zero is neither a directory nor a regular file"},
		"too few images":            {nil, "", []string{"--attackers", "200", "--pool", "300"}, ExitUsage, "the smallest pool that works for 200 attackers is 1013"},
		"a large pool":              {nil, "", []string{"--pool", "20000"}, ExitUsage, "20000"},
		"no such label":             {nil, "", []string{"--set", "attackers.label=bird"}, ExitUsage, "embedded has T-shirt/top, Trouser"},
		"no such preset":            {nil, "", []string{"--preset", "papr"}, ExitUsage, "the nearest one is paper"},
		"no such dataset":           {nil, "", []string{"--dataset", "imagenet"}, ExitUsage, "must be one of embedded, mnist"},
		"no such key":               {nil, "", []string{"--set", "train.learning_rate=1"}, ExitUsage, "the nearest one is train.lr"},
		"no such defense":           {nil, "", []string{"--defenders", "prayer"}, ExitUsage, "prayer"},
		"no such file":              {nil, "", []string{"--config", "mine.yaml"}, ExitUsage, "mine.yaml: no such file"},
		"no such device":            {nil, "", []string{"--device", "cuda:7"}, ExitFailure, "cuda:7"},
		"no YAML":                   {map[string][]byte{"mine.yaml": []byte("a: [")}, "", []string{"--config", "mine.yaml"}, ExitUsage, "mine.yaml"},
		"store is a file":           {map[string][]byte{"runs": nil}, "", nil, ExitFailure, "runs"},
		"no engine":                 {nil, launcher.EngineVariable + "=/no/such/engine", nil, ExitFailure, "there is no /no/such/engine"},
		"no libtorch":               {nil, launcher.LibtorchVariable + "=/no/such/libtorch", nil, ExitFailure, "name the directory of a libtorch"},
	}
}

// The whole program on bad input: exit code 1 for faults of files and machines, 2 for
// settings, nothing on standard output, one sentence that names the fault, and no store
// left behind.
func TestBadInputEndsInOneSentence(t *testing.T) {
	for name, tc := range badInputs(t) {
		t.Run(name, func(t *testing.T) {
			dir, err := filepath.EvalSymlinks(t.TempDir())
			require.NoError(t, err)
			for file, content := range tc.files {
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(dir, file), content, 0o600))
			}
			self, err := os.Executable()
			require.NoError(t, err)
			t.Chdir(dir)
			streams, out, errOut := testStreams()
			streams.Environ = append(os.Environ(), asEngine+"=1", launcher.EngineVariable+"="+self, "XDG_CACHE_HOME="+t.TempDir())
			if tc.environ != "" {
				streams.Environ = append(streams.Environ, tc.environ)
			}
			args := append([]string{"run", "--preset", "quick", "--store", "runs"}, tc.args...)
			require.Equal(t, tc.code, Main(context.Background(), args, streams), errOut)
			require.Empty(t, out.String())
			require.Contains(t, errOut.String(), tc.says)
			require.Regexp(t, `^backfire: [^\n]+\n(See "backfire run --help"\.\n)?$`, errOut.String())
			if tc.files["runs"] == nil {
				left, err := filepath.Glob(filepath.Join(dir, "runs", "*"))
				require.NoError(t, err)
				require.Empty(t, left)
			}
			require.False(t, strings.Contains(errOut.String(), "goroutine"))
		})
	}
}
