package store_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/enginetest"
)

// What cannot be read might name anything, so that nothing is listed.
func TestGarbageNeedsEveryNote(t *testing.T) {
	st := enginetest.OpenStore(t)
	dir := st.PlanDir("ab")
	require.NoError(t, os.MkdirAll(dir, store.DirMode))
	for _, text := range []string{`{"format": 1, "sweep": "ab"`, `{"format": 2, "sweep": "ab"}`} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, store.OpenFile), []byte(text), store.FileMode))
		_, err := st.Garbage(time.Now())
		require.ErrorContains(t, err, store.OpenFile)
	}
}
