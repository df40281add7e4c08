package cluster_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/cluster"
)

var regen = flag.Bool("regen", false, "rewrite the golden files")

// job returns a job with every setting.
func job(plan string) cluster.Job {
	return cluster.Job{
		Program: "/opt/back fire/bin/backfire", Plan: plan, Dir: "/home/ann/game",
		Environ: []string{"LIBTORCH=/opt/torch's", "BACKFIRE_DATA=/data"},
		Tasks:   16, MaxRunning: 4, Cells: 3, Time: 90*time.Minute + time.Second, GPUs: 1, CPUs: 8,
		Partition: "gpu", Account: "lab", Constraint: "a100|h100",
	}
}

func TestScripts(t *testing.T) {
	scripts, err := job("/shared/runs/plans/0123456789abcdef").Scripts()
	require.NoError(t, err)
	require.Len(t, scripts, 2)
	for name, text := range scripts {
		golden := filepath.Join("testdata", name)
		if *regen {
			require.NoError(t, os.WriteFile(golden, []byte(text), 0o644))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		require.Equal(t, string(want), text, name)
		check := exec.Command("bash", "-n")
		check.Stdin = strings.NewReader(text)
		out, err := check.CombinedOutput()
		require.NoError(t, err, "%s: %s", name, out)
	}
}

// The scripts leave all settings to Slurm that the job does not have.
func TestScriptsHaveNoOtherOptions(t *testing.T) {
	scripts, err := cluster.Job{Program: "/p", Plan: "/plan", Dir: "/", Tasks: 1}.Scripts()
	require.NoError(t, err)
	for _, option := range []string{"--time=", "--gres", "--partition", "--account", "--constraint", "--cpus-per-task", "%1", "--cells"} {
		require.NotContains(t, scripts[cluster.ArrayScript], option)
	}
	require.Contains(t, scripts[cluster.ArrayScript], "#SBATCH --array=0-0\n")
}

func TestScriptsRefuse(t *testing.T) {
	for name, change := range map[string]func(*cluster.Job){
		"relative program":  func(j *cluster.Job) { j.Program = "backfire" },
		"relative plan":     func(j *cluster.Job) { j.Plan = "runs/plans/a" },
		"quote in a path":   func(j *cluster.Job) { j.Dir = `/home/"ann"` },
		"no task":           func(j *cluster.Job) { j.Tasks = 0 },
		"negative GPUs":     func(j *cluster.Job) { j.GPUs = -1 },
		"short time":        func(j *cluster.Job) { j.Time = time.Minute },
		"partition of two":  func(j *cluster.Job) { j.Partition = "a b" },
		"return in a path":  func(j *cluster.Job) { j.Plan += "\r" },
		"escape in a name":  func(j *cluster.Job) { j.Account = "a\x1b" },
		"line in a feature": func(j *cluster.Job) { j.Constraint = "a\n#SBATCH --nodes=9" },
	} {
		t.Run(name, func(t *testing.T) {
			j := job("/shared/runs/plans/a")
			change(&j)
			_, err := j.Scripts()
			require.ErrorIs(t, err, cluster.ErrJob)
		})
	}
}

// fakeSlurm records commands and answers them.
type fakeSlurm struct {
	calls   []string
	answers map[string]string // by command
	fails   string            // command that fails
}

func (f *fakeSlurm) slurm() cluster.Slurm {
	return cluster.Slurm{Run: func(_ context.Context, name string, args ...string) (string, error) {
		call := strings.Join(append([]string{name}, args...), " ")
		f.calls = append(f.calls, call)
		if f.fails != "" && strings.Contains(call, f.fails) {
			return "", errors.New("slurm says no")
		}
		return f.answers[name], nil
	}}
}

func TestSubmitStatusCancel(t *testing.T) {
	plan := filepath.Join(t.TempDir(), "plans", "0123456789abcdef")
	require.NoError(t, os.MkdirAll(plan, 0o755))
	_, err := cluster.ReadSubmitted(plan)
	require.ErrorIs(t, err, cluster.ErrNotSubmitted)

	fake := &fakeSlurm{answers: map[string]string{"sbatch": "4711;cluster\n", "squeue": "4711_3|RUNNING|node7|None\n4711_[4-9]|PENDING||Resources\n"}}
	submitted, err := fake.slurm().Submit(context.Background(), job(plan))
	require.NoError(t, err)
	require.Equal(t, "4711", submitted.Array)
	require.Equal(t, []string{
		"sbatch --parsable " + filepath.Join(plan, cluster.ArrayScript),
		"sbatch --parsable --dependency=afterany:4711 " + filepath.Join(plan, cluster.TablesScript),
	}, fake.calls)
	require.FileExists(t, filepath.Join(plan, cluster.ArrayScript))
	require.DirExists(t, filepath.Join(plan, cluster.LogsDir))

	read, err := cluster.ReadSubmitted(plan)
	require.NoError(t, err)
	require.Equal(t, submitted, read)
	tasks, err := fake.slurm().Queue(context.Background(), read)
	require.NoError(t, err)
	require.Equal(t, []cluster.Task{
		{ID: "4711_3", State: "RUNNING", Node: "node7", Reason: "None"}, {ID: "4711_[4-9]", State: "PENDING", Reason: "Resources"},
	}, tasks)
	require.NoError(t, fake.slurm().Cancel(context.Background(), read))
	require.Equal(t, "scancel 4711 4711", fake.calls[len(fake.calls)-1])
}

// A second submission would replace the record by which the first one is cancelled.
func TestIdle(t *testing.T) {
	plan := t.TempDir()
	fake := &fakeSlurm{answers: map[string]string{"sbatch": "12\n", "squeue": "12_[0-3]|PENDING||Resources\n"}}
	require.NoError(t, fake.slurm().Idle(context.Background(), plan))
	require.Empty(t, fake.calls)
	_, err := fake.slurm().Submit(context.Background(), job(plan))
	require.NoError(t, err)
	err = fake.slurm().Idle(context.Background(), plan)
	require.ErrorIs(t, err, cluster.ErrSubmitted)
	require.ErrorContains(t, err, "as job 12, which has not ended")
	fake.answers["squeue"] = ""
	require.NoError(t, fake.slurm().Idle(context.Background(), plan))
	fake.fails = "squeue"
	require.ErrorContains(t, fake.slurm().Idle(context.Background(), plan), "slurm says no")
}

// The task of a worker that leaves work is requeued, unless the task was cancelled,
// which requeueing would undo. A task that cannot be requeued fails.
func TestTaskThatLeavesWork(t *testing.T) {
	for name, tc := range map[string]struct {
		squeue, scontrol string // shell commands in their place
		code             int
		requeued         bool
	}{
		"runs":                {squeue: "echo 7_1", scontrol: "exit 0", code: 0, requeued: true},
		"runs, with a banner": {squeue: "echo 'Welcome | 3 jobs'; echo; echo '  7_1  '", scontrol: "exit 0", code: 0, requeued: true},
		"banner alone":        {squeue: "echo 'Welcome | 3 jobs'", scontrol: "exit 0", code: 4},
		"was cancelled":       {squeue: "exit 0", scontrol: "exit 0", code: 4},
		"Slurm does not know": {squeue: "exit 1", scontrol: "exit 0", code: 0, requeued: true},
		"cannot be queued":    {squeue: "echo 7_1", scontrol: "exit 1", code: 4, requeued: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range map[string]string{
				"worker": "exit 4", "squeue": tc.squeue, "scontrol": "echo \"$@\" >>\"$0.calls\"; " + tc.scontrol, "plan.json": "",
			} {
				require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte("#!/bin/sh\n"+text+"\n"), 0o755))
			}
			scripts, err := cluster.Job{Program: filepath.Join(dir, "worker"), Plan: dir, Dir: dir, Tasks: 2}.Scripts()
			require.NoError(t, err)
			task := exec.Command("bash", "-c", scripts[cluster.ArrayScript])
			task.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "SLURM_ARRAY_JOB_ID=7", "SLURM_ARRAY_TASK_ID=1")
			_ = task.Run()
			require.Equal(t, tc.code, task.ProcessState.ExitCode())
			calls, err := os.ReadFile(filepath.Join(dir, "scontrol.calls"))
			require.Equal(t, tc.requeued, err == nil)
			if tc.requeued {
				require.Equal(t, "requeue 7_1\n", string(calls))
			}
		})
	}
}

