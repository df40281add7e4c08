package worker_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/worker"
	"backfire/internal/enginetest"
)

func TestEveryEventIsDocumented(t *testing.T) {
	kinds := []string{
		"estimate", // of the command line, as is the last one
		string(worker.KindPlan), string(worker.KindRevised), string(worker.KindStarted), string(worker.KindPhase), string(worker.KindProgress), string(worker.KindEpoch),
		string(worker.KindResumed), string(worker.KindDiscarded), string(worker.KindNotice), string(worker.KindDone),
		string(worker.KindRetry), string(worker.KindFailed), string(worker.KindBroken), string(worker.KindLacking), string(worker.KindCompleted), string(worker.KindWaiting), string(worker.KindStored), "table",
	}
	require.Equal(t, kinds, enginetest.Documented(t, "The events of `run --json`"))
}
