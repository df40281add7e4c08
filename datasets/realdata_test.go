package datasets

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// realData returns the data directory that BACKFIRE_DATA names, or skips.
func realData(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("BACKFIRE_DATA")
	if dir == "" {
		t.Skip("BACKFIRE_DATA is not set to a directory with mnist/ and cifar10/")
	}
	return dir
}

func TestRealMNIST(t *testing.T) {
	dir := realData(t)
	train, err := loadSource(t, Source{Name: MNIST, Dir: dir})
	require.NoError(t, err)
	require.Equal(t, []int{60000, 1, 28, 28}, []int{train.Len(), train.C, train.H, train.W})
	require.Equal(t, []uint16{5, 0, 4, 1, 9}, train.Labels[:5])
	test, err := loadSource(t, Source{Name: MNIST, Split: SplitTest, Dir: dir})
	require.NoError(t, err)
	require.Equal(t, []uint16{7, 2, 1, 0, 4}, test.Labels[:5])
	all, err := loadSource(t, Source{Name: MNIST, Split: SplitAll, Dir: dir})
	require.NoError(t, err)
	require.Equal(t, 70000, all.Len())
	require.Equal(t, test.Image(0), all.Image(60000))

	statuses, err := Verify(context.Background(), MNIST, dir)
	require.NoError(t, err)
	require.Len(t, statuses, 4)
	for _, s := range statuses {
		require.NoError(t, s.Err)
	}
}

func TestRealCIFAR(t *testing.T) {
	dir := realData(t)
	cache := t.TempDir()
	src := Source{Name: CIFAR10, Dir: dir, CacheDir: cache}
	first, err := loadSource(t, src)
	require.NoError(t, err)
	require.Equal(t, []int{60000, 3, 32, 32}, []int{first.Len(), first.C, first.H, first.W})
	require.Equal(t, cifarClasses, first.Classes)
	counts := make([]int, 10)
	for _, label := range first.Labels {
		counts[label]++
	}
	require.Equal(t, []int{6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000}, counts)
	require.Len(t, cacheFiles(t, cache), 1)
	again, err := loadSource(t, src)
	require.NoError(t, err)
	require.Equal(t, first.Checksum, again.Checksum)
}

func BenchmarkLoad(b *testing.B) {
	dir := os.Getenv("BACKFIRE_DATA")
	if dir == "" {
		b.Skip("BACKFIRE_DATA is not set to a directory with mnist/ and cifar10/")
	}
	for _, bc := range []struct {
		label string
		src   Source
		fresh bool // with an empty cache each time
	}{
		{"embedded", Source{Name: Embedded}, false},
		{"mnist-60000", Source{Name: MNIST, Dir: dir}, false},
		{"mnist-70000", Source{Name: MNIST, Split: SplitAll, Dir: dir}, false},
		{"cifar10-first", Source{Name: CIFAR10, Dir: dir}, true},
		{"cifar10-cached", Source{Name: CIFAR10, Dir: dir}, false},
	} {
		b.Run(bc.label, func(b *testing.B) {
			bc.src.CacheDir = b.TempDir()
			if !bc.fresh {
				_, err := Load(context.Background(), bc.src)
				require.NoError(b, err)
			}
			for b.Loop() {
				if bc.fresh {
					require.NoError(b, os.RemoveAll(bc.src.CacheDir))
				}
				_, err := Load(context.Background(), bc.src)
				require.NoError(b, err)
			}
		})
	}
}
