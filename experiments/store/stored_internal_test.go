package store

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMetricsComeBack(t *testing.T) {
	want := []EpochMetrics{
		{Epoch: 1, Loss: 2.25, TrainAccuracy: 1.0 / 3, LearningRate: 1e-7, Seconds: 1.5, ImagesPerSecond: 200.5},
		{Epoch: 2, Loss: 0.1, TrainAccuracy: 1, LearningRate: 0.1, Seconds: 2, ImagesPerSecond: 100},
	}
	record := &Record{Dir: t.TempDir()}
	path := filepath.Join(record.Dir, MetricsFile)
	require.NoError(t, WriteMetrics(path, want))
	got, err := record.Metrics()
	require.NoError(t, err)
	require.Equal(t, want, got)

	require.NoError(t, os.WriteFile(path, []byte("epoch,loss,train_accuracy,lr,seconds,images_per_second\n1,x,1,1,1,1\n"), 0o600))
	_, err = record.Metrics()
	require.ErrorContains(t, err, "line 2")
}
