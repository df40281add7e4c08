package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWithTable(t *testing.T) {
	const before, after = "# Speed\n\n", "\nMore.\n"
	document := before + tableBegin + "old\n" + tableEnd + after
	once, err := withTable(document, "width\n    8\n")
	require.NoError(t, err)
	require.Equal(t, before+tableBegin+"\n    width\n        8\n\n"+tableEnd+after, once)
	again, err := withTable(once, "width\n    8\n")
	require.NoError(t, err)
	require.Equal(t, once, again)

	_, err = withTable("# Speed\n"+tableBegin, "")
	require.ErrorIs(t, err, errNoMarkers)
}

// The document that the table is for has a place for it.
func TestPerformanceHasAPlaceForTheTable(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "performance.md"))
	require.NoError(t, err)
	_, err = withTable(string(text), "")
	require.NoError(t, err)
}
