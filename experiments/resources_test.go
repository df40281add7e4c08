package experiments

import (
	"bufio"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/triggers"
)

// costly is a cell of a given cost.
func costly(width, batch, images, pool int, shape triggers.Shape) Cell {
	c := exampleCell()
	c.Model.Width, c.Training.Batch = width, batch
	c.Data.Images, c.Data.Shape, c.Game.PoolSize = images, shape, pool
	return c
}

var (
	grey   = triggers.Shape{C: 1, H: 28, W: 28}
	colour = triggers.Shape{C: 3, H: 32, W: 32}
)

// The estimate is near the largest resident set that workers were measured to
// have (libtorch 2.11, one thread), and rather above than below: within 0.9 and
// 1.5 times of it.
func TestWorkerMemoryIsAsMeasured(t *testing.T) {
	for _, tc := range []struct {
		cell      Cell
		megabytes float64
	}{
		{costly(2, 32, 10000, 1000, grey), 176},
		{costly(8, 32, 10000, 1000, grey), 204},
		{costly(8, 32, 60000, 20000, grey), 280},
		{costly(8, 256, 10000, 1000, grey), 395},
		{costly(32, 32, 10000, 300, grey), 347},
		{costly(64, 32, 10000, 300, grey), 585},
		{costly(32, 128, 10000, 400, grey), 591},
		{costly(16, 32, 60000, 300, colour), 452},
		{costly(16, 128, 60000, 400, colour), 604},
		{costly(64, 32, 60000, 200, colour), 809},
	} {
		ratio := float64(tc.cell.workerMemory()) / (tc.megabytes * (1 << 20))
		require.Greater(t, ratio, 0.9, "width %d, batch %d, %v", tc.cell.Model.Width, tc.cell.Training.Batch, tc.cell.Data.Shape)
		require.Less(t, ratio, 1.5, "width %d, batch %d, %v", tc.cell.Model.Width, tc.cell.Training.Batch, tc.cell.Data.Shape)
	}
}

func TestWorkersFitIntoMemory(t *testing.T) {
	small, large := costly(8, 32, 10000, 1000, grey), costly(64, 32, 60000, 60000, colour)
	need := large.workerMemory()
	available := func(workers float64) int64 { return int64(workers * float64(need) / memoryShare) }
	for name, tc := range map[string]struct {
		cells     []Cell
		available int64
		want      int
	}{
		"plenty":            {[]Cell{small, large}, 1 << 50, 16},
		"room for three":    {[]Cell{small, large}, available(3.5), 3},
		"the largest":       {[]Cell{large, small}, available(3.5), 3},
		"for small ones":    {[]Cell{small}, available(3.5), min(16, int(3.5*float64(need)/float64(small.workerMemory())))},
		"for none":          {[]Cell{large}, available(0.5), 1},
		"not known":         {[]Cell{large}, 0, 16},
		"nothing to train":  {nil, 1, 16},
		"absurdly demanded": {[]Cell{costly(1024, 1<<30, 60000, 60000, colour)}, 1 << 40, 1},
	} {
		require.Equal(t, tc.want, fitting(16, tc.cells, tc.available), name)
	}
}

func TestAvailableMemoryIsFound(t *testing.T) {
	parse := func(text string) int64 { return parseAvailable(bufio.NewScanner(strings.NewReader(text))) }
	require.Equal(t, int64(2048), parse("MemTotal:       12 kB\nMemFree:  7 kB\nMemAvailable:  2 kB\nBuffers: 3 kB\n"))
	require.Zero(t, parse("MemTotal: 12 kB\n"))
	require.Zero(t, parse("MemAvailable: many kB\n"))
	require.Zero(t, parse(""))
	if runtime.GOOS == "linux" {
		require.Greater(t, availableMemory(), int64(1<<20))
	}
}

func TestResources(t *testing.T) {
	tiny := []Cell{costly(1, 2, 100, 100, triggers.Shape{C: 1, H: 8, W: 8})}
	workers, threads := Resources("cuda:1", 0, 0, tiny)
	require.Equal(t, []int{1, 1}, []int{workers, threads})
	workers, threads = Resources("cpu", 7, 3, tiny)
	require.Equal(t, []int{7, 3}, []int{workers, threads}, "what is asked for is done")
	workers, _ = Resources("cpu", 0, 0, tiny)
	require.Equal(t, fitting(runtime.GOMAXPROCS(0), tiny, availableMemory()), workers)
}
