package worker_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/curve"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// trainScored trains a cell with a learning curve and returns the request and its events. change, if
// not nil, changes the request before.
func trainScored(t *testing.T, c cell.Cell, curve curve.Request, change func(*worker.Train)) (worker.Train, []worker.Event) {
	t.Helper()
	job := enginetest.NewTrain(t, c)
	job.Artefacts.Model, job.Artefacts.Curve = true, curve
	if change != nil {
		change(&job)
	}
	events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, job)
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
	return job, events
}

// curveIn reads the learning curve in a directory.
func curveIn(t *testing.T, dir string) *curve.Curve {
	t.Helper()
	curve, err := (&store.Record{Dir: dir}).Curve()
	require.NoError(t, err)
	return curve
}

// files reads all files of a result that do not depend on time, by name.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range []string{store.CellFile, store.PoisonFile, store.PredictionsFile, store.ModelFile} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		all[name] = string(text)
	}
	result, err := store.ReadResult(disk.In(dir))
	require.NoError(t, err)
	all["digest"] = result.Digest
	for _, line := range enginetest.ReadCSV(t, filepath.Join(dir, store.MetricsFile)) {
		all[store.MetricsFile] += strings.Join(line[:4], ",") + "\n"
	}
	return all
}

// The trained model and every figure of the result are the same with and without scores, whatever
// the defense.
func TestScoresDoNotChangeTheTraining(t *testing.T) {
	defended := enginetest.DefendedPlan(t, enginetest.DefendedConfig(t, "cutmix+agent_augmentation"))
	cells := map[string]cell.Cell{"none": enginetest.NewPlan(t).Cells[4]}
	cells["defended"], _ = defended.Cell(defended.Games[1].Defenders[0].Models[0])
	require.NotNil(t, cells["defended"].Defense)
	for name, c := range cells {
		without, _ := trainScored(t, c, curve.Request{}, nil)
		require.NoFileExists(t, filepath.Join(without.Dir, curve.File), name)
		for _, curve := range []curve.Request{{Every: 1}, {Every: 2, Images: 3}} {
			with, _ := trainScored(t, c, curve, nil)
			require.Equal(t, files(t, without.Dir), files(t, with.Dir), name)
		}
	}
}

func TestCurveHasTheEpochsAskedForAndTheLast(t *testing.T) {
	c := enginetest.NewPlan(t).Cells[4]
	c.Training.Epochs = 5
	for every, want := range map[int][]int{1: {1, 2, 3, 4, 5}, 2: {2, 4, 5}, 5: {5}, 9: {5}} {
		job, events := trainScored(t, c, curve.Request{Every: every}, nil)
		var epochs, reported []int
		for _, p := range curveIn(t, job.Dir).Points {
			epochs = append(epochs, p.Epoch)
		}
		for _, e := range events {
			if e.Kind == worker.KindEpoch && e.Metrics.Scores != nil {
				reported = append(reported, e.Epoch)
			}
		}
		require.Equal(t, want, epochs)
		require.Equal(t, want, reported)
	}
}

// On all images, the rates after the last epoch are those of the result.
func TestLastPointOnAllImagesIsTheResult(t *testing.T) {
	job, _ := trainScored(t, enginetest.NewPlan(t).Cells[4], curve.Request{Every: 2}, nil)
	result, err := store.ReadResult(disk.In(job.Dir))
	require.NoError(t, err)
	points := curveIn(t, job.Dir).Points
	last := points[len(points)-1]
	require.Equal(t, result.CleanAccuracy, last.CleanAccuracy)
	require.Len(t, last.Attackers, len(result.Attackers))
	for i, a := range result.Attackers {
		require.Equal(t, curve.Attacker{
			ID: a.ID, ASR: a.ASR, BaseRate: a.BaseRate, Lift: a.Lift, CleanAccuracy: last.Attackers[i].CleanAccuracy,
		}, last.Attackers[i])
		require.Equal(t, a.HeldOut, last.Attackers[i].CleanAccuracy.Of)
	}
}

