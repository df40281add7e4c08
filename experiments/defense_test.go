package experiments

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets/testset"
	"backfire/defenses"
	"backfire/game"
	"backfire/stats"
)

// defendedConfig plays N = 1 and 3 on the tiny set, attacker 0 also alone, with
// every kind of defender.
func defendedConfig(t *testing.T, defenders ...string) config.Config {
	t.Helper()
	cfg, err := tinyConfig()
	require.NoError(t, err)
	cfg.Attackers.Counts, cfg.Attackers.Singles, cfg.Train.Epochs = []int{1, 3}, 1, 2
	cfg.Defenders = defenders
	return cfg
}

func defendedPlan(t *testing.T, cfg config.Config) *Plan {
	t.Helper()
	set, err := testset.New(1)
	require.NoError(t, err)
	plan, err := NewPlan(cfg, set)
	require.NoError(t, err)
	return plan
}

// played trains a cell with an engine and returns its files' directory.
func played(t *testing.T, engine Engine, cell Cell) string {
	t.Helper()
	job := newJob(t, cell)
	events := work(t, &Worker{Engine: engine, Load: loadTiny}, job)
	last := events[len(events)-1]
	require.Equal(t, KindDone, last.Kind, last.Error)
	return job.Dir
}

// trainingOf is the training set of a cell of the tiny set.
func trainingOf(t *testing.T, cell Cell) (*game.Game, *game.TrainingSet, []int) {
	t.Helper()
	set, err := testset.New(1)
	require.NoError(t, err)
	g, err := game.New(set, cell.Game)
	require.NoError(t, err)
	training, simulated, err := cell.trainingSet(g.Training(), g.Triggers())
	require.NoError(t, err)
	return g, training, simulated
}

func TestExcludedAttackersAreNotInTheTrainingSet(t *testing.T) {
	plan := defendedPlan(t, defendedConfig(t, "indexing"))
	indexed := plan.Games[1].Defenders[0]
	require.Equal(t, []int{0, 1, 2}, indexed.Answers)
	for position, hash := range indexed.Models {
		cell, ok := plan.Cell(hash)
		require.True(t, ok)
		require.Equal(t, []int{position}, cell.Defense.Excluded)
		g, training, simulated := trainingOf(t, cell)
		require.Nil(t, simulated)
		for _, row := range training.Rows {
			require.NotEqual(t, position, row.Owner)
		}
		share := g.Deal().Attackers[position]
		require.Len(t, training.Labels, len(g.Training().Labels)-len(share.Contributed))
		require.InDelta(t, len(training.Labels), cell.rows(2), 2, "the deal rounds")
	}
	cell, _ := plan.Cell(indexed.Models[0])
	cell.Defense = newDefense(defenses.Stack{}, []int{7}, nil)
	_, err := cell.kept()
	require.ErrorIs(t, err, ErrPlan)
}

// Of the defender's 128 images 40 % stay clean, the others carry the triggers of
// 3 simulated attackers and keep their labels; the same in every model.
func TestAugmentationIsWrittenDown(t *testing.T) {
	cfg := defendedConfig(t, "agent_augmentation+indexing")
	cfg.AgentAugmentation.Agents = 3
	plan := defendedPlan(t, cfg)
	var stamped [][]string
	for _, hash := range plan.Games[1].Defenders[0].Models {
		cell, _ := plan.Cell(hash)
		_, training, simulated := trainingOf(t, cell)
		lines := readCSV(t, filepath.Join(played(t, fakeEngine{}, cell), PoisonFile))
		require.Equal(t, "simulated", lines[0][6])
		var own []string
		counts := map[string]int{}
		for _, line := range lines[1:] {
			row, err := strconv.Atoi(line[0])
			require.NoError(t, err)
			if line[2] != "defender" {
				require.Empty(t, line[6])
				require.Equal(t, line[2], line[3])
				require.NotContains(t, cell.Defense.Excluded, training.Rows[row].Owner)
				continue
			}
			require.Empty(t, line[3])
			require.Equal(t, strconv.Itoa(simulated[row]), line[6])
			require.Equal(t, line[4], line[5])
			counts[line[6]]++
			own = append(own, line[1]+" "+line[6])
		}
		require.Equal(t, map[string]int{"0": 26, "1": 26, "2": 25}, counts, "60 %% of 128")
		stamped = append(stamped, own)
	}
	require.Equal(t, stamped[0], stamped[1])
	require.Equal(t, stamped[0], stamped[2])
}

