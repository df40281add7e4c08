package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/cluster"
	"backfire/datasets"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/report/table"
)

// storedPlan stores the small sweep's plan and returns its directory.
func storedPlan(t *testing.T, sets ...string) string {
	t.Helper()
	opts, out, _ := sweepOptions(t, sets...)
	opts.Worker = noWorker(t)
	require.NoError(t, runPlan(context.Background(), opts))
	return strings.TrimSuffix(out(), "\n")
}

// planWorker are the options of a worker on a plan.
func planWorker(t *testing.T, plan string) (opts *PlanWorkerOptions, errOut func() string) {
	t.Helper()
	streams, _, errBuffer := testStreams()
	engine := testEngine(t)
	opts = &PlanWorkerOptions{
		PlannedOptions: PlannedOptions{IO: streams, Plan: plan, Load: datasets.Load}, Grace: time.Second, Workers: 1, Threads: 1,
		Run: RunOptions{IO: streams, Load: datasets.Load, Describe: engine.Describe, Worker: engine.Worker},
	}
	return opts, errBuffer.String
}

// results reads the deterministic files of a store.
func results(t *testing.T, st string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range []string{store.CellFile, store.ResultFile, store.PoisonFile, store.PredictionsFile} {
		paths, err := filepath.Glob(filepath.Join(st, strings.Repeat("?", 64), name))
		require.NoError(t, err)
		require.NotEmpty(t, paths)
		for _, path := range paths {
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			if name == store.ResultFile { // without its provenance, such as times
				var result map[string]any
				require.NoError(t, json.Unmarshal(data, &result))
				delete(result, "run")
				data, err = json.Marshal(result)
				require.NoError(t, err)
			}
			all[strings.TrimPrefix(path, st)] = string(data)
		}
	}
	return all
}

// Every table, planned with its presets' own settings, is read back as the same
// plan, also where triggers are verified in another game.
func TestPlanOfEveryTable(t *testing.T) {
	for _, table := range knownTables {
		opts, out, _ := sweepOptions(t)
		opts.Worker = noWorker(t)
		opts.Kind, opts.Sweep = table.kind, table.sweep
		require.NoError(t, runPlan(context.Background(), opts))
		planned := PlannedOptions{Plan: strings.TrimSpace(out())}
		plan, err := planned.open()
		require.NoError(t, err)
		sweep, err := plan.stored.NewSweep(context.Background(), datasets.Load)
		require.NoError(t, err, table.name)
		progress, err := runner.ProgressOf(sweep, plan.store)
		require.NoError(t, err)
		require.Positive(t, progress.Waiting)
	}
}

// Planned, trained by two workers one after the other, and collected, a sweep
// gives the bits and tables that it gives in one go.
func TestPlanWorkCollect(t *testing.T) {
	whole, _, _ := sweepOptions(t, "workers=1", "threads=1")
	require.NoError(t, runSweep(context.Background(), whole))

	plan := storedPlan(t, "workers=1", "threads=1")
	st := filepath.Dir(filepath.Dir(plan))
	require.FileExists(t, filepath.Join(plan, "plan.json"))
	worker, errOut := planWorker(t, plan)
	worker.Shard, worker.Cells = "1/2", 1
	err := runPlanWorker(context.Background(), worker)
	require.ErrorIs(t, err, ErrWorkLeft)
	require.Equal(t, ExitWorkLeft, ExitCode(err))
	require.Contains(t, errOut(), "4 models: 1 stored, 1 of them now; 0 failed, 3 without a worker\n")

	streams, out, _ := testStreams()
	status := &StatusOptions{PlannedOptions: PlannedOptions{IO: streams, Plan: plan, Load: datasets.Load, JSON: true}}
	require.NoError(t, runStatus(context.Background(), status))
	var line statusLine
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	require.Equal(t, 4, line.Cells)
	require.Equal(t, 1, line.Stored)
	require.Equal(t, 3, line.Waiting)

	collect := &CollectOptions{PlannedOptions: PlannedOptions{IO: streams, Plan: plan, Load: datasets.Load}, Out: t.TempDir()}
	require.ErrorIs(t, runCollect(context.Background(), collect), ErrWorkLeft)

	// Now by the beginning of its name, to the end.
	worker, _ = planWorker(t, filepath.Base(plan)[:8])
	worker.Store = st
	require.NoError(t, runPlanWorker(context.Background(), worker))
	require.NoError(t, runCollect(context.Background(), collect))
	require.Equal(t, results(t, strings.TrimPrefix(whole.Config.Sets[0], "store=")), results(t, st))
	for _, format := range []table.Format{"csv", "tex"} {
		want, err := os.ReadFile(filepath.Join(whole.Out, "box-size-embedded."+string(format)))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(collect.Out, "box-size-embedded."+string(format)))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
}

// A worker that has to stop at once leaves all the work.
func TestInterruptedWorkerLeaves(t *testing.T) {
	plan := storedPlan(t)
	worker, _ := planWorker(t, plan)
	worker.Grace = 0
	ctx, cancel := context.WithCancel(context.Background())
	worker.Load = func(ctx context.Context, source datasets.Source) (*datasets.Set, error) {
		defer cancel() // planned already
		return datasets.Load(ctx, source)
	}
	err := runPlanWorker(ctx, worker)
	require.ErrorIs(t, err, ErrWorkLeft)
}

func TestPlansThatCannotBeWorkedOn(t *testing.T) {
	p := storedPlan(t)
	for name, tc := range map[string]struct {
		plan, store string
		is          error
		says        string
	}{
		"no store":  {plan: filepath.Join(t.TempDir(), "no", "plans", "abc"), says: "no store"},
		"no plan":   {plan: "ffff", store: filepath.Dir(filepath.Dir(p)), is: plan.ErrNoPlan},
		"plan file": {plan: filepath.Join(p, "plan.json")},
	} {
		t.Run(name, func(t *testing.T) {
			opts := PlannedOptions{Plan: tc.plan, Store: tc.store}
			_, err := opts.open()
			switch {
			case tc.is != nil:
				require.ErrorIs(t, err, tc.is)
			case tc.says != "":
				require.ErrorContains(t, err, tc.says)
			default:
				require.NoError(t, err)
			}
		})
	}
	path := filepath.Join(p, "plan.json")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	other := regexp.MustCompile(`"version": "[^"]*"`).ReplaceAll(data, []byte(`"version": "v9", "more": 1`))
	require.NotEqual(t, string(data), string(other))
	require.NoError(t, os.WriteFile(path, other, 0o600))
	opts := PlannedOptions{Plan: p}
	_, err = opts.open()
	require.ErrorIs(t, err, plan.ErrOtherVersion)
	require.ErrorContains(t, err, "backfire v9")
}

func TestShardIsRefused(t *testing.T) {
	for _, text := range []string{"1", "2/2", "-1/2", "a/b", "0/0", "1/2/3"} {
		_, _, err := parseShard(text)
		require.Equal(t, ExitUsage, ExitCode(err), text)
	}
	index, of, err := parseShard("1/2")
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, []int{index, of})
}

// submitted are the options of a submission to a Slurm that notes its calls.
func submitted(t *testing.T, args ...string) (opts *submitOptions, calls *[]string, out func() string) {
	t.Helper()
	sweep, outText, _ := sweepOptions(t)
	sweep.Worker = noWorker(t)
	calls = &[]string{}
	return &submitOptions{
		SweepOptions: *sweep, Args: args, Local: true,
		Slurm: cluster.Slurm{Run: func(_ context.Context, name string, args ...string) (string, error) {
			*calls = append(*calls, name+" "+strings.Join(args, " "))
			return "17\n", nil
		}},
	}, calls, outText
}

func TestSubmitSlurm(t *testing.T) {
	opts, calls, out := submitted(t, "sweep", "")
	opts.Args[1] = opts.Sweep
	opts.IO.Environ = []string{"LIBTORCH=/torch", "SECRET=1"}
	opts.Job.Cells = 3
	require.NoError(t, runSubmitSlurm(context.Background(), opts))
	require.Equal(t, "17\n", out())
	require.Len(t, *calls, 3)
	script := strings.Fields((*calls)[1])[2]
	text, err := os.ReadFile(script)
	require.NoError(t, err)
	require.Contains(t, string(text), "#SBATCH --array=0-1\n", "4 models, 3 per task")
	require.Contains(t, string(text), "export 'LIBTORCH=/torch'\n")
	require.NotContains(t, string(text), "SECRET")

	streams, cancelOut, _ := testStreams()
	planned := PlannedOptions{IO: streams, Plan: filepath.Dir(script), Load: datasets.Load}
	require.NoError(t, runCancel(context.Background(), &CancelOptions{PlannedOptions: planned, Slurm: opts.Slurm}))
	require.Contains(t, cancelOut.String(), "jobs 17 and 17 are cancelled")
}

func TestSubmitSlurmDryRun(t *testing.T) {
	opts, calls, out := submitted(t, "table", "1")
	opts.DryRun = true
	opts.Config.Sets = append(opts.Config.Sets, "pool.size=300")
	require.NoError(t, runSubmitSlurm(context.Background(), opts))
	require.Empty(t, *calls)
	require.Contains(t, out(), "#SBATCH --array=0-20\n")
	require.Contains(t, out(), "sbatch --dependency=afterany:JOB ")
	matches, err := filepath.Glob(filepath.Join(strings.TrimPrefix(opts.Config.Sets[0], "store="), "plans", "*"))
	require.NoError(t, err)
	require.Empty(t, matches, "nothing is written")
}

// A stored plan is submitted as it is, and once at a time.
func TestSubmitStoredPlan(t *testing.T) {
	plan := storedPlan(t)
	opts, calls, _ := submitted(t, plan)
	require.Equal(t, ExitUsage, ExitCode(runSubmitSlurm(context.Background(), opts)), "it has settings")
	opts.Config.Sets = nil
	require.NoError(t, runSubmitSlurm(context.Background(), opts))
	*calls = nil
	opts.Slurm.Run = func(_ context.Context, name string, _ ...string) (string, error) {
		*calls = append(*calls, name)
		return "17_0|RUNNING|node1|None\n", nil
	}
	require.ErrorIs(t, runSubmitSlurm(context.Background(), opts), cluster.ErrSubmitted)
	require.Equal(t, []string{"sbatch", "squeue"}, *calls, "nothing is submitted")
}

func TestSubmitSlurmRefuses(t *testing.T) {
	opts, calls, _ := submitted(t, "table", "1")
	opts.Local = false
	err := runSubmitSlurm(context.Background(), opts)
	require.ErrorIs(t, err, cluster.ErrNotShared)
	require.ErrorContains(t, err, "--one-host")
	require.Len(t, *calls, 1, "asked whether there is a Slurm, no more")

	opts, _, _ = submitted(t, "table", "9")
	require.Equal(t, ExitUsage, ExitCode(runSubmitSlurm(context.Background(), opts)))
}

func TestStatusText(t *testing.T) {
	require.Equal(t, `10 models: 3 stored, 1 running, 5 waiting, 1 failed; about 2 min 0 s left
  running on node7, process 42, last heard of 12 s ago: N = 3
  failed on node1 and node2: N = 5: out of memory
  Slurm's task 4_1: RUNNING on node7
  Slurm's task 4_[2-9]: PENDING Resources
  Slurm's task 4_0: OUT_OF_MEMORY on node1, signal 125
  Slurm's task 4_10: TIMEOUT on node2
  Slurm's tasks that completed: 2
`, statusText(statusLine{
		Progress: &runner.Progress{
			Cells: 10, Stored: 3, Waiting: 5, Left: 120,
			Running: []runner.Running{{Host: "node7", PID: 42, Silent: 12, Title: "N = 3"}},
			Failed:  []store.GivenUp{{Failure: store.Failure{Title: "N = 5", Error: "out of memory"}, Hosts: []string{"node1", "node2"}}},
		},
		Tasks: []cluster.Task{
			{ID: "4_1", State: "RUNNING", Node: "node7"},
			{ID: "4_[2-9]", State: "PENDING", Reason: "Resources"},
			{ID: "4_0", State: "OUT_OF_MEMORY", Node: "node1", Reason: "signal 125", Ended: true},
			{ID: "4_10", State: "TIMEOUT", Node: "node2", Ended: true},
			{ID: "4_11", State: "COMPLETED", Ended: true},
			{ID: "5", State: "COMPLETED", Ended: true},
		},
	}))
}

// Where the queue is empty and there are no accounts, the status reports the work that
// is left.
func TestStatusAsksSlurm(t *testing.T) {
	plan := storedPlan(t)
	require.NoError(t, os.WriteFile(filepath.Join(plan, cluster.RecordFile), []byte(`{"array": "17", "tables": "18"}`), 0o600))
	status := func(accounts string, accountsErr error) (text string, line statusLine) {
		slurm := cluster.Slurm{Run: func(_ context.Context, name string, _ ...string) (string, error) {
			if name == "sacct" {
				return accounts, accountsErr
			}
			return "", errors.New("slurm_load_jobs error: Invalid job id specified")
		}}
		for _, asJSON := range []bool{false, true} {
			streams, out, _ := testStreams()
			opts := &StatusOptions{PlannedOptions: PlannedOptions{IO: streams, Plan: plan, Load: datasets.Load, JSON: asJSON}, Slurm: slurm}
			require.NoError(t, runStatus(context.Background(), opts))
			text += out.String()
			if asJSON {
				require.NoError(t, json.Unmarshal(out.Bytes(), &line))
			}
		}
		return text, line
	}
	text, line := status("17_0|TIMEOUT|node1|0:0\n18|COMPLETED|node1|0:0\n", nil)
	require.Contains(t, text, "  Slurm's task 17_0: TIMEOUT on node1\n  Slurm's tasks that completed: 1\n")
	require.Equal(t, []cluster.Task{{ID: "17_0", State: "TIMEOUT", Node: "node1", Ended: true}, {ID: "18", State: "COMPLETED", Node: "node1", Ended: true}}, line.Tasks)
	require.False(t, line.NoAccounts)
	text, line = status("", errors.New("Unable to contact the database"))
	require.Contains(t, text, "4 models: 0 stored")
	require.Contains(t, text, "  Slurm does not list all tasks: Unable to contact the database\n")
	require.Equal(t, "Unable to contact the database", line.Unanswered)
	text, line = status("", errors.New("Slurm accounting storage is disabled"))
	require.Contains(t, text, "Slurm has no task of the plan left and keeps no accounts")
	require.True(t, line.NoAccounts)
}
