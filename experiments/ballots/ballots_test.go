package ballots_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/ballots"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// With more than 256 classes a class takes two bytes.
func TestRankingsOfManyClasses(t *testing.T) {
	dir := t.TempDir()
	b := &ballots.Ballots{Classes: 300, Probes: make([]game.Probe, 1)}
	for class := range 300 {
		b.Order = append(b.Order, uint16(299-class))
	}
	require.NoError(t, b.Write(dir, enginetest.ExampleCell()))
	data, err := os.ReadFile(filepath.Join(dir, ballots.RankingsFile))
	require.NoError(t, err)
	require.Len(t, data, 600)
	require.Equal(t, []byte{299 & 255, 1, 298 & 255, 1}, data[:4])

	c := enginetest.ExampleCell()
	c.Data.Classes = make([]string, 300)
	b.Probes[0].Owner, b.Probes[0].Trigger = game.Defender, game.NoTrigger
	require.NoError(t, b.Write(dir, c))
	read, err := ballots.Read(disk.In(dir), c, 1)
	require.NoError(t, err)
	require.Equal(t, b, read)
}
