package estimate

import (
	"bufio"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses"
	"backfire/experiments/cell"
	"backfire/internal/enginetest"
	"backfire/triggers"
)

// cellOf returns a cell of a width, a batch and a pool, on a dataset of so many images of a shape.
func cellOf(width, batch, images, pool int, shape triggers.Shape) cell.Cell {
	c := enginetest.ExampleCell()
	c.Model.Width, c.Training.Batch = width, batch
	c.Data.Images, c.Data.Shape, c.Game.PoolSize = images, shape, pool
	return c
}

var (
	grey   = triggers.Shape{C: 1, H: 28, W: 28}
	colour = triggers.Shape{C: 3, H: 32, W: 32}
)

// The estimate lies between 0.9 and 1.5 times the measured largest resident set of workers
// (libtorch 2.11, one thread).
func TestWorkerMemoryIsAsMeasured(t *testing.T) {
	for _, tc := range []struct {
		cell      cell.Cell
		megabytes float64
	}{
		{cellOf(2, 32, 10000, 1000, grey), 176},
		{cellOf(8, 32, 10000, 1000, grey), 204},
		{cellOf(8, 32, 60000, 20000, grey), 280},
		{cellOf(8, 256, 10000, 1000, grey), 395},
		{cellOf(32, 32, 10000, 300, grey), 347},
		{cellOf(64, 32, 10000, 300, grey), 585},
		{cellOf(32, 128, 10000, 400, grey), 591},
		{cellOf(16, 32, 60000, 300, colour), 452},
		{cellOf(16, 128, 60000, 400, colour), 604},
		{cellOf(64, 32, 60000, 200, colour), 809},
	} {
		ratio := float64(workerMemory(tc.cell)) / (tc.megabytes * (1 << 20))
		require.Greater(t, ratio, 0.9, "width %d, batch %d, %v", tc.cell.Model.Width, tc.cell.Training.Batch, tc.cell.Data.Shape)
		require.Less(t, ratio, 1.5, "width %d, batch %d, %v", tc.cell.Model.Width, tc.cell.Training.Batch, tc.cell.Data.Shape)
	}
}

func TestWorkersFitIntoMemory(t *testing.T) {
	small, large := cellOf(8, 32, 10000, 1000, grey), cellOf(64, 32, 60000, 60000, colour)
	need := workerMemory(large)
	available := func(workers float64) int64 { return int64(workers * float64(need) / memoryShare) }
	for name, tc := range map[string]struct {
		cells     []cell.Cell
		available int64
		want      int
	}{
		"plenty":           {[]cell.Cell{small, large}, 1 << 50, 16},
		"room for three":   {[]cell.Cell{small, large}, available(3.5), 3},
		"the largest":      {[]cell.Cell{large, small}, available(3.5), 3},
		"for small ones":   {[]cell.Cell{small}, available(3.5), min(16, int(3.5*float64(need)/float64(workerMemory(small))))},
		"for none":         {[]cell.Cell{large}, available(0.5), 1},
		"not known":        {[]cell.Cell{large}, 0, 16},
		"nothing to train": {nil, 1, 16},
		"absurdly large":   {[]cell.Cell{cellOf(1024, 1<<30, 60000, 60000, colour)}, 1 << 40, 1},
	} {
		require.Equal(t, tc.want, fitting(16, tc.cells, tc.available, workerMemory, nil), name)
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

// The parts of the estimate agree with those computed by hand for the full ResNet-18.
func TestDeviceMemory(t *testing.T) {
	const mega = 1 << 20
	full := cellOf(64, 32, 60000, 60000, colour)
	require.Zero(t, deviceMemory(cellOf(0, 32, 60000, 0, colour)))
	require.InDelta(t, 141+408+214, float64(deviceMemory(full))/mega, 5, "data, step, parameters; a few roundings")

	// Each part grows with the settings that it depends on.
	larger := func(change func(*cell.Cell)) float64 {
		c := full
		change(&c)
		return float64(deviceMemory(c)-deviceMemory(full)) / mega
	}
	require.InDelta(t, 408, larger(func(c *cell.Cell) { c.Training.Batch = 64 }), 1, "twice the batch keeps twice the maps")
	require.InDelta(t, 408+3*214, larger(func(c *cell.Cell) { c.Model.Width = 128 }), 2, "maps, and four times the parameters")
	require.InDelta(t, -141./2, larger(func(c *cell.Cell) { c.Game.PoolSize = 30000 }), 1, "half the images")
	require.InDelta(t, 100*4*64*1024*4./mega-408, larger(func(c *cell.Cell) { c.Training.Batch = 2 }), 1, "predictions take as much as before")
	require.InDelta(t, 408, larger(func(c *cell.Cell) {
		c.Defense = &cell.Defense{Stack: defenses.NewStack(defenses.KindFGSM, &defenses.FGSM{Epsilon: 8, Dose: defenses.Dose{Share: 1, Placement: defenses.Add}})}
	}), 1, "examples beside every image")
}

func TestWorkersOnAGPU(t *testing.T) {
	const giga = 1 << 30
	full, small := cellOf(64, 32, 60000, 60000, colour), cellOf(8, 32, 10000, 5000, grey)
	for name, tc := range map[string]struct {
		free      int64
		cores     int
		available int64
		cells     []cell.Cell
		want      int
	}{
		"a core for each":             {80 * giga, 16, 128 * giga, []cell.Cell{full}, 16},
		"few cores":                   {80 * giga, 2, 128 * giga, []cell.Cell{full}, leastOnGPU},
		"no more than fit":            {8 * giga, 16, 128 * giga, []cell.Cell{full}, 7}, // in four fifths without 1 GiB, 763 MiB each
		"the largest counts":          {8 * giga, 16, 128 * giga, []cell.Cell{small, full, small}, 7},
		"small ones":                  {8 * giga, 16, 128 * giga, []cell.Cell{small}, 16},
		"one that hardly fits":        {giga, 16, 128 * giga, []cell.Cell{full}, 1},
		"a machine with little":       {80 * giga, 16, 16 * giga, []cell.Cell{full}, 9}, // 3.3 GiB for all and 1.1 each
		"a machine that says nothing": {80 * giga, 16, 0, []cell.Cell{full}, 16},
		"a device that says nothing":  {0, 16, 128 * giga, []cell.Cell{full}, 1},
		"nothing to train":            {80 * giga, 16, 128 * giga, nil, 16},
	} {
		require.Equal(t, tc.want, defaultWorkers("cuda:1", tc.free, tc.cores, tc.available, tc.cells), name)
	}
}

func TestResources(t *testing.T) {
	tiny := []cell.Cell{cellOf(1, 2, 100, 100, triggers.Shape{C: 1, H: 8, W: 8})}
	workers, threads := Resources("cuda:1", 0, 1, 0, 0, tiny)
	require.Equal(t, []int{1, 1}, []int{workers, threads})
	workers, threads = Resources("cpu", 0, 1, 7, 3, tiny)
	require.Equal(t, []int{7, 3}, []int{workers, threads}, "given numbers are kept")
	workers, _ = Resources("cuda:0", 1, 1, 5, 0, tiny)
	require.Equal(t, 5, workers, "on a GPU too, whether it fits or not")
	workers, _ = Resources("cpu", 0, 1, 0, 0, tiny)
	require.Equal(t, fitting(runtime.GOMAXPROCS(0), tiny, availableMemory(), workerMemory, nil), workers)
}
