package experiments

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/defenses/divergence"
)

// diverging plays a cell of the tiny set with divergences.
func diverging(t *testing.T, cell Cell) *Divergences {
	t.Helper()
	job := newJob(t, cell)
	job.Artefacts.Divergence = true
	events := work(t, &Worker{Engine: fakeEngine{}, Load: loadTiny}, job)
	last := events[len(events)-1]
	require.Equal(t, KindDone, last.Kind, last.Error)
	record := Record{Dir: job.Dir}
	measured, err := record.Divergences()
	require.NoError(t, err)
	return measured
}

// A cell keeps its name, and a result without divergences is trained again for
// them; then every attacker's row has its own.
func TestDivergencesAreJoinedToTheRows(t *testing.T) {
	cfg, err := tinyConfig()
	require.NoError(t, err)
	without := defendedPlan(t, cfg)
	cfg.Artefacts.Divergence = true
	plan := defendedPlan(t, cfg)
	require.Equal(t, without.Games, plan.Games, "they are no part of a cell")

	store, err := OpenStore(t.TempDir())
	require.NoError(t, err)
	run := func(cfg config.Config) *Summary {
		runner := &Runner{Store: store, Command: testWorker(fault{}), Workers: 1, Threads: 1, Device: "cpu", Artefacts: ArtefactsOf(cfg)}
		outcome, err := runner.Run(context.Background(), plan.Cells)
		require.NoError(t, err)
		require.Equal(t, 5, outcome.Trained)
		summary, err := Summarize(plan, store)
		require.NoError(t, err)
		return summary
	}
	off := cfg
	off.Artefacts.Divergence = false
	for _, row := range run(off).Rows {
		for _, a := range row.Attackers {
			require.Nil(t, a.Divergence)
		}
	}
	for _, row := range run(cfg).Rows {
		record, err := store.Read(row.Cell)
		require.NoError(t, err)
		require.Contains(t, record.Files(), DivergenceFile)
		measured, err := record.Divergences()
		require.NoError(t, err)
		for _, a := range row.Attackers {
			require.Equal(t, measured.of(a.ID, a.Target), a.Divergence)
			require.True(t, a.Divergence.MMD2.Defined())
		}
	}
}

// A model that never saw an attacker's images has no divergence of it, and images
// that the defender stamped count as triggered.
func TestDivergencesUnderDefenses(t *testing.T) {
	plan := defendedPlan(t, defendedConfig(t, "indexing", "agent_augmentation"))
	indexed, _ := plan.Cell(plan.Games[1].Defenders[0].Models[1])
	measured := diverging(t, indexed)
	target := indexed.Game.Attackers[1].Target
	require.Nil(t, measured.of(1, target))
	require.NotNil(t, measured.of(0, target))

	augmented, _ := plan.Cell(plan.Games[1].Defenders[1].Models[0])
	measured = diverging(t, augmented)
	stamped := 0
	for _, d := range measured.Divergences {
		if d.Agent == DefenderID && d.Part == divergence.Triggered {
			stamped += d.Rows
		}
	}
	_, _, simulated := trainingOf(t, augmented)
	want := 0
	for _, agent := range simulated {
		if agent >= 0 {
			want++
		}
	}
	require.Equal(t, want, stamped)
	require.Positive(t, want)
}

type featureless struct{ TrainedModel }

func (featureless) Features([]uint8) ([]float32, error) { return nil, errors.New("no features today") }

type featurelessEngine struct{ fakeEngine }

func (e featurelessEngine) NewModel(opt ModelOptions) (TrainedModel, error) {
	model, err := e.fakeEngine.NewModel(opt)
	return featureless{model}, err
}

func TestDivergencesReportAFailingModel(t *testing.T) {
	job := newJob(t, newTinyPlan(t).Cells[0])
	job.Artefacts.Divergence = true
	events := work(t, &Worker{Engine: featurelessEngine{}, Load: loadTiny}, job)
	last := events[len(events)-1]
	require.Equal(t, KindFailed, last.Kind)
	require.Equal(t, "experiments: measure divergences: no features today", last.Error)
}
