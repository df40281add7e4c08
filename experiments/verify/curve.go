package verify

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"backfire/experiments/curve"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/disk"
)

// checkCurve compares the epochs of a learning curve with those of its request, the images that each
// of them is scored on with those that the deal gives, and the rates after the last epoch with those
// of the stored predictions. It compares the curve's columns in metrics.csv with the curve.
func (c *verification) checkCurve(context.Context) (string, error) {
	switch {
	case c.manifest == nil:
		return "", unchecked(store.ManifestFile)
	case c.manifest.Curve.Every == 0:
		return "not stored", nil
	case c.deal == nil || c.predicted == nil:
		return "", unchecked(store.PredictionsFile)
	case c.epochs == nil:
		return "", unchecked(store.MetricsFile)
	}
	stored, err := curve.Read(c.dir)
	if err != nil {
		return "", err
	}
	request := stored.Request()
	if request != c.manifest.Curve || stored.Cell != c.hash {
		return "", fmt.Errorf("%s does not fit %s", curve.File, store.ManifestFile)
	}
	positions := curve.Sample(c.cell.Game, c.deal.Probes.List, request.Images)
	list, predicted := make([]game.Probe, len(positions)), make([]uint16, len(positions))
	for i, at := range positions {
		list[i], predicted[i] = c.deal.Probes.List[at], c.predicted[at]
	}
	last := curve.Score(c.cell.Game, len(c.cell.Data.Classes), list, predicted)
	points := stored.Points
	for epoch := 1; epoch <= len(c.epochs); epoch++ {
		if !request.Wants(epoch, len(c.epochs)) {
			continue
		}
		if len(points) == 0 || points[0].Epoch != epoch {
			return "", fmt.Errorf("epoch %d has no scores", epoch)
		}
		if !sameImages(points[0].Scores, *last) {
			return "", fmt.Errorf("epoch %d is scored on other images", epoch)
		}
		if epoch == len(c.epochs) && !reflect.DeepEqual(points[0].Scores, *last) {
			return "", fmt.Errorf("the rates after the last epoch are not those of %s", store.PredictionsFile)
		}
		points = points[1:]
	}
	if len(points) > 0 {
		return "", fmt.Errorf("epoch %d is scored, too", points[0].Epoch)
	}
	if err := c.sameColumns(*stored); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d epochs, the last as the predictions give it", len(stored.Points)), nil
}

// sameImages reports whether the rates of two epochs are over equal numbers of images.
func sameImages(a, b curve.Scores) bool {
	if a.CleanAccuracy.Of != b.CleanAccuracy.Of || len(a.Attackers) != len(b.Attackers) {
		return false
	}
	for i, x := range a.Attackers {
		y := b.Attackers[i]
		if x.ID != y.ID || x.ASR.Of != y.ASR.Of || x.BaseRate.Of != y.BaseRate.Of || x.CleanAccuracy.Of != y.CleanAccuracy.Of {
			return false
		}
	}
	return true
}

// sameColumns returns an error unless the columns of scores in metrics.csv hold what the curve gives.
func (c *verification) sameColumns(of curve.Curve) error {
	epochs, err := (&store.Record{Dir: c.dir.Path(".")}).Metrics()
	if err != nil {
		return err
	}
	for _, point := range of.Points {
		if point.Epoch < 1 || point.Epoch > len(epochs) {
			return fmt.Errorf("%s has no epoch %d", store.MetricsFile, point.Epoch)
		}
		epochs[point.Epoch-1].Scores = &point.Scores
	}
	scratch := disk.In(c.scratch)
	if err := (store.ResultFiles{Epochs: epochs}).WriteMetrics(scratch.Path(store.MetricsFile)); err != nil {
		return err
	}
	derived, err := csvRows(scratch, store.MetricsFile)
	if err != nil {
		return err
	}
	stored, err := csvRows(c.dir, store.MetricsFile)
	if err != nil {
		return err
	}
	first := slices.Index(derived[0], curve.StandardAccuracy)
	if len(stored) != len(derived) || first < 0 {
		return fmt.Errorf("%s has other lines or columns than %s gives", store.MetricsFile, curve.File)
	}
	for i, row := range derived {
		if len(stored[i]) != len(row) || !slices.Equal(stored[i][first:], row[first:]) {
			return fmt.Errorf("line %d of %s has other scores than %s", i+1, store.MetricsFile, curve.File)
		}
	}
	return nil
}
