package page_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/summary"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
	"backfire/report/page"
)

// asker answers with a probability of a half for each class, and with features that differ between images.
type asker struct {
	data cell.Data
	err  error
}

func (a asker) Examine(_ context.Context, _ string, images []uint8) (probabilities, features [][]float32, err error) {
	if a.err != nil {
		return nil, nil, a.err
	}
	for i := range len(images) / a.data.Shape.Size() {
		row := make([]float32, len(a.data.Classes))
		for class := range row {
			row[class] = 0.5
		}
		probabilities = append(probabilities, row)
		features = append(features, []float32{float32(i), float32(i % 3), 1})
	}
	return probabilities, features, nil
}

// The page shows which images with triggers fooled a model; if the model is asked, how sure it was, and its features.
// A model that cannot be asked is a note.
func TestExaminedModel(t *testing.T) {
	cfg, err := enginetest.Config()
	require.NoError(t, err)
	s, outcome, _ := runtest.RunSweep(t, enginetest.NewSweep(t, plan.SweepPoint{Config: cfg}), enginetest.OpenStore(t), 1)
	require.Empty(t, outcome.Failed)
	data := s.Points[0].Data
	made := func(ask func(string) page.Asker) (*page.Page, string) {
		p, err := page.New(context.Background(), page.Input{Summaries: []*summary.Summary{s}, Load: enginetest.Loader, Ask: ask})
		require.NoError(t, err)
		var out bytes.Buffer
		require.NoError(t, p.Write(&out))
		require.NotContains(t, out.String(), "ZgotmplZ")
		return p, out.String()
	}
	p, html := made(nil)
	fooled := p.Sections[0].Fooled
	require.NotEmpty(t, fooled)
	for _, row := range fooled {
		require.Equal(t, row.Hits == 0, len(row.Yes) == 0)
		require.Equal(t, row.Hits == row.Of, len(row.No) == 0)
	}
	require.NotContains(t, html, ", 50\u00a0%")
	require.NotContains(t, html, "-features\"")

	p, html = made(func(string) page.Asker { return asker{data: data} })
	require.Contains(t, html, ", 50\u00a0%")
	require.Contains(t, html, "-features\"")
	last := p.Sections[0].Figures[len(p.Sections[0].Figures)-1]
	require.Equal(t, "Penultimate features by owner and kind", last.Title)
	require.Contains(t, last.Alt(), "defender's")
	require.Contains(t, last.Alt(), "attacker 0's, with its trigger")

	p, _ = made(func(string) page.Asker { return asker{err: errors.New("no engine")} })
	require.True(t, strings.HasSuffix(strings.Join(p.Notes, " "), "cannot be asked, so that its features are not shown: no engine."), p.Notes)
}
