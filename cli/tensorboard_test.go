package cli

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRunWithTensorBoard(t *testing.T) {
	opts, store, _, _ := runOptions(t, "train.score_every=1")
	events := func() map[string]string {
		found, err := filepath.Glob(filepath.Join(opts.TensorBoard, "*", "events.out.tfevents.*"))
		require.NoError(t, err)
		texts := map[string]string{}
		for _, name := range found {
			data, err := os.ReadFile(name)
			require.NoError(t, err)
			texts[filepath.Base(filepath.Dir(name))] = string(data)
		}
		return texts
	}
	opts.TensorBoard = t.TempDir()
	require.NoError(t, runSweep(context.Background(), opts))
	while := events()
	require.Len(t, while, 2, "one directory per model")

	// What is stored is written the same way.
	opts.TensorBoard = t.TempDir()
	opts.Worker = noWorker(t)
	require.NoError(t, runSweep(context.Background(), opts))
	after := events()
	require.Len(t, after, 2)
	for name, text := range while {
		require.Contains(t, after, name)
		for _, tag := range []string{"train/loss", "train/accuracy", "train/learning_rate", "curve/standard_accuracy", "curve/asr_mean", "curve_lift/attacker_0", "score/standard_accuracy", "asr/attacker_0", "_hparams_/session_start_info", "embedded"} {
			require.Contains(t, text, tag, name)
			require.Contains(t, after[name], tag, name)
		}
		require.Len(t, after[name], len(text), "the same events, at other times")
	}
	require.DirExists(t, store)
}
