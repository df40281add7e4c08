package curve_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/curve"
	"backfire/game"
	"backfire/internal/disk"
)

func TestCurveComesBack(t *testing.T) {
	written := curve.Curve{Cell: "ab", Every: 2, Images: 3, Points: []curve.Point{
		{Epoch: 2, Scores: curve.Scores{CleanAccuracy: game.Rate{Hits: 1, Of: 4}, Attackers: []curve.Attacker{{ID: 5, ASR: game.Rate{Hits: 1, Of: 2}, Lift: 0.5}}}},
		{Epoch: 3, Scores: curve.Scores{Attackers: []curve.Attacker{}}},
	}}
	dir := t.TempDir()
	require.NoError(t, written.Write(disk.In(dir)))
	read, err := curve.Read(disk.In(dir))
	require.NoError(t, err)
	written.Format = 1
	require.Equal(t, &written, read)
	require.Equal(t, curve.Request{Every: 2, Images: 3}, read.Request())
	text, err := os.ReadFile(filepath.Join(dir, curve.File))
	require.NoError(t, err)
	require.Len(t, strings.Split(strings.TrimSpace(string(text)), "\n"), 10, "a line for each epoch")

	require.NoError(t, os.WriteFile(filepath.Join(dir, curve.File), []byte("{"), disk.FileMode))
	_, err = curve.Read(disk.In(dir))
	require.ErrorContains(t, err, curve.File)
}