// Rows that a defense adds to batches count: images through the training step.
func TestPassingImages(t *testing.T) {
	cfg := defendedConfig(t, "pgd", "cutmix", "adversarial_triggers")
	plan := defendedPlan(t, cfg)
	want := map[string]int{"pgd": 640, "cutmix": 320, "adversarial_triggers": 480}
	for _, defender := range plan.Games[1].Defenders {
		cell, _ := plan.Cell(defender.Models[0])
		require.Equal(t, want[defender.Name], cell.passing(320), defender.Name)
		require.Equal(t, 2*int64(want[defender.Name]), cell.TrainedImages(), defender.Name)
		require.Equal(t, int64(2*320/16), cell.steps())
		events := work(t, &Worker{Engine: fakeEngine{}, Load: loadTiny}, newJob(t, cell))
		for _, e := range events {
			if e.Kind == KindStarted || e.Kind == KindEpoch {
				require.Equal(t, want[defender.Name], e.Images)
			}
		}
	}
	cell, _ := plan.Cell(plan.Games[1].Defenders[0].Models[0])
	require.Equal(t, 2*33, cell.passing(33), "a last row joins the batch before")
	require.Equal(t, 2*35, cell.passing(35))
	other := cell
	other.Defense = nil
	require.NotEqual(t, other.shape(), cell.shape(), "its steps take another time")
	require.Greater(t, cell.workerMemory(), other.workerMemory())
}

// A defended training that was cut off ends as if it had not been.
func TestDefendedCellsGoOnFromCheckpoints(t *testing.T) {
	cfg := defendedConfig(t, "agent_augmentation+adversarial_triggers+cutmix+pgd+indexing")
	plan := defendedPlan(t, cfg)
	cell, _ := plan.Cell(plan.Games[1].Defenders[0].Models[1])
	read := func(dir string) string {
		return ofCell(t, filepath.Join(dir, ResultFile))
	}
	want := read(played(t, fakeEngine{}, cell))
	job := newJob(t, cell)
	job.Checkpoint = filepath.Join(t.TempDir(), checkpointFile)
	broken := faultyEngine{fakeEngine{}, fault{Kind: "fail", Epoch: 2}}
	events := work(t, &Worker{Engine: broken, Load: loadTiny}, job)
	require.Equal(t, KindFailed, events[len(events)-1].Kind)
	job.Dir = t.TempDir()
	events = work(t, &Worker{Engine: fakeEngine{}, Load: loadTiny}, job)
	require.True(t, slices.ContainsFunc(events, func(e Event) bool { return e.Kind == KindResumed }))
	require.Equal(t, want, read(job.Dir))
}

