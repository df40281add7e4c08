package experiments

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/datasets/testset"
	"backfire/game"
)

// work gives jobs to a worker in this process and returns its events, up to
// the end of the last job.
func work(t *testing.T, worker *Worker, jobs ...Job) []Event {
	t.Helper()
	in, jobsOut := io.Pipe()
	eventsIn, out := io.Pipe()
	ended := make(chan error)
	go func() {
		ended <- worker.Run(context.Background(), in, out)
	}()
	send, receive := json.NewEncoder(jobsOut), json.NewDecoder(eventsIn)
	var events []Event
	for _, job := range jobs {
		require.NoError(t, send.Encode(Order{Worker: 1, Job: &job}))
		for {
			var e Event
			require.NoError(t, receive.Decode(&e))
			events = append(events, e)
			if e.Kind == KindDone || e.Kind == KindFailed {
				break
			}
		}
	}
	require.NoError(t, jobsOut.Close())
	require.NoError(t, <-ended)
	return events
}

func newJob(t *testing.T, cell Cell) Job {
	t.Helper()
	return Job{Cell: cell, Dir: t.TempDir(), Device: "cpu", Threads: 1}
}

func TestWorkerTellsWhatItDoes(t *testing.T) {
	cell := newTinyPlan(t).Cells[0]
	hash, err := cell.Hash()
	require.NoError(t, err)
	var kinds []Kind
	var phases []Phase
	for _, e := range work(t, &Worker{Engine: fakeEngine{}, Load: loadTiny}, newJob(t, cell)) {
		require.Equal(t, hash, e.Cell)
		if e.Kind == KindProgress {
			continue // where an epoch takes long
		}
		kinds = append(kinds, e.Kind)
		if e.Kind == KindPhase {
			phases = append(phases, e.Phase)
		}
		if e.Kind == KindEpoch {
			require.Equal(t, e.Epoch, e.Metrics.Epoch)
			require.Equal(t, 3, e.Epochs)
			require.Equal(t, 320, e.Images)
		}
	}
	require.Equal(t, []Kind{
		KindPhase, KindPhase, KindPhase, KindStarted, KindPhase, KindPhase,
		KindEpoch, KindEpoch, KindEpoch, KindPhase, KindDone,
	}, kinds)
	require.Equal(t, Phases(), phases)
}

func TestWorkerKeepsTheDatasetBetweenCells(t *testing.T) {
	plan := newTinyPlan(t)
	loads := 0
	worker := &Worker{Engine: fakeEngine{}, Load: func(ctx context.Context, src datasets.Source) (*datasets.Set, error) {
		loads++
		return loadTiny(ctx, src)
	}}
	events := work(t, worker, newJob(t, plan.Cells[0]), newJob(t, plan.Cells[1]), newJob(t, plan.Cells[2]))
	require.Equal(t, KindDone, events[len(events)-1].Kind)
	require.Equal(t, 1, loads)
}

