package worker_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/divergence"
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
)

// diverging plays a cell of the tiny set with divergences.
func diverging(t *testing.T, cell cell.Cell) *store.Divergences {
	t.Helper()
	job := enginetest.NewTrain(t, cell)
	job.Artefacts.Divergence = true
	events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, job)
	last := events[len(events)-1]
	require.Equal(t, worker.KindDone, last.Kind, last.Error)
	record := store.Record{Dir: job.Dir}
	measured, err := record.Divergences()
	require.NoError(t, err)
	return measured
}

// A model that never saw an attacker's images has no divergence of it, and images
// that the defender stamped count as triggered.
func TestDivergencesUnderDefenses(t *testing.T) {
	plan := enginetest.DefendedPlan(t, enginetest.DefendedConfig(t, "indexing", "agent_augmentation"))
	indexed, _ := plan.Cell(plan.Games[1].Defenders[0].Models[1])
	measured := diverging(t, indexed)
	target := indexed.Game.Attackers[1].Target
	require.Nil(t, measured.Of(1, target))
	require.NotNil(t, measured.Of(0, target))

	augmented, _ := plan.Cell(plan.Games[1].Defenders[1].Models[0])
	measured = diverging(t, augmented)
	stamped := 0
	for _, d := range measured.Divergences {
		if d.Agent == store.DefenderID && d.Part == divergence.Triggered {
			stamped += d.Rows
		}
	}
	_, _, simulated := enginetest.TrainingOf(t, augmented)
	want := 0
	for _, agent := range simulated {
		if agent >= 0 {
			want++
		}
	}
	require.Equal(t, want, stamped)
	require.Positive(t, want)
}

type featureless struct{ worker.TrainedModel }

func (featureless) Features([]uint8) ([]float32, error) { return nil, errors.New("no features today") }

type featurelessEngine struct{ enginetest.Engine }

func (e featurelessEngine) NewModel(opt worker.ModelOptions) (worker.TrainedModel, error) {
	model, err := e.Engine.NewModel(opt)
	return featureless{model}, err
}

func TestDivergencesReportAFailingModel(t *testing.T) {
	job := enginetest.NewTrain(t, enginetest.NewPlan(t).Cells[0])
	job.Artefacts.Divergence = true
	events := enginetest.Work(t, &worker.Worker{Engine: featurelessEngine{}, Load: enginetest.Loader}, job)
	last := events[len(events)-1]
	require.Equal(t, worker.KindFailed, last.Kind)
	require.Equal(t, "worker: measure divergences: no features today", last.Error)
}