// storedRows trains a plan with the fake engine and joins its rows.
func storedRows(t *testing.T, plan *Plan) (*Summary, *Store) {
	t.Helper()
	store, err := OpenStore(t.TempDir())
	require.NoError(t, err)
	for _, cell := range plan.Cells {
		hash, err := cell.Hash()
		require.NoError(t, err)
		claim, err := store.Claim(hash)
		require.NoError(t, err)
		dir, err := claim.Dir()
		require.NoError(t, err)
		job := newJob(t, cell)
		job.Dir = dir
		events := work(t, &Worker{Engine: fakeEngine{}, Load: loadTiny}, job)
		require.Equal(t, KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
		draft, err := claim.Draft()
		require.NoError(t, err)
		require.NoError(t, claim.Commit(draft))
		require.NoError(t, claim.Release())
	}
	s, err := Summarize(plan, store)
	require.NoError(t, err)
	return s, store
}

// Every attacker's figures are from the model that answers it, standard accuracy
// is the mean over the models, and all of it beside the undefended twin.
func TestRowsOfDefenders(t *testing.T) {
	cfg := defendedConfig(t, "none", "cutmix", "indexing", "pgd")
	cfg.Attackers.Counts = []int{3}
	plan := defendedPlan(t, cfg)
	require.Len(t, plan.Cells, 1+1+1+3+1, "a single, the twin, cutmix, three models, pgd")
	s, store := storedRows(t, plan)
	require.Empty(t, s.Missing)
	require.Len(t, s.Rows, 4)
	twin, cut, indexed, pgd := s.Rows[0], s.Rows[1], s.Rows[2], s.Rows[3]
	for i, name := range []string{"none", "cutmix", "indexing", "pgd"} {
		require.Equal(t, name, s.Rows[i].Defender)
		require.True(t, s.Rows[i].Complete)
		require.Equal(t, s.Rows[i].Models[0], s.Rows[i].Cell)
		require.Equal(t, int64(640), s.Rows[i].Cost.Undefended)
		require.Equal(t, twin.Attackers[0].SingleASR, s.Rows[i].Attackers[0].SingleASR, "singles are undefended")
	}
	require.Nil(t, twin.Difference)
	require.Equal(t, int64(640), twin.Cost.Images)
	require.Equal(t, int64(640), cut.Cost.Images)
	require.Equal(t, int64(1280), pgd.Cost.Images)
	require.Equal(t, 3, indexed.Cost.Models)
	require.Len(t, indexed.Models, 3)
	hits, of, images := 0, 0, int64(0)
	var asrs []float64
	losses := map[float64]bool{}
	for i, hash := range indexed.Models {
		record, err := store.Read(hash)
		require.NoError(t, err)
		hits, of = hits+record.Result.CleanAccuracy.Hits, of+record.Result.CleanAccuracy.Of
		images += 2 * int64(record.Result.TrainingImages)
		asrs = append(asrs, record.Result.Attackers[i].ASR.Value())
		losses[record.Result.FinalLoss] = true
		require.Equal(t, hash, indexed.Attackers[i].Model)
		require.Equal(t, record.Result.Attackers[i], indexed.Attackers[i].AttackerResult)
	}
	require.Len(t, losses, 3, "the models saw different images")
	require.Equal(t, game.Rate{Hits: hits, Of: of}, indexed.CleanAccuracy)
	require.Equal(t, images, indexed.Cost.Images)
	require.Equal(t, stats.Summarize(asrs), indexed.ASR)
	require.Equal(t, indexed.ASR.Mean-twin.ASR.Mean, indexed.Difference.ASR)
	require.InDelta(t, indexed.CleanAccuracy.Value()-twin.CleanAccuracy.Value(), float64(indexed.Difference.CleanAccuracy), 1e-12) // one subtraction

	require.NoError(t, os.RemoveAll(store.Path(indexed.Models[2])))
	s, err := Summarize(plan, store)
	require.NoError(t, err)
	require.False(t, s.Rows[2].Complete)
	require.Len(t, s.Missing, 1)
	require.Nil(t, s.Rows[2].Difference)
	require.NoError(t, os.RemoveAll(store.Path(twin.Cell)))
	s, err = Summarize(plan, store)
	require.NoError(t, err)
	require.True(t, s.Rows[1].Complete)
	require.Nil(t, s.Rows[1].Difference)
	require.Zero(t, s.Rows[1].Cost.Undefended)
}

// A sweep plays the defenders of every point, each game's after the game, and
// waits with them for triggers as with the game.
func TestSweepPlaysDefenders(t *testing.T) {
	sweep := newSweep(t, tinyPoint(t, "", func(c *config.Config) {
		verified(0.8)(c)
		c.Attackers.Counts, c.Attackers.Singles, c.Defenders = []int{2}, 2, []string{"indexing", "cutmix"}
	}))
	game := []string{"N = 2", "N = 2, leaving out attacker 0", "N = 2, leaving out attacker 1", "N = 2, cutmix"}
	_, waiting := wanted(after(t, sweep, nil))
	require.Equal(t, game, waiting)
	decided, waiting := wanted(after(t, sweep, map[string]Finding{"attacker 0 alone": percentOf(80), "attacker 1 alone": percentOf(80)}))
	require.Empty(t, waiting)
	require.Equal(t, append([]string{"attacker 0 alone", "attacker 1 alone"}, game...), decided)

	store, err := OpenStore(t.TempDir())
	require.NoError(t, err)
	runner := &Runner{Store: store, Command: testWorker(fault{}), Workers: 2, Threads: 1, Device: "cpu"}
	outcome, err := runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Empty(t, outcome.Failed)
	s, err := SummarizeSweep(sweep, store)
	require.NoError(t, err)
	require.Empty(t, s.Missing)
	var defenders []string
	for _, g := range s.Points[0].Games {
		require.True(t, g.Complete)
		require.NotNil(t, g.Overlaps)
		defenders = append(defenders, g.Defender)
	}
	require.Equal(t, []string{"none", "indexing", "cutmix"}, defenders)
}
