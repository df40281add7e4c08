package report

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/stats"
)

var regen = flag.Bool("regen", false, "write the golden files anew")

// madeUpSummary is a made-up table of games with the given numbers of attackers, of
// which the first singles were also played alone.
func madeUpSummary(singles int, counts ...int) *summary.Summary {
	s := &summary.Summary{
		Seed: 1, Data: cell.Data{Name: "embedded", Images: 10000}, Pool: 5000,
		Model: cell.Model{Width: 8}, Training: cell.Training{Epochs: 6},
		Readings: cell.Readings{
			TriggerRange: "per_dimension", Sampling: "per_agent", LabelMode: "dirty",
			ExcludeTargetClass: true, Denominator: "own",
		},
		Store: "runs", Path: filepath.Join("runs", "plans", strings.Repeat("ab", 32), store.SummaryFile),
	}
	rate := func(hits int) game.Rate { return game.Rate{Hits: hits, Of: 240} }
	for _, n := range counts {
		row := summary.GameResult{N: n, Complete: true, CleanAccuracy: rate(180 - n), Models: []string{fmt.Sprintf("game-%d", n)}}
		var asrs []float64
		for id := range n {
			a := summary.GameAttacker{}
			a.ID, a.Target, a.Label, a.ASR = id, 2, "Pullover", rate(max(3, 240-7*id-n))
			if id < singles {
				single := rate(240 - 2*id)
				a.SingleASR, a.SingleCell = &single, fmt.Sprintf("single-%d", id)
			}
			asrs = append(asrs, a.ASR.Value())
			row.Attackers = append(row.Attackers, a)
		}
		row.ASR = stats.Summarize(asrs)
		row.BaseRate, row.Robustness = stats.Summarize([]float64{0.031}), stats.Summarize([]float64{0.0175})
		s.Rows = append(s.Rows, row)
	}
	return s
}

// defended are the games of three defenders, one of them with several models and
// one whose second game is not stored.
func defended() *summary.Summary {
	s := madeUpSummary(2, 1, 5)
	var rows []summary.GameResult
	for i, row := range s.Rows {
		row.Defender, row.Models = plan.Undefended, []string{"twin"}
		row.Cost.Images, row.Cost.Undefended = 24000, 24000
		rows = append(rows, row)
		for j, name := range []string{"agent_augmentation+adversarial_triggers", "indexing"} {
			defended := madeUpSummary(2, row.N).Rows[0]
			defended.Defender, defended.Models, defended.Cost = name, make([]string, 1+j*(row.N-1)), row.Cost
			defended.Cost.Images = int64(36000 * (1 + 3*i*j))
			defended.CleanAccuracy.Hits -= 12
			difference := defended.CleanAccuracy.Value() - row.CleanAccuracy.Value()
			defended.Difference = &summary.Difference{ASR: stats.Number(-0.4 * float64(row.ASR.Mean)), CleanAccuracy: stats.Number(difference)}
			if i == 1 && j == 0 {
				empty := stats.Summarize(nil)
				defended = summary.GameResult{N: row.N, Defender: name, Models: defended.Models, ASR: empty, BaseRate: empty, Robustness: empty}
			}
			rows = append(rows, defended)
		}
	}
	s.Rows = rows
	return s
}

func TestTextGolden(t *testing.T) {
	quick := madeUpSummary(5, 1, 2, 5, 10)

	odd := madeUpSummary(0, 2, 3, 5)
	odd.Rows[0].Collapsed = true
	odd.Rows[0].Attackers[1].ASR = game.Rate{} // over no images
	odd.Rows[2] = summary.GameResult{N: 5, ASR: stats.Summarize(nil), BaseRate: stats.Summarize(nil), Robustness: stats.Summarize(nil)}
	odd.Missing = []summary.Missing{{Title: "N = 5"}}
	odd.Readings.Denominator, odd.Readings.ExcludeTargetClass = "pooled", false
	for i, a := range odd.Rows[1].Attackers {
		a.Target, a.Label = i, []string{"T-shirt/top", "Ankle boot", "Sneaker"}[i]
		odd.Rows[1].Attackers[i] = a
	}

	nothing := madeUpSummary(0, 1)
	nothing.Rows[0] = summary.GameResult{N: 1, ASR: stats.Summarize(nil), BaseRate: stats.Summarize(nil), Robustness: stats.Summarize(nil)}
	nothing.Missing, nothing.Path = []summary.Missing{{}, {}}, ""

	for name, s := range map[string]*summary.Summary{
		"defended": defended(), "quick": quick, "hundred": madeUpSummary(100, 1, 100), "odd": odd, "nothing": nothing,
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			require.NoError(t, Text(&out, s))
			golden := filepath.Join("testdata", name+".txt")
			if *regen {
				require.NoError(t, os.WriteFile(golden, []byte(out.String()), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), out.String())
			for line := range strings.Lines(out.String()) {
				if strings.Contains(line, "plans") {
					continue // a path cannot be broken
				}
				require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), lineWidth, line)
				require.Equal(t, strings.TrimRight(line, " \n")+"\n", line, "no blanks at the end")
			}
		})
	}
}

func TestTextReportsAFailingWriter(t *testing.T) {
	full := errors.New("disk full")
	require.ErrorIs(t, Text(failingWriter{full}, madeUpSummary(1, 1)), full)
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }
