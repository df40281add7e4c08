package worker_test

import (
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
)

// Of the defender's 128 images 40 % stay clean, the others carry the triggers of
// 3 simulated attackers and keep their labels; the same in every model.
func TestAugmentationIsWrittenDown(t *testing.T) {
	cfg := enginetest.DefendedConfig(t, "agent_augmentation+indexing")
	cfg.Defenses.Set("agent_augmentation.agents", 3)
	plan := enginetest.DefendedPlan(t, cfg)
	var stamped [][]string
	for _, hash := range plan.Games[1].Defenders[0].Models {
		cell, _ := plan.Cell(hash)
		_, training, simulated := enginetest.TrainingOf(t, cell)
		lines := enginetest.ReadCSV(t, filepath.Join(enginetest.TrainCell(t, enginetest.Engine{}, cell), store.PoisonFile))
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

// A defended training that was interrupted ends with the same bits as one that was not.
func TestDefendedCellsResumeFromCheckpoints(t *testing.T) {
	cfg := enginetest.DefendedConfig(t, "agent_augmentation+adversarial_triggers+cutmix+pgd+indexing")
	plan := enginetest.DefendedPlan(t, cfg)
	cell, _ := plan.Cell(plan.Games[1].Defenders[0].Models[1])
	read := func(dir string) string {
		return enginetest.CellContent(t, filepath.Join(dir, store.ResultFile))
	}
	want := read(enginetest.TrainCell(t, enginetest.Engine{}, cell))
	job := enginetest.NewTrain(t, cell)
	job.Checkpoint = filepath.Join(t.TempDir(), store.CheckpointFile)
	broken := enginetest.FaultyEngine{Engine: enginetest.Engine{}, Fault: enginetest.Fault{Kind: "fail", Epoch: 2}}
	events := enginetest.Work(t, &worker.Worker{Engine: broken, Load: enginetest.Loader}, job)
	require.Equal(t, worker.KindFailed, events[len(events)-1].Kind)
	job.Dir = t.TempDir()
	events = enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, job)
	require.True(t, slices.ContainsFunc(events, func(e worker.Event) bool { return e.Kind == worker.KindResumed }))
	require.Equal(t, want, read(job.Dir))
}
