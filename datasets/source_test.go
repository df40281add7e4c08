package datasets

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNames(t *testing.T) {
	var names []string
	for _, info := range Names() {
		names = append(names, info.Name)
		require.NotEmpty(t, info.Title)
		require.NotEmpty(t, info.Licence)
		for _, file := range info.Files {
			require.Len(t, file.SHA256, 64)
			require.Positive(t, file.Size)
			require.GreaterOrEqual(t, len(file.Mirrors), 2, "a dead link must not be the end")
			for _, mirror := range file.Mirrors {
				require.True(t, strings.HasPrefix(mirror, "https://"), mirror)
				require.True(t, strings.HasSuffix(mirror, "/"+file.Name), mirror)
			}
		}
	}
	require.Equal(t, []string{Embedded, MNIST, FashionMNIST, CIFAR10, Folder}, names)

	info, err := Describe(MNIST)
	require.NoError(t, err)
	require.Equal(t, 70000, info.Images())
	require.EqualValues(t, 11594722, info.Bytes())
}

// A caller that changes what Names returned does not change the loaders' data.
func TestNamesAreCopies(t *testing.T) {
	for _, info := range Names() {
		for i := range info.Classes {
			info.Classes[i] = "spoilt"
		}
	}
	require.Equal(t, "airplane", cifarClasses[0])
	info, err := Describe(CIFAR10)
	require.NoError(t, err)
	require.Equal(t, "airplane", info.Classes[0])
}

func TestUsageErrors(t *testing.T) {
	for _, tc := range []struct {
		src  Source
		is   error
		want string
	}{
		{Source{Name: "mnits"}, ErrUnknownDataset, `unknown dataset "mnits": choose one of embedded, mnist, fashion-mnist, cifar10, folder`},
		{Source{Name: Embedded, Split: "validation"}, ErrSplit, `"validation": choose auto, train, val, test, extra or all`},
		{Source{Name: Folder}, ErrMissing, "set data.path to a folder or archive of images"},
	} {
		_, err := loadSource(t, tc.src)
		require.ErrorIs(t, err, tc.is)
		require.ErrorContains(t, err, tc.want)
	}
}

func TestMissingDataSayTheWayOut(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{MNIST, FashionMNIST, CIFAR10} {
		_, err := loadSource(t, Source{Name: name, Dir: dir})
		require.ErrorIs(t, err, ErrMissing)
		require.ErrorContains(t, err, "there is no "+filepath.Join(dir, name))
		require.ErrorContains(t, err, "run `backfire data fetch "+name+"`, or set data.dir to the directory that has "+name+"/")

		_, err = Locate(name, dir)
		require.ErrorIs(t, err, ErrMissing)
	}
	_, err := loadSource(t, Source{Name: MNIST, Path: filepath.Join(dir, "nowhere")})
	require.ErrorIs(t, err, ErrMissing)
	require.ErrorContains(t, err, "nowhere; check data.path")
}

// The format of a directory is recognised by its content. The original files take
// precedence over other forms.
func TestDetect(t *testing.T) {
	for name, tc := range map[string]struct {
		files  []string
		path   string
		format format
		want   string // the error
	}{
		"IDX":               {[]string{"train-labels-idx1-ubyte", "x/y.png"}, "", formatIDX, ""},
		"gzipped IDX":       {[]string{"t10k-images-idx3-ubyte.gz"}, "", formatIDX, ""},
		"batches":           {[]string{"data_batch_2.bin"}, "", formatCIFAR, ""},
		"unpacked batches":  {[]string{"cifar-10-batches-bin/test_batch.bin", "cifar-10-binary.tar.gz"}, "cifar-10-batches-bin", formatCIFAR, ""},
		"official archive":  {[]string{"cifar-10-binary.tar.gz", "jpgs.tar.gz", "train/cat/1.jpg"}, "cifar-10-binary.tar.gz", formatArchive, ""},
		"folder":            {[]string{"cat/1.png", "backup.tar"}, "", formatFolder, ""},
		"archive":           {[]string{"cifar10-jpg.TGZ", "readme.txt"}, "cifar10-jpg.TGZ", formatArchive, ""},
		"several archives":  {[]string{"a.tar", "b.tar.gz"}, "", 0, "holds 2 archives: set data.path to one of them"},
		"hidden is ignored": {[]string{".git/x", ".x.tar", "notes.txt"}, "", 0, "holds no IDX files, CIFAR-10 batches, class folders or archive"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, file := range tc.files {
				write(t, nil, dir, file)
			}
			loc, err := detect(dir)
			if tc.want != "" {
				require.ErrorIs(t, err, ErrMissing)
				require.ErrorContains(t, err, tc.want)
				return
			}
			require.NoError(t, err)
			require.Equal(t, location{path: filepath.Join(dir, tc.path), format: tc.format}, loc)
		})
	}
}