// An array without the job after it would make no tables, so it is cancelled.
func TestSubmitIsAllOrNothing(t *testing.T) {
	plan := t.TempDir()
	fake := &fakeSlurm{answers: map[string]string{"sbatch": "12\n"}, fails: "--dependency"}
	_, err := fake.slurm().Submit(context.Background(), job(plan))
	require.ErrorContains(t, err, "slurm says no")
	require.Equal(t, "scancel 12", fake.calls[len(fake.calls)-1])
	require.NoFileExists(t, filepath.Join(plan, cluster.RecordFile))
}

func TestNoSlurm(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	require.ErrorIs(t, cluster.NewSlurm().Available(context.Background()), cluster.ErrNoSlurm)
}

// The error of a command that writes several lines is one sentence.
func TestWhatSlurmSaysIsOneLine(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\necho 'sbatch: error: no configuration' >&2\necho 'sbatch: fatal: really none' >&2\nexit 1\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sbatch"), []byte(script), 0o700))
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	err := cluster.NewSlurm().Available(context.Background())
	require.EqualError(t, err, "cluster: sbatch: exit status 1: sbatch: error: no configuration; sbatch: fatal: really none")
}

func TestStoreThatNodesCannotSee(t *testing.T) {
	require.ErrorIs(t, cluster.CheckShared(t.TempDir()), cluster.ErrNotShared)
	here, err := os.Getwd()
	require.NoError(t, err)
	if !strings.HasPrefix(here, "/tmp/") {
		require.NoError(t, cluster.CheckShared(here))
	}
	link := filepath.Join(t.TempDir(), "runs")
	require.NoError(t, os.Symlink(t.TempDir(), link))
	require.ErrorIs(t, cluster.CheckShared(link), cluster.ErrNotShared)
	_, statErr := os.Stat(filepath.Join(link, "none"))
	require.Error(t, statErr)
	require.Error(t, cluster.CheckShared(filepath.Join(link, "none")))
}
