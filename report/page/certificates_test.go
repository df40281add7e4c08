package page_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/summary"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
	"backfire/report"
	"backfire/report/table"
)

// votedSummary returns the summary of games with votes, on two seeds.
func votedSummary(t *testing.T) *summary.Summary {
	t.Helper()
	var points []plan.SweepPoint
	for _, seed := range []uint64{1, 2} {
		cfg := enginetest.DefendedConfig(t, "none", "vote(control=true)", "cutmix")
		cfg.Deal.Seats, cfg.Attackers.Counts, cfg.Attackers.Singles, cfg.Seed = "5", []int{1, 2}, 0, seed
		points = append(points, plan.SweepPoint{Config: cfg})
	}
	s, outcome, _ := runtest.RunSweep(t, enginetest.NewSweep(t, points...), enginetest.OpenStore(t), 1)
	require.Empty(t, outcome.Failed)
	return s
}

func TestTableOfCertificates(t *testing.T) {
	s := votedSummary(t)
	dataset := s.Points[0].Data.Name
	made, err := report.New(report.Certificates, s, dataset, report.Options{Name: "votes"})
	require.NoError(t, err)
	require.Len(t, made.Rows, 2*2*2, "games, rules, with and without poison")
	for at, row := range made.Rows {
		rule := row.Labels[len(row.Labels)-2]
		game := s.Points[0].Games[1+3*(at/4)]
		outcome, second := game.Vote.By("majority"), s.Points[1].Games[1+3*(at/4)].Vote.By("majority")
		if rule == "run_off" {
			outcome, second = game.Vote.By("run_off"), s.Points[1].Games[1+3*(at/4)].Vote.By("run_off")
		}
		if row.Labels[len(row.Labels)-1] == "without poison" {
			require.Len(t, row.Marks, 1)
			continue
		}
		for i, column := range made.Columns {
			if column.Group == "certified acc., t =" {
				want := (outcome.CertifiedFor(i).Clean.Value() + second.CertifiedFor(i).Clean.Value()) / 2
				require.InDelta(t, want, float64(row.Entries[i].Values[0].Mean), 1e-12)
			}
		}
	}
	for _, note := range made.Footnotes {
		require.Contains(t, note.Text, "it changed 0 that have one")
	}
	for _, format := range made.Formats() {
		var text strings.Builder
		require.NoError(t, made.Write(&text, format))
	}
}

func TestCertificatesInOtherTablesAndFigures(t *testing.T) {
	s := votedSummary(t)
	dataset := s.Points[0].Data.Name
	families, err := report.New(report.Families, s, dataset, report.Options{Name: "defenses"})
	require.NoError(t, err)
	require.Equal(t, "certified", families.Columns[len(families.Columns)-1].Head)
	for _, row := range families.Rows {
		certified := row.Entries[len(row.Entries)-1].Values
		require.Equal(t, row.Labels[0] == "vote(control=true)", len(certified) > 0, row.Labels)
		if len(certified) > 0 {
			require.Equal(t, table.Quantity("certified_accuracy"), certified[0].Quantity)
		}
	}

	drawn, err := report.Figures(report.Points, s, dataset, report.Options{Name: "votes"})
	require.NoError(t, err)
	found := 0
	for _, f := range drawn {
		if strings.Contains(f.Name, "-certified") {
			found++
			require.Contains(t, f.Values.Heads[1], "agents t")
		}
	}
	require.Equal(t, 2, found)

	for i := range s.Points {
		for j := range s.Points[i].Games {
			s.Points[i].Games[j].Vote = nil
		}
	}
	_, err = report.New(report.Certificates, s, dataset, report.Options{})
	require.ErrorIs(t, err, report.ErrEmpty)
}
