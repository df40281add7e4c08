package datasets_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/datasets/testset"
	"backfire/internal/disk"
)

// Stamped images are found by their index, whatever the order in which they were written.
func TestStampedImages(t *testing.T) {
	set, err := testset.New(1)
	require.NoError(t, err)
	dir := t.TempDir()
	images := make([]uint8, 3*64)
	for i := range images {
		images[i] = uint8(1 + i/64)
	}
	sum, err := set.WriteStamped(disk.In(dir), []int{9, 2, 300}, images)
	require.NoError(t, err)
	reordered, err := set.WriteStamped(disk.In(dir), []int{2, 9, 300}, append(append(append([]uint8{}, images[64:128]...), images[:64]...), images[128:]...))
	require.NoError(t, err)
	require.Equal(t, sum, reordered)

	with := set.WithStamped(dir)
	require.True(t, with.HasStamped(sum))
	require.False(t, set.HasStamped(sum))
	stamped, err := with.Stamped(sum)
	require.NoError(t, err)
	for source, value := range map[int]uint8{9: 1, 2: 2, 300: 3} {
		image, ok := stamped.Image(source)
		require.True(t, ok)
		require.Len(t, image, 64)
		require.Equal(t, value, image[0])
	}
	_, ok := stamped.Image(3)
	require.False(t, ok)
	_, ok = stamped.Image(-1)
	require.False(t, ok)
}

// What cannot be used is refused with a reason.
func TestStampedImagesThatCannotBeUsed(t *testing.T) {
	set, err := testset.New(1)
	require.NoError(t, err)
	colour, err := testset.NewColour(1)
	require.NoError(t, err)
	dir := t.TempDir()
	_, err = set.WriteStamped(disk.In(dir), []int{1}, make([]uint8, 63))
	require.ErrorIs(t, err, datasets.ErrStamped)
	sum, err := set.WriteStamped(disk.In(dir), []int{1}, make([]uint8, 64))
	require.NoError(t, err)
	twice, err := set.WriteStamped(disk.In(dir), []int{1, 1}, make([]uint8, 128))
	require.NoError(t, err)
	refused := func(set *datasets.Set, sum, says string) {
		_, err := set.Stamped(sum)
		require.ErrorIs(t, err, datasets.ErrStamped)
		require.ErrorContains(t, err, says)
	}
	refused(set, sum, "no directory of them is named")
	refused(set.WithStamped(t.TempDir()), sum, "is not there: copy it from the store of the run")
	refused(colour.WithStamped(dir), sum, "images of 64 values, and colour has images of 3072")
	refused(set.WithStamped(dir), twice, "its indices do not ascend")
	require.NoError(t, os.WriteFile(filepath.Join(dir, sum+".stamped"), []byte("damaged"), 0o600))
	refused(set.WithStamped(dir), sum, "is damaged: its SHA-256 is")
}