func TestWorkerEndsWithItsInputEvenInTheMiddleOfACell(t *testing.T) {
	cell := newTinyPlan(t).Cells[0]
	in, jobs := io.Pipe()
	ended := make(chan error)
	started := make(chan struct{}, 100)
	go func() {
		worker := &Worker{Engine: faultyEngine{fakeEngine{}, fault{Kind: "slow", Epoch: 1}}, Load: loadTiny}
		ended <- worker.Run(context.Background(), in, writerFunc(func(data []byte) (int, error) {
			if bytes.Contains(data, []byte(`"train"`)) {
				started <- struct{}{}
			}
			return len(data), nil
		}))
	}()
	job := newJob(t, cell)
	require.NoError(t, json.NewEncoder(jobs).Encode(Order{Worker: 1, Job: &job}))
	<-started
	require.NoError(t, jobs.Close())
	require.NoError(t, <-ended)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(data []byte) (int, error) { return f(data) }

func TestWorkerRefusesWhatIsNoOrder(t *testing.T) {
	for _, line := range []string{"hello\n", "{}\n"} {
		worker := &Worker{Engine: fakeEngine{}, Load: loadTiny}
		err := worker.Run(context.Background(), bytes.NewBufferString(line), io.Discard)
		require.ErrorContains(t, err, "worker")
	}
}

func TestWorkerEndsWhenNobodyListens(t *testing.T) {
	in, jobs := io.Pipe()
	ended := make(chan error)
	go func() {
		worker := &Worker{Engine: fakeEngine{}, Load: loadTiny}
		ended <- worker.Run(context.Background(), in, writerFunc(func([]byte) (int, error) { return 0, io.ErrClosedPipe }))
	}()
	job := newJob(t, newTinyPlan(t).Cells[0])
	require.NoError(t, json.NewEncoder(jobs).Encode(Order{Worker: 1, Job: &job}))
	require.ErrorIs(t, <-ended, io.ErrClosedPipe)
}

func TestWorkerReportsAFailureAndGoesOn(t *testing.T) {
	plan := newTinyPlan(t)
	impossible := plan.Cells[0]
	impossible.Game.PoolSize = 1
	missing := newJob(t, plan.Cells[0])
	missing.Dir = filepath.Join(missing.Dir, "nowhere")
	events := work(t, &Worker{Engine: fakeEngine{}, Load: loadTiny}, newJob(t, impossible), missing, newJob(t, plan.Cells[0]))
	var ends []Event
	for _, e := range events {
		if e.Kind == KindFailed || e.Kind == KindDone {
			ends = append(ends, e)
		}
	}
	require.Len(t, ends, 3)
	require.Contains(t, ends[0].Error, "pool")
	require.Contains(t, ends[1].Error, "nowhere")
	require.Equal(t, KindDone, ends[2].Kind)
}

// The files say the same as the game that is dealt again from the cell.
func TestFilesOfAResult(t *testing.T) {
	plan := newTinyPlan(t)
	cell := plan.Cells[len(plan.Cells)-1]
	job := newJob(t, cell)
	worker := &Worker{Engine: fakeEngine{}, Load: loadTiny, Program: Build{Version: "v9"}}
	work(t, worker, job)

	set, err := testset.New(1)
	require.NoError(t, err)
	g, err := game.New(set, cell.Game)
	require.NoError(t, err)

	var result Result
	require.NoError(t, readJSON(filepath.Join(job.Dir, ResultFile), &result))
	require.Equal(t, 320, result.TrainingImages)
	require.Len(t, result.Attackers, 4)
	require.Len(t, result.Cross, 4)
	for i, a := range result.Attackers {
		require.Equal(t, "east", a.Label)
		require.Equal(t, g.Triggers()[i].ID(), a.Trigger)
	}
	require.Greater(t, result.CleanAccuracy.Value(), 0.9, "the classes are easy to tell apart")
	require.False(t, result.Collapsed)

	require.Len(t, result.Run.Seconds, len(Phases()))
	require.Len(t, result.Run.Single, 4)
	var environment Environment
	require.NoError(t, readJSON(filepath.Join(job.Dir, EnvironmentFile), &environment))
	require.Equal(t, "v9", environment.Program.Version)
	require.Equal(t, "fake", environment.Engine.Name)

	metrics := readCSV(t, filepath.Join(job.Dir, MetricsFile))
	require.Len(t, metrics, 1+3)
	require.Equal(t, []string{"epoch", "loss", "train_accuracy", "lr", "seconds", "images_per_second"}, metrics[0])
	require.Equal(t, strconv.FormatFloat(result.FinalLoss, 'g', -1, 64), metrics[3][1])

	poison := readCSV(t, filepath.Join(job.Dir, PoisonFile))
	require.Equal(t, []string{"row", "source", "owner", "trigger", "old_label", "new_label", "simulated", "sha256"}, poison[0])
	var want [][]string
	training := g.Training()
	for i, row := range training.Rows {
		if row.Trigger != game.NoTrigger {
			var fields []string
			for _, v := range []int{i, row.Source, row.Owner, row.Trigger, int(row.Old), int(row.New)} {
				fields = append(fields, strconv.Itoa(v))
			}
			sum := sha256.Sum256(training.Images[i*64 : (i+1)*64])
			want = append(want, append(fields, "", hex.EncodeToString(sum[:]))) // nothing is simulated
		}
	}
	require.NotEmpty(t, want)
	require.Equal(t, want, poison[1:])
}

func readCSV(t *testing.T, path string) [][]string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	return records
}