// Where attackers own the same images whatever N is, an attacker is scored on the same images of the
// same number in each game.
func TestSampleIsTheSameForEveryN(t *testing.T) {
	cfg := enginetest.DefendedConfig(t)
	cfg.Attackers.Counts, cfg.Attackers.Singles = []int{1, 2, 4}, 0
	p := enginetest.DefendedPlan(t, cfg)
	sources := map[int]map[int][]int{} // by N and owner
	for _, planned := range p.Games {
		c, ok := p.Cell(planned.Cell)
		require.True(t, ok)
		require.Equal(t, 4, c.Game.SeatCount())
		g, _, _ := enginetest.TrainingOf(t, c)
		list, n := g.Probes().List, len(c.Game.Attackers)
		sources[n] = map[int][]int{}
		for _, at := range curve.Sample(c.Game, list, 3) {
			require.Less(t, list[at].Owner, n, "honest contributors are not scored")
			sources[n][list[at].Owner] = append(sources[n][list[at].Owner], list[at].Source)
		}
	}
	for n, owners := range sources {
		require.Len(t, owners, 1+n)
		for owner, list := range owners {
			require.Equal(t, sources[4][owner], list, "%d of %d", owner, n)
		}
	}
}

// A training that stopped after any epoch and resumes has the same curve.
func TestResumedTrainingHasTheSameCurve(t *testing.T) {
	c := enginetest.NewPlan(t).Cells[4]
	request := curve.Request{Every: 2, Images: 4}
	whole, _ := trainScored(t, c, request, nil)
	want, err := os.ReadFile(filepath.Join(whole.Dir, curve.File))
	require.NoError(t, err)
	for epoch := 1; epoch < c.Training.Epochs; epoch++ {
		path := checkpointAfter(t, c, request, epoch)
		resumed, events := trainScored(t, c, request, func(job *worker.Train) { job.Checkpoint = path })
		require.True(t, slices.ContainsFunc(events, func(e worker.Event) bool { return e.Kind == worker.KindResumed && e.Epoch == epoch }))
		got, err := os.ReadFile(filepath.Join(resumed.Dir, curve.File))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
}

// stopping is an engine whose models fail after some epochs.
type stopping struct {
	enginetest.Engine
	after int
}

type stoppingModel struct {
	worker.TrainedModel
	left *int
}

func (s *stopping) NewModel(opt worker.ModelOptions) (worker.TrainedModel, error) {
	model, err := s.Engine.NewModel(opt)
	return stoppingModel{model, &s.after}, err
}

func (m stoppingModel) Epoch(order []int32, onBatch func(int) error) (worker.EpochStats, error) {
	if *m.left--; *m.left < 0 {
		return worker.EpochStats{}, errors.New("stopped")
	}
	return m.TrainedModel.Epoch(order, onBatch)
}

// checkpointAfter returns the checkpoint that a training leaves after an epoch.
func checkpointAfter(t *testing.T, c cell.Cell, curve curve.Request, epoch int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), store.CheckpointFile)
	engine := &stopping{after: epoch}
	job := enginetest.NewTrain(t, c)
	job.Artefacts.Curve, job.Checkpoint = curve, path
	events := enginetest.Work(t, &worker.Worker{Engine: engine, Load: enginetest.Loader}, job)
	require.Equal(t, worker.KindFailed, events[len(events)-1].Kind)
	require.FileExists(t, path)
	return path
}

