package cluster_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/cluster"
)

// queue is a shell function of the fake programs: the file of queued jobs has a line
// "NUMBER NAME" for each.
const queue = `
cd "$(dirname "$0")"
echo "$(basename "$0") $*" >>calls
submit() { # accepts the script, the last argument, as job $1
	for script; do :; done
	echo "$1 $(sed -n 's/^#SBATCH --job-name=//p' "$script")" >>queue
}
`

// programs puts fake commands of Slurm onto PATH: each is a shell script. It returns the
// directory with their files calls and queue.
func programs(t *testing.T, sbatch string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"sbatch": sbatch,
		"scancel": `for a; do case "$a" in
			--name=*) grep -v " ${a#--name=}$" queue >left; mv left queue;;
			*[!0-9]*) echo "scancel: error: Invalid job id $a" >&2; exit 1;;
			*) grep -v "^$a " queue >left; mv left queue;;
		esac; done`,
		"squeue": `for a; do case "$a" in
			--name=*) names=${a#--name=};;
			--format=%F) form=number;;
			--jobs=*) numbers=${a#--jobs=};;
		esac; done
		echo "Welcome to the cluster | 3 messages | for you | today"
		[ -f queue ] || exit 0
		while read -r number name; do
			case ",$names,$numbers," in *,$name,*|*,$number,*) if [ "$form" ]; then echo "$number"; else echo "$number|RUNNING|node1|None"; fi;; esac
		done <queue`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+queue+text+"\n"), 0o700))
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "queue"), nil, 0o600))
	return dir
}

// queued returns the jobs in the queue of fake programs.
func queued(t *testing.T, dir string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "queue"))
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// number counts the jobs: the array is 101, the tables are 102.
const number = `n=$((101 + $(wc -l <queue))); submit $n "$@"; `

// However sbatch tells the number of a job, and whatever the site prints around it, it is
// found, and both jobs are recorded.
func TestNumberOfAJobIsFound(t *testing.T) {
	for name, prints := range map[string]string{
		"parsable":         `echo $n`,
		"with a cluster":   `echo "$n;big-cluster"`,
		"banner":           `printf '\n-----\n  Welcome to the Supercomputer\n--> Verifying valid submit host (login4)...OK\n%s\n' $n`,
		"sentence":         `echo "Submitted batch job $n"`,
		"on a cluster":     `echo "Submitted batch job $n on cluster big"`,
		"banner, sentence": `printf '*** 3 jobs left today ***\nSubmitted batch job %s\n' $n`,
		"warning before":   `echo "sbatch: warning: lua plugin 7"; echo $n`,
		"text behind":      `echo $n; echo "You have used 80 % of your quota"`,
		"both forms":       `echo $n; echo "Submitted batch job $n"`,
		"line ends of DOS": `printf '%s\r\n' $n`,
		"number in banner": `echo 2026; echo $n`,
		"number behind it": `echo $n; echo 4711`,
		"nothing":          `:`,
		"on stderr alone":  `echo "Submitted batch job $n" >&2`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := programs(t, number+prints)
			plan := t.TempDir()
			submitted, err := cluster.NewSlurm().Submit(context.Background(), job(plan))
			require.NoError(t, err)
			require.Equal(t, "101", submitted.Array)
			require.Equal(t, "102", submitted.Tables)
			read, err := cluster.ReadSubmitted(plan)
			require.NoError(t, err)
			require.Equal(t, submitted, read)
			tasks, err := cluster.NewSlurm().Queue(context.Background(), read)
			require.NoError(t, err)
			require.Len(t, tasks, 2, "banners are no tasks")
			require.ErrorIs(t, cluster.NewSlurm().Idle(context.Background(), plan), cluster.ErrSubmitted)
			_, err = cluster.NewSlurm().Submit(context.Background(), job(plan))
			require.ErrorIs(t, err, cluster.ErrSubmitted, "a second submission would replace the record")
			require.NoError(t, cluster.NewSlurm().Cancel(context.Background(), read))
			require.Equal(t, []string{""}, queued(t, dir))
		})
	}
}

