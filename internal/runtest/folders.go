package runtest

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/datasets/testset"
	"backfire/internal/pixels"
)

// contributors are those of ContributedFolder, by name.
var contributors = []string{"ann", "bob", "cleo", "dan"}

// ContributedFolder writes the images of the tiny set as CONTRIBUTOR/CLASS/NAME.png and returns the
// directory. Of each 10 images, the contributors have 4, 3, 2 and 1.
func ContributedFolder(t *testing.T) string {
	t.Helper()
	set, err := testset.New(1)
	require.NoError(t, err)
	shares := []int{0, 0, 0, 0, 1, 1, 1, 2, 2, 3}
	return imageFolder(t, set, func(image int) string {
		return filepath.Join(contributors[shares[image%10]], set.Classes[set.Labels[image]])
	})
}

// ManyClasses returns a directory of class folders with so many classes, each of which has some
// images of 8x8 pixels.
func ManyClasses(t *testing.T, classes, each int) string {
	t.Helper()
	images, labels, names := make([]uint8, classes*each*64), make([]uint16, classes*each), make([]string, classes)
	for i := range labels {
		class := i % classes
		labels[i], names[class] = uint16(class), fmt.Sprintf("n%04d", class)
		for at := range 64 {
			images[i*64+at] = uint8(class>>(at%10)&1*150 + i/classes + at/10)
		}
	}
	set, err := datasets.New(datasets.Folder, images, labels, 1, 8, 8, names)
	require.NoError(t, err)
	return imageFolder(t, set, func(image int) string { return names[labels[image]] })
}

// imageFolder writes each image of a set into a directory below the one that it returns.
func imageFolder(t *testing.T, set *datasets.Set, place func(image int) string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "images")
	for i := range set.Len() {
		var file bytes.Buffer
		require.NoError(t, png.Encode(&file, pixels.Picture(set.Image(i), set.C, set.H, set.W)))
		path := filepath.Join(dir, place(i), fmt.Sprintf("%05d.png", i))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, file.Bytes(), 0o600))
	}
	return dir
}

// OnFolder returns a change of a configuration to the images of a directory.
func OnFolder(dir string) func(*config.Config) {
	return func(c *config.Config) { c.Data.Name, c.Data.Path = datasets.Folder, dir }
}
