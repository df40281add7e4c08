package worker

import (
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// countedSnapshot is a snapshot of a test.
type countedSnapshot struct {
	step  int
	fault error
	read  chan struct{} // is waited for before the state is read; nil: it is not
	held  *held
}

// held counts the snapshots that are not freed.
type held struct {
	sync.Mutex
	now, most, freedTwice int
}

func (h *held) take(step int) *countedSnapshot {
	h.Lock()
	defer h.Unlock()
	h.now++
	h.most = max(h.most, h.now)
	return &countedSnapshot{step: step, held: h}
}

func (s *countedSnapshot) State() (State, error) {
	if s.read != nil {
		<-s.read
	}
	return State{Step: s.step}, s.fault
}

func (s *countedSnapshot) Free() {
	s.held.Lock()
	defer s.held.Unlock()
	s.held.now--
	if s.held.now < 0 {
		s.held.freedTwice++
	}
}

// Whatever the order of training and writing, checkpoints are written one at a time and in the order
// of their epochs, the last one is written in the end, and never is more than one snapshot held.
func TestSaverWritesOneAtATimeAndTheLast(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		writes := rapid.SliceOfN(rapid.IntRange(0, 5), 40, 40).Draw(rt, "length of each write")
		pauses := rapid.SliceOfN(rapid.IntRange(0, 5), 1, 20).Draw(rt, "pause before each epoch's end")
		var written []int
		snapshots := &held{}
		writing := make(chan struct{}, 1)
		pause := func(n int) {
			for range n {
				runtime.Gosched()
			}
		}
		s := &saver{write: func(c checkpoint) error {
			writing <- struct{}{} // blocks where two write, which ends the test
			pause(writes[c.state.Step])
			written = append(written, c.state.Step)
			<-writing
			return nil
		}}
		for epoch, n := range pauses {
			pause(n)
			require.NoError(rt, s.save(checkpoint{}, func() (Snapshot, error) { return snapshots.take(epoch), nil }))
		}
		require.NoError(rt, s.finish())
		require.NotEmpty(rt, written)
		require.IsIncreasing(rt, append([]int{-1}, written...))
		require.Equal(rt, len(pauses)-1, written[len(written)-1])
		require.Equal(rt, []int{0, 1, 0}, []int{snapshots.now, snapshots.most, snapshots.freedTwice})
	})
}

// A snapshot that is being read from the device is waited for before the next one is taken.
func TestSaverHoldsOneSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, snapshots := &saver{write: func(checkpoint) error { return nil }}, &held{}
		slow := snapshots.take(1)
		slow.read = make(chan struct{})
		require.NoError(t, s.save(checkpoint{}, func() (Snapshot, error) { return slow, nil }))
		synctest.Wait() // it is being read
		next := make(chan error)
		go func() { next <- s.save(checkpoint{}, func() (Snapshot, error) { return snapshots.take(2), nil }) }()
		synctest.Wait()
		require.Equal(t, 1, snapshots.most)
		close(slow.read)
		require.NoError(t, <-next)
		require.NoError(t, s.finish())
		require.Equal(t, []int{0, 1}, []int{snapshots.now, snapshots.most})
	})
}

// The error of a checkpoint is returned once, by the next call that can return it.
func TestSaverReportsErrors(t *testing.T) {
	broken := errors.New("no space")
	snapshots := &held{}
	take := func() (Snapshot, error) { return snapshots.take(1), nil }
	for name, tc := range map[string]struct {
		s    *saver
		take func() (Snapshot, error)
	}{
		"write": {&saver{write: func(checkpoint) error { return broken }}, take},
		"read": {&saver{write: func(checkpoint) error { return nil }}, func() (Snapshot, error) {
			s := snapshots.take(1)
			s.fault = broken
			return s, nil
		}},
	} {
		require.NoError(t, tc.s.save(checkpoint{}, tc.take), name)
		tc.s.settle()
		require.ErrorIs(t, tc.s.save(checkpoint{}, tc.take), broken, name)
		require.NoError(t, tc.s.finish(), name)
		require.NoError(t, tc.s.save(checkpoint{}, tc.take), name)
		require.ErrorIs(t, tc.s.finish(), broken, name)
		require.NoError(t, tc.s.save(checkpoint{}, tc.take), name)
		tc.s.abandon()
		require.NoError(t, tc.s.finish(), name)
		require.ErrorIs(t, tc.s.save(checkpoint{}, func() (Snapshot, error) { return nil, broken }), broken, name)
		require.NoError(t, tc.s.finish(), name)
	}
	require.Zero(t, snapshots.now)
}