// A submission that fails leaves nothing in the queue, and no record, wherever it failed,
// also if Slurm accepted the job and could not say so.
func TestFailedSubmissionLeavesNothing(t *testing.T) {
	second := `case "$*" in *--dependency*) `
	for name, sbatch := range map[string]string{
		"refused":                    `echo "sbatch: error: invalid partition" >&2; exit 1`,
		"accepted, then an error":    number + `echo "sbatch: error: Socket timed out on send/recv operation" >&2; exit 1`,
		"accepted, then dies":        number + `kill -9 $$`,
		"accepted, then hangs":       number + `sleep 1000`,
		"hangs":                      `sleep 1000`,
		"hangs beyond its end":       `(trap "" TERM; sleep 1000) & sleep 1000`,
		"accepted by no number":      `submit 0 "$@"`,
		"never ends its output":      number + `yes`,
		"tables refused":             second + `echo "sbatch: error: Job dependency problem" >&2; exit 1;; *) ` + number + `echo $n;; esac`,
		"tables accepted, then hang": second + number + `sleep 1000;; *) ` + number + `echo $n;; esac`,
		"tables accepted, then die":  second + number + `kill -9 $$;; *) ` + number + `echo $n;; esac`,
		"tables without a number":    second + `submit x "$@";; *) ` + number + `echo $n;; esac`,
	} {
		t.Run(name, func(t *testing.T) {
			dir, plan := programs(t, sbatch), t.TempDir()
			_, err := impatient().Submit(context.Background(), job(plan))
			require.Error(t, err)
			require.NotContains(t, err.Error(), "may be in Slurm's queue")
			require.Equal(t, []string{""}, queued(t, dir))
			_, err = cluster.ReadSubmitted(plan)
			require.ErrorIs(t, err, cluster.ErrNotSubmitted)
		})
	}
}

// impatient returns the Slurm of the fake programs, of which sbatch has little time.
func impatient() cluster.Slurm {
	hasty, patient := cluster.SlurmWithin(time.Second), cluster.NewSlurm()
	return cluster.Slurm{Run: func(ctx context.Context, name string, args ...string) (string, error) {
		if name == "sbatch" {
			return hasty.Run(ctx, name, args...)
		}
		return patient.Run(ctx, name, args...)
	}}
}

// If this process dies at any step of a submission, the record names what is in the queue,
// and cancelling by the record empties it.
func TestDeathWhileSubmitting(t *testing.T) {
	for steps := range 3 {
		for _, after := range []bool{false, true} {
			dir, plan := programs(t, number+"echo $n"), t.TempDir()
			calls := 0
			dying := cluster.Slurm{Run: func(ctx context.Context, name string, args ...string) (string, error) {
				calls++
				if calls > steps && !after {
					runtime.Goexit()
				}
				out, err := cluster.NewSlurm().Run(ctx, name, args...)
				if calls > steps {
					runtime.Goexit()
				}
				return out, err
			}}
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, _ = dying.Submit(context.Background(), job(plan)) // its end is the test's
			}()
			<-done
			inQueue := queued(t, dir)
			read, err := cluster.ReadSubmitted(plan)
			require.NoError(t, err)
			if inQueue[0] != "" {
				require.ErrorIs(t, cluster.NewSlurm().Idle(context.Background(), plan), cluster.ErrSubmitted)
				tasks, err := cluster.NewSlurm().Queue(context.Background(), read)
				require.NoError(t, err)
				require.Len(t, tasks, len(inQueue))
			}
			require.NoError(t, cluster.NewSlurm().Cancel(context.Background(), read))
			require.Equal(t, []string{""}, queued(t, dir))
		}
	}
}

// Where what may be in the queue cannot be cancelled, the record stays and the error says
// how to cancel it.
func TestSubmissionThatCannotBeCancelled(t *testing.T) {
	dir, plan := programs(t, number+`kill -9 $$`), t.TempDir()
	scancel := filepath.Join(dir, "scancel")
	works, err := os.ReadFile(scancel)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(scancel, []byte("#!/bin/sh\necho 'scancel: error: Unable to contact slurm controller' >&2; exit 1\n"), 0o700))
	_, err = cluster.NewSlurm().Submit(context.Background(), job(plan))
	require.ErrorContains(t, err, "signal: killed")
	require.ErrorContains(t, err, `may be in Slurm's queue ("backfire cancel `+plan+`" cancels it)`)
	require.ErrorContains(t, err, "Unable to contact")
	require.NoError(t, os.WriteFile(scancel, works, 0o700))
	read, err := cluster.ReadSubmitted(plan)
	require.NoError(t, err)
	require.NoError(t, cluster.NewSlurm().Cancel(context.Background(), read))
	require.Equal(t, []string{""}, queued(t, dir))
}

// A Ctrl-C during a submission cancels what was submitted.
func TestInterruptedSubmission(t *testing.T) {
	dir, plan := programs(t, number+"echo $n"), t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	slurm := cluster.Slurm{Run: func(ctx context.Context, name string, args ...string) (string, error) {
		out, err := cluster.NewSlurm().Run(ctx, name, args...)
		cancel()
		return out, err
	}}
	_, err := slurm.Submit(ctx, job(plan))
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []string{""}, queued(t, dir))
	require.NoFileExists(t, filepath.Join(plan, cluster.RecordFile))
}

