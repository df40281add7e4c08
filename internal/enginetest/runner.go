package enginetest

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
)

// recorder is an Observer that keeps all events.
type Recorder struct {
	mu     sync.Mutex
	Events []worker.Event
}

func (r *Recorder) Observe(e worker.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Events = append(r.Events, e)
}

// of returns the events of a kind, in order.
func (r *Recorder) Of(kind worker.Kind) []worker.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []worker.Event
	for _, e := range r.Events {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

// deterministic is what in the files depends on the cell alone.
func Deterministic(t *testing.T, st *store.Store, plan *plan.Plan) map[string]string {
	t.Helper()
	content := map[string]string{}
	for _, hash := range Hashes(t, plan) {
		_, err := st.Read(hash)
		require.NoError(t, err)
		for _, name := range []string{store.CellFile, store.ResultFile, store.PoisonFile, store.PredictionsFile} {
			content[hash+"/"+name] = OfCell(t, filepath.Join(st.Path(hash), name))
		}
	}
	return content
}

func Hashes(t *testing.T, plan *plan.Plan) []string {
	t.Helper()
	var all []string
	for _, cell := range plan.Cells {
		hash, err := cell.Hash()
		require.NoError(t, err)
		all = append(all, hash)
	}
	return all
}
