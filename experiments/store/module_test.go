package store_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/enginetest"
	"backfire/internal/network"
)

func TestModulesAreKept(t *testing.T) {
	st, err := store.Open(t.TempDir())
	require.NoError(t, err)
	c := enginetest.ExampleCell()
	require.Empty(t, st.ModulePath(c))
	file := filepath.Join(t.TempDir(), "net.pt")
	require.NoError(t, os.WriteFile(file, []byte("code"), 0o600))
	c.Model.Module = network.Module{SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte("code")))}
	require.NoError(t, st.KeepModule(file, c.Model.Module))
	kept, err := os.ReadFile(st.ModulePath(c))
	require.NoError(t, err)
	require.Equal(t, "code", string(kept))

	require.NoError(t, os.WriteFile(file, []byte("other"), 0o600))
	require.NoError(t, st.KeepModule(file, c.Model.Module), "it is there already")
	require.NoError(t, os.WriteFile(st.ModulePath(c), []byte("damage"), 0o600))
	require.ErrorIs(t, st.KeepModule(file, c.Model.Module), network.ErrModule)
	require.NoError(t, os.WriteFile(file, []byte("code"), 0o600))
	require.NoError(t, st.KeepModule(file, c.Model.Module), "a damaged one is replaced")
	left, err := os.ReadDir(filepath.Dir(st.ModulePath(c)))
	require.NoError(t, err)
	require.Len(t, left, 1)
}