// A program that hangs, prints without end or leaves a process behind does not hold this
// one.
func TestProgramsAreBounded(t *testing.T) {
	for name, text := range map[string]string{
		"hangs": "sleep 1000", "ignores signals": "trap '' TERM INT HUP; sleep 1000",
		"leaves a session": "setsid sleep 1000 & sleep 1000", "prints": "yes", "prints errors": "yes >&2",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, program := range []string{"squeue", "scancel"} {
				require.NoError(t, os.WriteFile(filepath.Join(dir, program), []byte("#!/bin/sh\n"+text+"\n"), 0o700))
			}
			t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
			slurm, submitted := cluster.SlurmWithin(500*time.Millisecond), &cluster.Submitted{Array: "1"}
			_, err := slurm.Queue(context.Background(), submitted)
			require.Error(t, err)
			require.Error(t, slurm.Cancel(context.Background(), submitted))
		})
	}
}

// A process that a program leaves behind with its output does not hold this one, and the
// program has answered.
func TestProgramThatLeavesAProcess(t *testing.T) {
	dir := programs(t, number+"echo $n; sleep 1000 & exit 0")
	submitted, err := cluster.NewSlurm().Submit(context.Background(), job(t.TempDir()))
	require.NoError(t, err)
	require.Equal(t, "102", submitted.Tables)
	require.Len(t, queued(t, dir), 2)
}

// The commands do not get the options and the job of the caller's environment, but what
// they need to find the cluster.
func TestEnvironmentOfTheCallerIsScrubbed(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sbatch"), []byte("#!/bin/sh\nenv\n"), 0o700))
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	for _, name := range []string{
		"SLURM_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_CPUS_PER_TASK", "SLURM_CLUSTERS", "SLURM_TIME_FORMAT", "SBATCH_PARTITION", "SBATCH_EXPORT", "SBATCH_ARRAY_INX",
		"SQUEUE_FORMAT", "SQUEUE_STATES", "SACCT_FORMAT", "SCANCEL_INTERACTIVE", "SCONTROL_ALL",
	} {
		t.Setenv(name, "scrubbed")
	}
	for _, name := range []string{"SLURM_CONF", "SLURM_JWT", "SLURMTOOLS", "MY_SLURM_X"} {
		t.Setenv(name, "kept")
	}
	out, err := cluster.NewSlurm().Run(context.Background(), "sbatch")
	require.NoError(t, err)
	require.NotContains(t, out, "=scrubbed")
	require.Equal(t, 4, strings.Count(out, "=kept"))
	require.Contains(t, out, "HOME="+os.Getenv("HOME"))
}

// A record gives Slurm's commands nothing that they take for an option, or for another
// job.
func TestRecordsAreChecked(t *testing.T) {
	plan := t.TempDir()
	for _, record := range []string{
		`{"array": "--user=root", "tables": ""}`, `{"array": "1", "tables": "-u root"}`, `{"array": "0"}`, `{"array": "1,2"}`, `{"array": "1_2"}`, `{"array": ""}`, `{}`,
		`{"name": "--user=root"}`, `{"name": "backfire-a,b"}`, `{"name": "other"}`, `{"array": 7}`, `[]`, ``, `null`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(plan, cluster.RecordFile), []byte(record), 0o600))
		_, err := cluster.ReadSubmitted(plan)
		require.Error(t, err, record)
		require.NotErrorIs(t, err, cluster.ErrNotSubmitted)
	}
}

// Lines of squeue and sacct that have not the form of a task's are left out, whatever they
// hold, and no line is taken for a task of another job.
func TestOnlyTasksAreRead(t *testing.T) {
	form := regexp.MustCompile(`^(7|8)([_+][0-9\[\],.%-]+)?$`)
	rapid.Check(t, func(t *rapid.T) {
		var out strings.Builder
		for range rapid.IntRange(0, 8).Draw(t, "lines") {
			id := rapid.OneOf(rapid.SampledFrom([]string{"7", "7_1", "7_[2-5%3]", "8", "9", "70_1", "7_1.batch", "JOBID", "  7_2", "0", "-1"}), rapid.String()).Draw(t, "id")
			state := rapid.OneOf(rapid.SampledFrom([]string{"RUNNING", "CANCELLED by 1000", "COMPLETED", "STATE", "is down"}), rapid.String()).Draw(t, "state")
			rest := rapid.SampledFrom([]string{"node1|0:0", "node1|None", "|Resources", "a", "a|b|c", ""}).Draw(t, "rest")
			out.WriteString(id + "|" + state + "|" + rest + "\n")
		}
		slurm := cluster.Slurm{Run: func(context.Context, string, ...string) (string, error) { return out.String(), nil }}
		submitted := &cluster.Submitted{Array: "7", Tables: "8"}
		waiting, err := slurm.Queue(context.Background(), submitted)
		require.NoError(t, err)
		ended, err := slurm.Ended(context.Background(), submitted)
		require.NoError(t, err)
		for _, task := range append(waiting, ended...) {
			require.Regexp(t, form, task.ID)
			require.Regexp(t, `^[A-Z_]+( by [0-9]+)?$`, task.State)
		}
	})
}
