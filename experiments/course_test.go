package experiments

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/defenses/indexing"
	"backfire/game"
)

// slicedPlan plays four attackers that enter in two slices of two and three
// epochs.
func slicedPlan(t *testing.T) (*Plan, PlannedDefender) {
	t.Helper()
	cfg := defendedConfig(t, "indexing")
	cfg.Attackers.Counts, cfg.Attackers.Singles, cfg.Train.Epochs = []int{4}, 0, 5
	cfg.Indexing = config.Indexing{Mode: string(indexing.Sliced), Models: 2}
	plan := defendedPlan(t, cfg)
	require.Len(t, plan.Cells, 1+1+4)
	return plan, plan.Games[0].Defenders[0]
}

// firstSlice returns the positions of the attackers that enter first.
func firstSlice(t *testing.T, plan *Plan, defender PlannedDefender) []int {
	t.Helper()
	base, ok := plan.Cell(defender.Models[0])
	require.True(t, ok)
	require.Empty(t, base.Defense.Excluded)
	require.Len(t, base.Defense.Slices, 2)
	return base.Defense.Slices[0].Enter
}

// cellFiles are those of a result that depend on the cell alone.
func cellFiles(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	for _, name := range []string{CellFile, ResultFile, PoisonFile, PredictionsFile} {
		all.WriteString(ofCell(t, filepath.Join(dir, name)))
	}
	return all.String()
}

// The course of every cell is that of the plan of package indexing.
func TestCourseIsThePlans(t *testing.T) {
	plan, defender := slicedPlan(t)
	settings := indexing.Settings{Mode: indexing.Sliced, Models: 2}
	planned, err := indexing.NewPlan(settings, 4, 5, plan.Cells[0].Game.Seed)
	require.NoError(t, err)
	for at, hash := range defender.Models {
		cell, _ := plan.Cell(hash)
		course, err := cell.course()
		require.NoError(t, err)
		var got []indexing.Stage
		for _, s := range course {
			got = append(got, indexing.Stage{Agents: s.attackers, Epochs: s.end - s.first})
		}
		require.Equal(t, planned.Course(at), got)
		require.Equal(t, max(0, planned.Models[at].From), cell.shared())
	}
	cell, _ := plan.Cell(defender.Models[0])
	cell.Defense.Slices[1].Epochs++
	_, err = cell.course()
	require.ErrorIs(t, err, ErrPlan)
}

// A model that goes on from another's state ends as if it had been trained from
// the start, byte for byte, and whoever finds no state trains it.
func TestSlicedIsTheSameFromScratch(t *testing.T) {
	plan, defender := slicedPlan(t)
	first := firstSlice(t, plan, defender)
	states := filepath.Join(t.TempDir(), stateDir)
	resumed := 0
	for at, hash := range defender.Models {
		cell, _ := plan.Cell(hash)
		job := newJob(t, cell)
		job.States = states
		events := work(t, &Worker{Engine: fakeEngine{}, Load: loadTiny}, job)
		require.Equal(t, KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
		require.Equal(t, cellFiles(t, played(t, fakeEngine{}, cell)), cellFiles(t, job.Dir))
		continues := at > 0 && !slices.Contains(first, cell.Defense.Excluded[0])
		require.Equal(t, continues, slices.ContainsFunc(events, func(e Event) bool { return e.Kind == KindResumed && e.Epoch == 2 }))
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
	job := newJob(t, cell)
	job.States = states
	info, err := fakeEngine{}.Describe()
	require.NoError(t, err)
	left := func() State {
		c, err := readCheckpoint(path, strings.TrimSuffix(kept[0].Name(), stateSuffix), newMaker(job.Device, job.Threads, job.Cell.Precision(), info))
		require.NoError(t, err)
		return c.state
	}
	before := left()
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, whole[:len(whole)/2], fileMode))
	events := work(t, &Worker{Engine: fakeEngine{}, Load: loadTiny}, job)
	require.True(t, slices.ContainsFunc(events, func(e Event) bool { return e.Kind == KindDiscarded && e.Path == path }))
	require.Equal(t, cellFiles(t, played(t, fakeEngine{}, cell)), cellFiles(t, job.Dir))
	require.Equal(t, before, left(), "it is left once more")
}

// uploads notes every training set that models are given.
type uploads struct {
	fakeEngine
	images [][]uint8
}

type notedModel struct {
	TrainedModel
	engine *uploads
}

func (u *uploads) NewModel(opt ModelOptions) (TrainedModel, error) {
	model, err := u.fakeEngine.NewModel(opt)
	return notedModel{model, u}, err
}

func (m notedModel) Upload(images, labels []uint8) error {
	m.engine.images = append(m.engine.images, images)
	return m.TrainedModel.Upload(images, labels)
}

