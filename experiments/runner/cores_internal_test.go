package runner

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/experiments/cell"
	"backfire/experiments/worker"
)

// heard is the orders that a process without a program was given.
type heard struct{ bytes.Buffer }

// stub returns a process that is not started and keeps its orders.
func (h *heard) stub() *Process { return &Process{orders: json.NewEncoder(&h.Buffer)} }

// threads returns the numbers of threads that were ordered for a worker, in order, and forgets
// all orders.
func (h *heard) threads(t require.TestingT, number int) []int {
	var all []int
	for decoder := json.NewDecoder(&h.Buffer); ; {
		var order worker.Order
		err := decoder.Decode(&order)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		require.Equal(t, number, order.Worker)
		all = append(all, order.Request.(worker.Threads).Threads)
	}
}

// nativeCell returns a cell whose bits do not depend on threads, with a batch.
func nativeCell(batch int) cell.Cell {
	c := cell.Cell{}
	c.Model.Architecture, c.Training.Batch = cell.ResNet18, batch
	return c
}

// sharesOf returns the shares of slots in so many cores, on processes that are kept to none.
func sharesOf(slots, cores int) *coreShares {
	return &coreShares{cores: make([]int, cores), least: 1, slots: make([]coreShare, slots)}
}

// The cores of a slot that rests go to the others, and come back when it trains again.
func TestCoresOfRestingSlots(t *testing.T) {
	shares := sharesOf(2, 4)
	var first, second heard
	shares.begin(1, first.stub(), nativeCell(32))
	require.Equal(t, []int{2}, first.threads(t, 1))
	shares.begin(2, second.stub(), nativeCell(32))
	require.Equal(t, []int{2}, second.threads(t, 2))
	shares.end(2)
	require.Empty(t, first.threads(t, 1), "the slot may get another cell at once")
	shares.rest(2)
	require.Equal(t, []int{4}, first.threads(t, 1))
	require.Empty(t, second.threads(t, 2))
	shares.begin(2, second.stub(), nativeCell(32))
	require.Equal(t, []int{2}, first.threads(t, 1))
	require.Equal(t, []int{2}, second.threads(t, 2))
	shares.rest(1)
	require.Empty(t, second.threads(t, 2), "the slot got a cell before its rest was booked")
	shares.end(1)
	shares.rest(1)
	require.Equal(t, []int{4}, second.threads(t, 2))
}

// A small batch has no work for many threads, and models whose bits depend on the number keep it.
func TestCoresThatTrainingsCannotUse(t *testing.T) {
	var small, direct heard
	sharesOf(1, 16).begin(1, small.stub(), nativeCell(10))
	require.Equal(t, []int{2}, small.threads(t, 1))
	c := nativeCell(32)
	c.Training.Kernels = cell.KernelsDirect
	sharesOf(1, 16).begin(1, direct.stub(), c)
	require.Empty(t, direct.threads(t, 1))
}

// Whatever trains and rests, the trainings together have as many threads as the run has cores, each
// at least one, and none knows less than its part.
func TestCoresAreDividedWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots := rapid.IntRange(1, 6).Draw(t, "slots")
		cores := rapid.IntRange(slots, 16).Draw(t, "cores")
		shares := sharesOf(slots, cores)
		processes, has := make([]heard, slots), make([]int, slots)
		for range rapid.IntRange(1, 30).Draw(t, "changes") {
			i := rapid.IntRange(0, slots-1).Draw(t, "slot")
			if has[i] == 0 {
				shares.begin(i+1, processes[i].stub(), nativeCell(256))
				has[i] = 1
			} else {
				shares.end(i + 1)
				shares.rest(i + 1)
				has[i] = 0
			}
			sum, training := 0, 0
			for j := range processes {
				if told := processes[j].threads(t, j+1); len(told) > 0 {
					has[j] = told[len(told)-1]
				}
				sum += has[j]
				training += min(1, has[j])
			}
			resting := 0
			for _, own := range shares.slots {
				if own.resting {
					resting++
				}
			}
			if training+resting == slots && training > 0 {
				require.Equal(t, cores, sum)
			}
			require.LessOrEqual(t, sum, cores)
		}
	})
}

// A run on a GPU, one without Runner.Cores and one with fewer cores than slots divide nothing, and
// a nil *coreShares takes every call.
func TestNothingToDivide(t *testing.T) {
	require.Nil(t, newCoreShares(&Runner{Device: "cuda:0", Cores: 8}, 2))
	require.Nil(t, newCoreShares(&Runner{Device: "cpu"}, 2))
	require.Nil(t, newCoreShares(&Runner{Device: "cpu", Cores: 2}, 3))
	none := newCoreShares(&Runner{Device: "cpu"}, 2)
	none.begin(1, nil, nativeCell(32))
	none.waits(1)()
	none.end(1)
	none.rest(1)
}
