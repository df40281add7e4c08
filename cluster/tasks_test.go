package cluster_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/cluster"
)

// accounts is an output of sacct --parsable2.
const accounts = `4711_0|COMPLETED|node1|0:0
4711_1|FAILED|node2|3:0
4711_2|TIMEOUT|node3|0:0
4711_3|OUT_OF_MEMORY|node4|0:125
4711_4|CANCELLED by 1000|None assigned|0:0
4711_5|NODE_FAIL|node5|1:0
4711_10|FAILED|node8|0:53
4711_6|RUNNING|node6|0:0
4711_[7-9]|PENDING|None assigned|0:0
4712|PENDING|None assigned|0:0
`

func TestTasksThatEnded(t *testing.T) {
	fake := &fakeSlurm{answers: map[string]string{"sacct": accounts}}
	tasks, err := fake.slurm().Ended(context.Background(), &cluster.Submitted{Array: "4711", Tables: "4712"})
	require.NoError(t, err)
	require.Equal(t, []cluster.Task{
		{ID: "4711_0", State: "COMPLETED", Node: "node1", Ended: true},
		{ID: "4711_1", State: "FAILED", Node: "node2", Reason: "exit code 3", Ended: true},
		{ID: "4711_2", State: "TIMEOUT", Node: "node3", Ended: true},
		{ID: "4711_3", State: "OUT_OF_MEMORY", Node: "node4", Reason: "signal 125", Ended: true},
		{ID: "4711_4", State: "CANCELLED", Ended: true},
		{ID: "4711_5", State: "NODE_FAIL", Node: "node5", Reason: "exit code 1", Ended: true},
		{
			ID: "4711_10", State: "FAILED", Node: "node8", Ended: true,
			Reason: "the node cannot write logs in the plan's directory: the store must be on a file system that all nodes share",
		},
	}, tasks)
	require.Equal(t, []string{
		"sacct --noheader --allocations --parsable2 --jobs=4711,4712 --format=JobID,State,NodeList,ExitCode",
	}, fake.calls)
}

func TestNoAccounts(t *testing.T) {
	for says, missing := range map[string]bool{
		"cluster: sacct: exit status 1: Slurm accounting storage is disabled": true,
		"cluster: sacct: exit status 1: Unable to contact the database":       false,
	} {
		slurm := cluster.Slurm{Run: func(context.Context, string, ...string) (string, error) { return "", errors.New(says) }}
		_, err := slurm.Ended(context.Background(), &cluster.Submitted{Array: "1"})
		require.Error(t, err)
		require.Equal(t, missing, errors.Is(err, cluster.ErrNoAccounts), says)
	}
	t.Setenv("PATH", t.TempDir())
	_, err := cluster.NewSlurm().Ended(context.Background(), &cluster.Submitted{Array: "1"})
	require.ErrorIs(t, err, cluster.ErrNoAccounts)
}
