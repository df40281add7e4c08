package worker_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// A model that resumes from another cell's state ends as if it had been trained from the start,
// byte for byte. Without a stored state the segment is trained.
func TestSlicedIsTheSameFromScratch(t *testing.T) {
	plan, defender := enginetest.SlicedPlan(t)
	first := enginetest.FirstSlice(t, plan, defender)
	states := filepath.Join(t.TempDir(), ".states")
	resumed := 0
	for at, hash := range defender.Models {
		cell, _ := plan.Cell(hash)
		job := enginetest.NewTrain(t, cell)
		job.States = states
		events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, job)
		require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
		require.Equal(t, enginetest.CellFiles(t, enginetest.TrainCell(t, enginetest.Engine{}, cell)), enginetest.CellFiles(t, job.Dir))
		continues := at > 0 && !slices.Contains(first, cell.Defense.Excluded[0])
		require.Equal(t, continues, slices.ContainsFunc(events, func(e worker.Event) bool { return e.Kind == worker.KindResumed && e.Epoch == 2 }))
		if continues {
			resumed++
		}
	}
	require.Equal(t, 2, resumed)
	kept, err := os.ReadDir(states)
	require.NoError(t, err)
	require.Len(t, kept, 1, "the state between the slices")
	path := filepath.Join(states, kept[0].Name())
	cell, _ := plan.Cell(defender.Models[4]) // of the second slice
	job := enginetest.NewTrain(t, cell)
	job.States = states
	info, err := enginetest.Engine{}.Describe(job.Device)
	require.NoError(t, err)
	savedState := func() worker.State {
		c, err := worker.ReadCheckpoint(path, strings.TrimSuffix(kept[0].Name(), ".safetensors"), store.NewEnvironment(job.Device, job.Threads, job.Cell.Precision(), store.Build{}, info).Machine())
		require.NoError(t, err)
		return c.State()
	}
	before := savedState()
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, whole[:len(whole)/2], disk.FileMode))
	events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, job)
	require.True(t, slices.ContainsFunc(events, func(e worker.Event) bool { return e.Kind == worker.KindDiscarded && e.Path == path }))
	require.Equal(t, enginetest.CellFiles(t, enginetest.TrainCell(t, enginetest.Engine{}, cell)), enginetest.CellFiles(t, job.Dir))
	require.Equal(t, before, savedState(), "it is saved once more")
}

// uploads records the training sets that models are given.
type uploads struct {
	enginetest.Engine
	images [][]uint8
}

type recordedModel struct {
	worker.TrainedModel
	engine *uploads
}

func (u *uploads) NewModel(opt worker.ModelOptions) (worker.TrainedModel, error) {
	model, err := u.Engine.NewModel(opt)
	return recordedModel{model, u}, err
}

func (m recordedModel) Upload(images []uint8, labels []uint16) error {
	m.engine.images = append(m.engine.images, images)
	return m.TrainedModel.Upload(images, labels)
}

// In all three modes, the model that answers an agent has seen each image of the other agents that
// it should see and none of the agent's. Neither its normalisation nor the state that it resumes
// from depends on the agent's images.
func TestNoModelSeesTheImagesOfItsAgent(t *testing.T) {
	for _, name := range []string{"indexing", "indexing_grouped(models=2)", "indexing_sliced(models=2)"} {
		cfg := enginetest.DefendedConfig(t, name)
		cfg.Attackers.Counts, cfg.Attackers.Singles = []int{4}, 0
		plan := enginetest.DefendedPlan(t, cfg)
		defender := plan.Games[0].Defenders[0]
		for agent, answer := range defender.Answers {
			cell, _ := plan.Cell(defender.Models[answer])
			engine := &uploads{}
			enginetest.TrainCell(t, engine, cell) // from the start, with the segments that it shares with other cells
			g, _, _ := enginetest.TrainingOf(t, cell)
			all := g.Training()
			size := all.Shape.Size()
			seen := map[string]bool{}
			for _, images := range engine.images {
				for at := 0; at < len(images); at += size {
					seen[string(images[at:at+size])] = true
				}
			}
			for at, row := range all.Rows {
				out := row.Owner != game.Defender && slices.Contains(cell.Defense.Excluded, cell.Game.Attackers[row.Owner].ID)
				require.Equal(t, !out, seen[string(all.Images[at*size:(at+1)*size])], "%s: a row of %d in the model for %d", name, row.Owner, agent)
			}
			require.Contains(t, cell.Defense.Excluded, cell.Game.Attackers[agent].ID)
			segments, err := cell.Segments()
			require.NoError(t, err)
			for _, s := range segments {
				require.NotContains(t, s.Agents, agent)
			}
		}
	}
}
