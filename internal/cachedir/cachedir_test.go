package cachedir_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/cachedir"
)

func TestDir(t *testing.T) {
	here, err := filepath.Abs("caches")
	require.NoError(t, err)
	for _, tc := range []struct {
		environment map[string]string
		want        string
	}{
		{map[string]string{"BACKFIRE_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"},
		{map[string]string{"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/backfire"},
		{map[string]string{"HOME": "/c"}, "/c/.cache/backfire"},
		{map[string]string{"BACKFIRE_CACHE": "caches"}, here},
	} {
		got, err := cachedir.Dir(func(name string) string { return tc.environment[name] })
		require.NoError(t, err)
		require.Equal(t, tc.want, got)
	}
	_, err = cachedir.Dir(func(string) string { return "" })
	require.ErrorIs(t, err, cachedir.ErrNone)
}