// A checkpoint serves a curve only with all its scores. It serves one of fewer epochs, and none.
func TestCheckpointServesCurvesThatItHas(t *testing.T) {
	c := enginetest.NewPlan(t).Cells[4]
	for _, tc := range []struct {
		name         string
		before, then curve.Request
		resumes      bool
	}{
		{"the same", curve.Request{Every: 1, Images: 3}, curve.Request{Every: 1, Images: 3}, true},
		{"fewer epochs", curve.Request{Every: 1, Images: 3}, curve.Request{Every: 2, Images: 3}, true},
		{"none", curve.Request{Every: 1, Images: 3}, curve.Request{}, true},
		{"not scored yet", curve.Request{}, curve.Request{Every: 3}, true},
		{"more epochs", curve.Request{Every: 2, Images: 3}, curve.Request{Every: 1, Images: 3}, false},
		{"other images", curve.Request{Every: 1, Images: 3}, curve.Request{Every: 1}, false},
		{"a first one", curve.Request{}, curve.Request{Every: 1}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want, _ := trainScored(t, c, tc.then, nil)
			path := checkpointAfter(t, c, tc.before, 2)
			got, events := trainScored(t, c, tc.then, func(job *worker.Train) { job.Checkpoint = path })
			has := func(kind worker.Kind) bool {
				return slices.ContainsFunc(events, func(e worker.Event) bool { return e.Kind == kind })
			}
			require.Equal(t, tc.resumes, has(worker.KindResumed))
			require.Equal(t, !tc.resumes, has(worker.KindNotice), "the loss of time is told")
			require.Equal(t, files(t, want.Dir), files(t, got.Dir))
			if tc.then.Every > 0 {
				require.Equal(t, curveIn(t, want.Dir), curveIn(t, got.Dir))
			} else {
				require.NoFileExists(t, filepath.Join(got.Dir, curve.File))
			}
		})
	}
}

// The models of sliced indexing have their curves whether they resume from a shared state or not,
// and a state without scores is left in place.
func TestCurvesOfSlicedIndexing(t *testing.T) {
	plan, defender := enginetest.SlicedPlan(t)
	request, states := curve.Request{Every: 1, Images: 5}, filepath.Join(t.TempDir(), ".states")
	for round, curve := range []curve.Request{{}, request, request} {
		resumed, told := 0, 0
		models := slices.Clone(defender.Models)
		if round == 1 { // one that resumes comes before the one that saves the state with its scores
			models[0], models[4] = models[4], models[0]
		}
		for _, hash := range models {
			c, _ := plan.Cell(hash)
			alone, _ := trainScored(t, c, curve, nil)
			shared, events := trainScored(t, c, curve, func(job *worker.Train) { job.States = states })
			require.Equal(t, files(t, alone.Dir), files(t, shared.Dir))
			if curve.Every > 0 {
				require.Equal(t, curveIn(t, alone.Dir), curveIn(t, shared.Dir))
			}
			for _, e := range events {
				switch e.Kind {
				case worker.KindResumed:
					resumed++
				case worker.KindNotice:
					told++
				}
			}
		}
		require.Positive(t, resumed)
		require.Equal(t, round == 1, told > 0, "the states of the first round have no scores")
		kept, err := os.ReadDir(states)
		require.NoError(t, err)
		require.Len(t, kept, 1)
	}
}

// exact formats a value as metrics.csv does.
func exact(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// The columns of metrics.csv are the rates of the curve.
func TestMetricsHaveTheScores(t *testing.T) {
	job, _ := trainScored(t, enginetest.NewPlan(t).Cells[2], curve.Request{Every: 2}, nil)
	lines := enginetest.ReadCSV(t, filepath.Join(job.Dir, store.MetricsFile))
	require.Equal(t, []string{
		"standard_accuracy", "asr_mean", "base_rate_mean", "lift_mean", "standard_accuracy_mean", "asr_0", "base_rate_0", "lift_0",
		"standard_accuracy_0", "asr_1", "base_rate_1", "lift_1", "standard_accuracy_1",
	}, lines[0][6:])
	require.Equal(t, make([]string, 13), lines[1][6:], "the first epoch has no scores")
	point := curveIn(t, job.Dir).Points[0]
	require.Equal(t, exact(point.CleanAccuracy.Value()), lines[2][6])
	require.Equal(t, exact(point.Attackers[1].ASR.Value()), lines[2][15])
	require.Equal(t, exact(float64(point.Attackers[1].Lift)), lines[2][17])
	metrics, err := (&store.Record{Dir: job.Dir}).Metrics()
	require.NoError(t, err)
	require.Len(t, metrics, job.Cell.Training.Epochs)
	require.NoError(t, os.WriteFile(filepath.Join(job.Dir, store.MetricsFile), []byte("epoch\n"), disk.FileMode))
	_, err = (&store.Record{Dir: job.Dir}).Metrics()
	require.ErrorContains(t, err, "the first columns are not")
}
