package network_test

import (
	"archive/zip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/network"
)

// writeArchive writes a zip archive of named texts and returns its path.
func writeArchive(t *testing.T, files ...[2]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "net.pt")
	file, err := os.Create(path)
	require.NoError(t, err)
	archive := zip.NewWriter(file)
	for _, f := range files {
		entry, err := archive.Create(f[0])
		require.NoError(t, err)
		_, err = entry.Write([]byte(f[1]))
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	require.NoError(t, file.Close())
	return path
}

const described = `{"channels": 3, "height": 8, "width": 9, "classes": 4, "values": 130, "maps": 22, "products": 2064, "features": 12, "norms": true}`

func TestReadModule(t *testing.T) {
	path := writeArchive(t, [2]string{"net/constants.pkl", ""}, [2]string{"net/extra/backfire.json", described})
	m, err := network.ReadModule(path)
	require.NoError(t, err)
	require.Equal(t, []int{3, 8, 9, 4}, []int{m.Channels, m.Height, m.Width, m.Classes})
	require.True(t, m.Describes())
	require.Len(t, m.SHA256, 64)
	n := m.Network(4)
	require.Empty(t, n.Tensors())
	require.Equal(t, 12, n.Features)
	require.Equal(t, network.Size{Parameters: 130, Maps: 22, Products: 2064}, n.Size(8, 9))

	for _, c := range []struct {
		says  string
		files [][2]string
	}{
		{"no description", [][2]string{{"net/constants.pkl", ""}}},
		{"state dict", [][2]string{{"net/data.pkl", ""}, {"net/extra/backfire.json", described}}},
		{"description", [][2]string{{"net/constants.pkl", ""}, {"net/extra/backfire.json", strings.Repeat(" ", 1<<17) + described}}},
		{"-1 values", [][2]string{{"net/constants.pkl", ""}, {"net/extra/backfire.json", `{"values": -1}`}}},
		{"description", [][2]string{{"net/constants.pkl", ""}, {"net/extra/backfire.json", `{"values": "many"}`}}},
	} {
		_, err := network.ReadModule(writeArchive(t, c.files...))
		require.ErrorIs(t, err, network.ErrModule)
		require.ErrorContains(t, err, c.says)
	}
	_, err = network.ReadModule(t.TempDir())
	require.ErrorIs(t, err, network.ErrModule)
	_, err = network.ReadModule(filepath.Join(t.TempDir(), "missing.pt"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, fmt.Errorf("%w", err), "missing.pt")
}