func TestOneIDXFileIsNotEnough(t *testing.T) {
	path := write(t, idxFile(ramp(6), 1, 2, 3), t.TempDir(), testImages)
	_, err := loadSource(t, Source{Name: Folder, Path: path, Split: SplitTest})
	require.ErrorIs(t, err, ErrMissing)
	require.ErrorContains(t, err, "images or labels of test alone; both are needed")
}

func TestVerify(t *testing.T) {
	ctx := context.Background()
	statuses, err := Verify(ctx, Embedded, "")
	require.NoError(t, err)
	require.Len(t, statuses, 2)
	for _, s := range statuses {
		require.NoError(t, s.Err)
	}

	dir := t.TempDir()
	_, err = Verify(ctx, MNIST, dir)
	require.ErrorIs(t, err, ErrMissing)
	_, err = Verify(ctx, "mnits", dir)
	require.ErrorIs(t, err, ErrUnknownDataset)

	// The test files of Fashion-MNIST, one of them decompressed, a wrong file and a missing one.
	base := filepath.Join(dir, FashionMNIST)
	_, labels, _, err := readIDXStream(bytesReader(embeddedLabels), 1)
	require.NoError(t, err)
	write(t, embeddedImages, base, testImages+".gz")
	write(t, idxFile(labels, len(labels)), base, testLabels)
	write(t, embeddedLabels, base, trainLabels+".gz")
	statuses, err = Verify(ctx, FashionMNIST, dir)
	require.NoError(t, err)
	require.Len(t, statuses, 4)
	byName := map[string]Status{}
	for _, s := range statuses {
		byName[s.Name] = s
	}
	require.NoError(t, byName[testImages+".gz"].Err)
	require.NoError(t, byName[testLabels+".gz"].Err)
	require.Equal(t, filepath.Join(base, testLabels), byName[testLabels+".gz"].Path)
	require.ErrorIs(t, byName[trainImages+".gz"].Err, ErrMissing)
	require.ErrorIs(t, byName[trainLabels+".gz"].Err, ErrCorrupt)
	require.ErrorContains(t, byName[trainLabels+".gz"].Err, "checksum mismatch")

	s, err := loadSource(t, Source{Name: FashionMNIST, Split: SplitTest, Dir: dir})
	require.NoError(t, err)
	embedded, err := loadSource(t, Source{Name: Embedded})
	require.NoError(t, err)
	require.Equal(t, embedded.Checksum, s.Checksum, "the same images under either name")
}

func TestVerifyOtherForms(t *testing.T) {
	t.Setenv("BACKFIRE_CACHE", t.TempDir())
	dir := t.TempDir()
	for _, e := range cifarEntries()[1:] {
		write(t, e.data, dir, CIFAR10, e.name)
	}
	statuses, err := Verify(context.Background(), CIFAR10, dir)
	require.NoError(t, err)
	require.Len(t, statuses, 6)
	require.ErrorContains(t, statuses[0].Err, "checksum mismatch")

	dir = t.TempDir()
	for _, class := range cifarClasses {
		write(t, greyPNG(t, 32, 32, 1), dir, CIFAR10, class, "1.png")
	}
	statuses, err = Verify(context.Background(), CIFAR10, dir)
	require.NoError(t, err)
	require.Len(t, statuses, 1)
	require.ErrorContains(t, statuses[0].Err, "10 classes of 1x32x32")

	path, err := Locate(CIFAR10, dir)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, CIFAR10), path)
}
