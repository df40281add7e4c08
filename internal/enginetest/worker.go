package enginetest

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/worker"
)

// work gives jobs to a worker in this process and returns its events, up to
// the end of the last job.
func Work(t *testing.T, w *worker.Worker, jobs ...worker.Job) []worker.Event {
	t.Helper()
	in, jobsOut := io.Pipe()
	eventsIn, out := io.Pipe()
	ended := make(chan error)
	go func() {
		ended <- w.Run(context.Background(), in, out)
	}()
	send, receive := json.NewEncoder(jobsOut), json.NewDecoder(eventsIn)
	var events []worker.Event
	for _, job := range jobs {
		require.NoError(t, send.Encode(worker.Order{Worker: 1, Job: &job}))
		for {
			var e worker.Event
			require.NoError(t, receive.Decode(&e))
			events = append(events, e)
			if e.Kind == worker.KindDone || e.Kind == worker.KindFailed {
				break
			}
		}
	}
	require.NoError(t, jobsOut.Close())
	require.NoError(t, <-ended)
	return events
}

func NewJob(t *testing.T, cell cell.Cell) worker.Job {
	t.Helper()
	return worker.Job{Cell: cell, Dir: t.TempDir(), Device: "cpu", Threads: 1}
}

func ReadCSV(t *testing.T, path string) [][]string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	return records
}