// In all three modes, the model that answers an agent has seen every image of
// the others that it was to see and none of the agent's, nor do its
// normalisation and the state that it goes on from depend on them.
func TestNoModelSeesTheImagesOfItsAgent(t *testing.T) {
	for _, settings := range []config.Indexing{
		{Mode: string(indexing.Exact)}, {Mode: string(indexing.Grouped), Models: 2}, {Mode: string(indexing.Sliced), Models: 2},
	} {
		cfg := defendedConfig(t, "indexing")
		cfg.Attackers.Counts, cfg.Attackers.Singles, cfg.Indexing = []int{4}, 0, settings
		plan := defendedPlan(t, cfg)
		defender := plan.Games[0].Defenders[0]
		for agent, answer := range defender.Answers {
			cell, _ := plan.Cell(defender.Models[answer])
			engine := &uploads{}
			played(t, engine, cell) // from the start, the stages of others included
			g, _, _ := trainingOf(t, cell)
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
				require.Equal(t, !out, seen[string(all.Images[at*size:(at+1)*size])], "%s: a row of %d in the model for %d", settings.Mode, row.Owner, agent)
			}
			require.Contains(t, cell.Defense.Excluded, cell.Game.Attackers[agent].ID)
			course, err := cell.course()
			require.NoError(t, err)
			for _, s := range course {
				require.NotContains(t, s.attackers, agent)
			}
		}
	}
}

// The base is trained first, what the others go on from is trained and counted
// once, and a killed worker changes nothing.
func TestSlicedRun(t *testing.T) {
	plan, defender := slicedPlan(t)
	images := int64(0)
	planned, err := indexing.NewPlan(indexing.Settings{Mode: indexing.Sliced, Models: 2}, 4, 5, plan.Cells[0].Game.Seed)
	require.NoError(t, err)
	cost, err := planned.Cost(128, []int{48, 48, 48, 48})
	require.NoError(t, err)
	for _, hash := range defender.Models {
		cell, _ := plan.Cell(hash)
		images += cell.TrainedImages()
	}
	require.Equal(t, cost.Images, images, "as planned")

	quiet := openStore(t)
	runner, _ := newRunner(quiet, 1, fault{})
	_, err = runner.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	want := deterministic(t, quiet, plan)
	base := defender.Models[0]
	later := defender.Models[4] // of the second slice
	for _, fault := range []fault{{}, {Cell: base, Kind: "kill", Epoch: 3}, {Cell: later, Kind: "kill", Epoch: 4}, {Cell: base, Kind: "fail", Epoch: 1}} {
		t.Run(fmt.Sprint(fault.Kind, fault.Epoch), func(t *testing.T) {
			if fault.Kind == "kill" {
				fault.Once = filepath.Join(t.TempDir(), "killed")
			}
			store := openStore(t)
			runner, seen := newRunner(store, 2, fault)
			outcome, err := runner.Run(context.Background(), plan.Cells)
			require.NoError(t, err)
			if fault.Kind == "fail" {
				require.Len(t, outcome.Failed, 1)
				require.Equal(t, 5, outcome.Trained, "the others train what is missing")
				return
			}
			require.Empty(t, outcome.Failed)
			require.Equal(t, want, deterministic(t, store, plan))
			s, err := Summarize(plan, store)
			require.NoError(t, err)
			row := s.Rows[1]
			require.Equal(t, indexing.Cost{Models: 5, Images: cost.Images, Undefended: cost.Undefended}, row.Cost)
			hits := 0
			for agent, answer := range defender.Answers {
				record, err := store.Read(defender.Models[answer])
				require.NoError(t, err)
				hits += record.Result.CleanAccuracy.Hits
				require.Equal(t, record.Result.Attackers[agent], row.Attackers[agent].AttackerResult)
			}
			require.Equal(t, hits, row.CleanAccuracy.Hits, "over the models that answer, not the one that all others go on from")
			done := -1
			for i, e := range seen.events {
				switch {
				case e.Cell == base && e.Kind == KindDone:
					done = i
				case e.Kind == KindStarted && slices.Contains(defender.Models[1:], e.Cell):
					if cell, _ := plan.Cell(e.Cell); cell.shared() > 0 {
						require.GreaterOrEqual(t, done, 0, "%s begins before the state is there", e.Title)
					}
				}
			}
		})
	}
}

// The time that models took counts the slices that several of them share once.
func TestSharedSlicesTakeTheirTimeOnce(t *testing.T) {
	plan, defender := slicedPlan(t)
	store := openStore(t)
	runner, _ := newRunner(store, 2, fault{})
	_, err := runner.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	results := newLibrary(store)
	continued := 0
	for at, hash := range defender.Models {
		record, err := results.record(hash)
		require.NoError(t, err)
		if at > 0 && record.Cell.shared() > 0 {
			continued++
		}
		epochs, err := record.Metrics()
		require.NoError(t, err)
		for i := range epochs {
			epochs[i].Seconds = 1
		}
		require.NoError(t, writeMetrics(record.File(MetricsFile), epochs))
	}
	seconds, err := joining{plan, plan.Games[0], results}.trainSeconds(defender.Models)
	require.NoError(t, err)
	require.Equal(t, 2, continued)
	require.Equal(t, 5.*5-2*2, seconds, "five epochs each; two of them lack the first slice's two")
}
