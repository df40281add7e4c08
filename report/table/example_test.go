package table_test

import (
	"fmt"
	"os"

	"backfire/report/table"
	"backfire/stats"
)

// A table of two games over three seeds, as text and as Markdown.
func Example() {
	t := &table.Table{
		Name: "mine", Dataset: "mnist", Title: "ASR by number of attackers on mnist",
		Heads:   []string{"N"},
		Columns: []table.Column{{Head: "acc."}, {Head: "ASR mean ± std"}},
		Seeds:   []uint64{1, 2, 3},
		Notes:   []string{"In percent."},
	}
	t.Rows = []table.Row{
		{Labels: []string{"1"}, Entries: []table.Entry{
			table.EntryOf(table.NewValue(table.QuantityClean, []table.Measured{{0.951, 4000}, {0.949, 4000}, {0.95, 4000}})),
			table.EntryOf(table.NewSpread(table.QuantityASR, []table.MeasuredSpread{
				{stats.Summarize([]float64{0.99}), 60}, {stats.Summarize([]float64{0.98}), 60}, {stats.Summarize([]float64{0.97}), 60},
			}).Beside(95.3)),
		}},
		{Labels: []string{"2"}, Marks: []string{t.Mark("Only two seeds have a result.")}, Entries: []table.Entry{
			table.EntryOf(table.NewValue(table.QuantityClean, []table.Measured{{0.94, 4000}, {0.96, 4000}})),
			table.EntryOf(table.NewSpread(table.QuantityASR, []table.MeasuredSpread{
				{stats.Summarize([]float64{0.5, 0.6}), 120}, {stats.Summarize([]float64{0.4, 0.5}), 120},
			})),
		}},
	}
	for _, format := range []table.Format{table.FormatText, table.FormatMarkdown} {
		if err := t.Write(os.Stdout, format); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// ASR by number of attackers on mnist
	//
	// N            acc.  ASR mean ± std
	// 1            95.0        98   ± 0
	//   95 % CI   23–99          24–100
	//   paper                  95.3
	// 2 [a]        95.0        50   ± 5
	//   95 % CI  12–100            6–94
	//
	// [a] Only two seeds have a result.
	// In percent.
	// ### ASR by number of attackers on mnist
	//
	// | N | acc. | ASR mean ± std |
	// | --- | ---: | ---: |
	// | **1** | 95.0 | 98 ± 0 |
	// | *95 % CI* | 23–99 | 24–100 |
	// | *paper* |  | 95.3 |
	// | **2<sup>a</sup>** | 95.0 | 50 ± 5 |
	// | *95 % CI* | 12–100 | 6–94 |
	//
	// <sup>a</sup> Only two seeds have a result.
	//
	// In percent.
}
