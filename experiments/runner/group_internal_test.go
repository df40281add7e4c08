package runner

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/worker"
	"backfire/internal/enginetest"
)

// A worker stops its request while the other of its process continues, and takes another one.
func TestWorkerStops(t *testing.T) {
	command, err := enginetest.Command(enginetest.Fault{})()
	require.NoError(t, err)
	p, err := StartProcess(command, nil)
	require.NoError(t, err)
	defer p.Close()
	cells := slices.Clone(enginetest.NewPlan(t).Cells)
	cells[0].Training.Epochs = 1_000_000
	require.True(t, p.reserve())
	endless := p.Assign(1, enginetest.NewTrain(t, cells[0]))
	for e := range endless.Events {
		require.NotEqual(t, worker.KindFailed, e.Kind, e.Error)
		if e.Kind == worker.KindEpoch {
			break
		}
	}
	cells[1].Training.Epochs = 1_000_000
	require.True(t, p.reserve())
	other := p.Assign(2, enginetest.NewTrain(t, cells[1]))
	reported := make(chan struct{}, 1)
	go func() {
		for {
			select {
			case <-other.Events:
			case <-other.left:
				return
			}
			select {
			case reported <- struct{}{}:
			default:
			}
		}
	}()
	endless.end()
	require.True(t, isClosed(endless.over))
	short := p.Assign(1, enginetest.NewTrain(t, cells[2]))
	for e := range short.Events {
		require.NotEqual(t, worker.KindFailed, e.Kind, e.Error)
		if e.Kind == worker.KindDone {
			break
		}
	}
	<-reported
	<-reported // it continues
	require.Equal(t, 1, p.release())
	other.end() // the last one: the process is no longer needed
	<-p.Ended
	require.False(t, p.reserve())
	require.NoError(t, p.err)
}

// An idle process makes room for one of the other kind.
func TestProcessesOfTwoKinds(t *testing.T) {
	r := &run{Runner: &Runner{Command: enginetest.Command(enginetest.Fault{}), Workers: 1, Threads: 1, Device: "cpu"}}
	group := newWorkerGroup(1, func() (*Process, error) { return r.start(nil) })
	plain, err := group.acquire(false)
	require.NoError(t, err)
	group.release(plain, false, false)
	same, err := group.acquire(false)
	require.NoError(t, err)
	require.Same(t, plain, same)
	other, err := group.acquire(true)
	require.NoError(t, err)
	require.NotSame(t, plain, other)
	require.True(t, plain.reserve(), "it is not idle")
	require.Equal(t, 1, plain.release())
	group.release(plain, false, false)
	group.release(other, true, true)
	<-other.Ended
	other, err = group.acquire(true)
	require.NoError(t, err)
	<-plain.Ended
	group.release(other, true, false)
	group.close()
	<-other.Ended
}
