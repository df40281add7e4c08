package report

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"backfire/claims"
	"backfire/experiments"
	"backfire/game"
	"backfire/stats"
)

// fakePoint is a point of a made-up sweep.
type fakePoint struct {
	name    string
	keys    map[string]string
	labels  string // same, list or random
	targets []int  // of labels list; otherwise 2
	counts  []int
	rates   []float64 // of the first attackers; the others have p
	p       float64
	singles int
	// elsewhere: triggers are verified in other single games than the point's.
	elsewhere bool
	// defenders also end every game, each with a lower ASR than the one before;
	// the last of them with as many models as there are attackers.
	defenders []string
}

// classNames are those of the made-up datasets.
var classNames = []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}

// sweep makes the summary of a sweep on a dataset: the points for each seed,
// with made-up results.
func sweep(dataset string, seeds []uint64, points ...fakePoint) *experiments.SweepSummary {
	s := &experiments.SweepSummary{Sweep: strings.Repeat("ab", 32), Store: "runs"}
	for _, seed := range seeds {
		for _, fake := range points {
			point := experiments.PointSummary{
				Name: dataset + ", " + fake.name + fmt.Sprintf(", seed %d", seed), Keys: fake.keys, Seed: seed,
				Data: experiments.Data{Name: dataset, Images: 60000, Classes: classNames}, Pool: 20000,
				Model:    experiments.Model{Architecture: experiments.ResNet18, Width: 32},
				Training: experiments.Training{Epochs: 30, Batch: 32},
				Readings: experiments.Readings{
					TriggerRange: "per_dimension", Sampling: "per_agent", LabelMode: "dirty", ExcludeTargetClass: true, Denominator: "own",
				},
				Labels: fake.labels, MinSingleASR: 0.8,
			}
			for _, n := range fake.counts {
				point.Games = append(point.Games, fake.game(seed, n))
				for i, name := range fake.defenders {
					point.Games = append(point.Games, fake.defended(seed, n, i, name))
				}
			}
			s.Points = append(s.Points, point)
		}
	}
	return s
}

// game makes up the game with n attackers.
func (f fakePoint) game(seed uint64, n int) experiments.GameSummary {
	rate := func(percent int) game.Rate { return game.Rate{Hits: min(1000, max(0, 10*percent+int(seed))), Of: 1000} }
	g := experiments.GameSummary{Overlaps: []game.PairOverlap{}}
	g.Defender, g.N, g.Complete, g.CleanAccuracy = experiments.Undefended, n, true, rate(98-n-2*int(seed))
	var asrs, bases []float64
	for id := range n {
		a := experiments.RowAttacker{}
		a.ID, a.Target, a.PoisonRate, a.P1, a.P2 = id, f.target(seed, id), f.p, f.p, f.p
		if id < len(f.rates) {
			a.PoisonRate, a.P1, a.P2 = f.rates[id], f.rates[id], f.rates[id]
		}
		a.Label = classNames[a.Target]
		a.ASR, a.BaseRate, a.Robustness = rate(100/n+4*id+int(100*(a.PoisonRate-0.2))), rate(3), rate(10)
		a.Lift = stats.Number(a.ASR.Value() - a.BaseRate.Value())
		if id < f.singles {
			single := rate(97 - id)
			a.SingleASR, a.SingleCell = &single, fmt.Sprintf("single-%d-%d-%d", seed, id, a.Target)
			verified := single
			a.Draws = []experiments.Draw{{Cell: a.SingleCell, ASR: &verified, Kept: true}}
			if f.elsewhere {
				a.Draws[0].Cell = "verified-" + a.SingleCell
			}
		}
		asrs, bases = append(asrs, a.ASR.Value()), append(bases, a.BaseRate.Value())
		g.Attackers = append(g.Attackers, a)
	}
	g.Cell = fmt.Sprintf("%s-%d-%d", f.name, seed, n)
	if n == 1 && f.singles > 0 {
		g.Cell, g.Attackers[0].ASR = g.Attackers[0].SingleCell, *g.Attackers[0].SingleASR
		asrs[0] = g.Attackers[0].ASR.Value()
		g.Attackers[0].Lift = stats.Number(asrs[0] - bases[0])
	}
	g.Models = []string{g.Cell}
	for i := range g.Attackers {
		g.Attackers[i].Model = g.Cell
	}
	g.ASR, g.BaseRate, g.Robustness = stats.Summarize(asrs), stats.Summarize(bases), stats.Summarize([]float64{0.1})
	return g
}

// target is what an attacker wants.
func (f fakePoint) target(seed uint64, id int) int {
	switch f.labels {
	case "list":
		return f.targets[id]
	case "random":
		return (int(seed) + 3*id) % len(classNames)
	default:
		return 2
	}
}

// result stands in for the stored result of an attacker alone.
func result(cell string) (*experiments.Result, error) {
	var seed, id, target int
	if _, err := fmt.Sscanf(cell, "single-%d-%d-%d", &seed, &id, &target); err != nil {
		return nil, fmt.Errorf("cell %s: %w", cell, err)
	}
	r := &experiments.Result{CleanAccuracy: game.Rate{Hits: 970 - 20*seed, Of: 1000}, Attackers: make([]experiments.AttackerResult, 1)}
	a := &r.Attackers[0]
	a.ID, a.Target, a.PoisonRate, a.ASR = id, target, 0.2, game.Rate{Hits: 10*(97-id) + seed, Of: 1000}
	a.Lift = stats.Number(a.ASR.Value() - 0.03)
	return r, nil
}

func points1() []fakePoint {
	keys := func(counts, p, rates, singles string) map[string]string {
		return map[string]string{"attackers.counts": counts, "attackers.p": p, "attackers.rates": rates, "attackers.singles": singles}
	}
	return []fakePoint{
		{name: "N grows", keys: keys("1,2,3,4,5", "0.2", "", "5"), labels: "same", counts: []int{1, 2, 3, 4, 5}, p: 0.2, singles: 5},
		{name: "attacker 0 raises p", keys: keys("5", "0.2", "0.4", "5"), labels: "same", counts: []int{5}, p: 0.2, rates: []float64{0.4}},
		{name: "all raise p", keys: keys("5", "0.9", "", "0"), labels: "same", counts: []int{5}, p: 0.9},
	}
}

func points2() []fakePoint {
	point := func(n int, labels, targets string, wanted ...int) fakePoint {
		return fakePoint{
			name: fmt.Sprintf("N = %d, %s", n, labels), labels: labels, targets: wanted, counts: []int{n}, p: 0.2, singles: n,
			keys: map[string]string{"attackers.counts": fmt.Sprint(n), "attackers.labels": labels, "attackers.targets": targets},
		}
	}
	return []fakePoint{point(2, "same", ""), point(2, "list", "1,2", 1, 2), point(4, "same", ""), point(4, "list", "1,2,5,9", 1, 2, 5, 9)}
}

func points3(counts ...int) fakePoint {
	return fakePoint{name: "table3", keys: map[string]string{}, labels: "random", counts: counts, p: 0.2, singles: 1}
}

// pointsOfItsOwn are those of a sweep with names and keys that need care.
func pointsOfItsOwn() []fakePoint {
	var all []fakePoint
	for _, name := range []string{"a & b_1", `50 % | [x] * \ {y} ~ ^ $ # <z>`} {
		for _, p := range []string{"0.1", "0.3"} {
			keys := map[string]string{"attackers.p": p, "trigger.range": "area", "attackers.counts": "2"}
			all = append(all, fakePoint{
				name: name + ", attackers.p = " + p, keys: keys, labels: "same", counts: []int{2}, p: map[string]float64{"0.1": 0.1, "0.3": 0.3}[p],
			})
		}
	}
	return all
}

// flawed is table 1 with everything that is flagged.
func flawed() *experiments.SweepSummary {
	s := sweep("mnist", []uint64{1, 2, 3}, points1()...)
	none := func(g *experiments.GameSummary) {
		empty := stats.Summarize(nil)
		*g = experiments.GameSummary{
			Row: experiments.Row{
				N: g.N, Defender: g.Defender, Cell: g.Cell, Models: g.Models,
				ASR: empty, BaseRate: empty, Lift: empty, Robustness: empty, Attackers: []experiments.RowAttacker{},
			},
		}
	}
	none(&s.Points[0].Games[2])
	for i := range 3 {
		none(&s.Points[3*i+1].Games[0])
	}
	s.Points[5].Games[0].Collapsed, s.Points[8].Games[0].Collapsed = true, true
	pair := game.PairOverlap{A: 1, B: 3}
	pair.Jaccard = 0.54
	s.Points[3].Games[4].Overlaps = []game.PairOverlap{pair}
	s.Points[6].Games[4].Overlaps = []game.PairOverlap{pair, pair, pair, pair}
	for _, seed := range []int{0, 1} {
		for n := 4; n <= 5; n++ {
			a := &s.Points[3*seed].Games[n-1].Attackers[3]
			weak := game.Rate{Hits: 780 - 10*seed, Of: 1000}
			a.Draws = append([]experiments.Draw{{Cell: "weak", ASR: &weak}}, a.Draws...)
			a.Draws[1].Draw = 1
			if seed == 1 {
				a.Draws[1].ASR, a.SingleASR = &game.Rate{Hits: 785, Of: 1000}, &game.Rate{Hits: 785, Of: 1000}
			}
		}
	}
	return s
}

// madeUp is a table of made-up results.
type madeUp struct {
	kind    Kind
	dataset string
	summary *experiments.SweepSummary
	options Options
}

// madeUpTables are tables of each kind, by name.
func madeUpTables() map[string]madeUp {
	return map[string]madeUp{
		"table1-mnist":    {Table1, "mnist", sweep("mnist", []uint64{1}, points1()...), Options{Preset: "workstation", Result: result}},
		"table1-seeds":    {Table1, "mnist", sweep("mnist", []uint64{1, 2, 3}, points1()...), Options{Preset: "workstation", Result: result}},
		"table1-flawed":   {Table1, "mnist", flawed(), Options{Preset: "paper", Failures: []experiments.Failure{{Cell: "attacker 0 raises p-2-5", Error: "diverged"}}}},
		"table1-embedded": {Table1, "embedded", sweep("embedded", []uint64{7}, points1()...), Options{Preset: "quick"}},
		"table2-cifar10":  {Table2, "cifar10", sweep("cifar10", []uint64{1, 2, 3}, points2()...), Options{Preset: "paper", Result: result}},
		"points-defended": {Points, "folder", sweep("folder", []uint64{1, 2}, defended3(1, 2)), Options{Name: "table3", Title: "Defenses"}},
		"defenses":        {Points, "embedded", sweep("embedded", []uint64{1, 2, 3}, everyDefense()), Options{Name: "defenses", Title: "Every defense with five attackers", Preset: "quick"}},
		"table3-mnist":    {Table3, "mnist", sweep("mnist", []uint64{1, 2, 3}, defended3(1, 2, 5, 10, 100)), Options{Preset: "paper", Result: result}},
		"table3-embedded": {Table3, "embedded", sweep("embedded", []uint64{1}, points3(1, 2, 5)), Options{Preset: "quick"}},
		"unknown-index":   {Unknown, "mnist", unknownPoint(1, 2), Options{Name: "defenses-unknown-index", Title: "Defenses"}},
		"points":          {Points, "folder", sweep("folder", []uint64{1, 2}, pointsOfItsOwn()...), Options{Name: "mine", Title: "Size & visibility, 50 %"}},
	}
}

func TestTablesGolden(t *testing.T) {
	others := map[string][]Format{
		"points":        {FormatMarkdown, FormatLaTeX, FormatCSV, FormatCellsCSV, FormatJSON},
		"table1-flawed": {FormatMarkdown, FormatLaTeX, FormatCellsCSV},
	}
	for name, tc := range madeUpTables() {
		table, err := New(tc.kind, tc.summary, tc.dataset, tc.options)
		require.NoError(t, err)
		for _, format := range Formats() {
			if format != FormatText && !slices.Contains(others[name], format) {
				continue // one golden file of each is enough
			}
			t.Run(name+"."+string(format), func(t *testing.T) {
				var out strings.Builder
				require.NoError(t, table.Write(&out, format))
				golden := filepath.Join("testdata", name+"."+string(format))
				if *regen {
					require.NoError(t, os.WriteFile(golden, []byte(out.String()), 0o644))
				}
				want, err := os.ReadFile(golden)
				require.NoError(t, err)
				require.Equal(t, string(want), out.String())
			})
		}
	}
}

func TestTextIsNarrow(t *testing.T) {
	for kind, s := range map[Kind]*experiments.SweepSummary{
		Table1: sweep("mnist", []uint64{1, 2, 3}, points1()...),
		Table2: sweep("mnist", []uint64{1, 2, 3}, points2()...),
		Table3: sweep("mnist", []uint64{1, 2, 3}, points3(1, 2, 5, 10, 100)),
	} {
		table, err := New(kind, s, "mnist", Options{Result: result})
		require.NoError(t, err)
		for line := range strings.Lines(table.text()) {
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), tableWidth, line)
			require.Equal(t, strings.TrimRight(line, " \n")+"\n", line, "no blanks at the end")
		}
	}
}

// find returns the row with a label.
func find(t *testing.T, table *Table, label string) Row {
	t.Helper()
	i := slices.IndexFunc(table.Rows, func(r Row) bool { return r.Labels[0] == label })
	require.GreaterOrEqual(t, i, 0, label)
	return table.Rows[i]
}

// The figures over seeds and over attackers are what their names say, worked out
// by hand here.
func TestFiguresAreOverSeedsOrOverAttackers(t *testing.T) {
	s := sweep("mnist", []uint64{1, 2, 3}, points1()...)
	for seed, asrs := range [][2]int{{900, 100}, {500, 300}, {400, 200}} {
		g := &s.Points[3*seed].Games[1]
		g.Attackers[0].ASR, g.Attackers[1].ASR = game.Rate{Hits: asrs[0], Of: 1000}, game.Rate{Hits: asrs[1], Of: 1000}
		g.ASR = stats.Summarize([]float64{g.Attackers[0].ASR.Value(), g.Attackers[1].ASR.Value()})
	}
	table, err := New(Table1, s, "mnist", Options{Result: result})
	require.NoError(t, err)
	row := find(t, table, "N = 2, all at 0.2")

	const tolerance = 1e-9 // rounding of a few additions of numbers near 1
	first := row.Cells[0].Figures[0]
	require.InDelta(t, 0.6, float64(first.Mean), tolerance)
	// Values 0.9, 0.5, 0.4: s = 0.26457513, t(0.975, 2) = 4.30265273.
	require.InDelta(t, 4.30265273*0.264575131/1.732050808, float64(first.CI95), 1e-7) // digits given
	require.False(t, first.Spread)
	require.InDelta(t, 0.55, float64(first.Paper), tolerance)

	mean := row.Cells[5].Figures[0]
	require.InDelta(t, 0.4, float64(mean.Mean), tolerance)                   // of 0.5, 0.4, 0.3
	require.InDelta(t, (0.4+0.1+0.1)/3, float64(mean.Std), tolerance)        // population std within each game
	require.InDelta(t, 4.30265273*0.1/1.732050808, float64(mean.CI95), 1e-7) // over 0.5, 0.4, 0.3
	require.Equal(t, 3, mean.Seeds)
	require.InDelta(t, (0.55-0.511)/2, float64(mean.PaperStd), tolerance)
}

func TestOneSeedHasNoInterval(t *testing.T) {
	table, err := New(Table1, sweep("mnist", []uint64{4}, points1()...), "mnist", Options{Result: result})
	require.NoError(t, err)
	for _, row := range table.Rows {
		require.NotContains(t, row.kinds(), intervalLine)
		for _, cell := range row.Cells {
			for _, f := range cell.Figures {
				require.False(t, f.CI95.Defined())
			}
		}
	}
	require.Contains(t, strings.Join(table.Notes, "\n"), "One seed: 4")
	for _, verdict := range table.Verdicts {
		require.Equal(t, claims.Inconclusive, verdict.Outcome)
	}
}

// A trigger that was verified in another single game than the point's own is shown
// with what it is worth in that, and flagged where that is too little.
func TestTriggersVerifiedElsewhere(t *testing.T) {
	marked := func(table *Table, marks []string) string {
		var texts []string
		for _, note := range table.Footnotes {
			if slices.Contains(marks, note.Mark) {
				texts = append(texts, note.Text)
			}
		}
		return strings.Join(texts, " ")
	}
	one := points1()
	one[1].singles, one[1].elsewhere = 1, true
	s := sweep("mnist", []uint64{1, 2}, one...)
	s.Points[4].Games[0].Attackers[0].SingleASR.Hits = 700
	table, err := New(Table1, s, "mnist", Options{})
	require.NoError(t, err)
	row := find(t, table, "N = 5, attacker 0 at 0.4")
	require.Equal(t, "Single ASR with the rate of this game, its trigger verified at another: attacker 0 83.5 % "+
		"(under the ASR asked of triggers: seed 2).", marked(table, row.Marks))
	require.Empty(t, find(t, table, "N = 5, all at 0.2").Marks)
	require.Empty(t, find(t, table, "each alone, at 0.2").Marks)

	two := points2()
	two[1].elsewhere = true
	s = sweep("mnist", []uint64{1}, two...)
	s.Points[1].Games[0].Attackers[1].SingleASR.Hits = 700
	table, err = New(Table2, s, "mnist", Options{Result: result})
	require.NoError(t, err)
	row = find(t, table, "N = 2, different")
	require.Empty(t, row.Cells[0].Marks)
	require.Equal(t, "Trigger verified in another single game; in this one its ASR is under 80.0 %: attacker 1, seed 1.", marked(table, row.Cells[1].Marks))
}

// Only games played as the paper's have its figures beside them.
func TestPaperStandsBesideItsOwnGamesOnly(t *testing.T) {
	printed := func(kind Kind, s *experiments.SweepSummary) int {
		table, err := New(kind, s, s.Points[0].Data.Name, Options{Result: result})
		require.NoError(t, err)
		rows := 0
		for _, row := range table.Rows {
			if slices.Contains(row.kinds(), paperLine) {
				rows++
			}
		}
		return rows
	}
	one := []uint64{1}
	require.Equal(t, 8, printed(Table1, sweep("mnist", one, points1()...)))
	require.Equal(t, 0, printed(Table1, sweep("embedded", one, points1()...)))
	require.Equal(t, 4, printed(Table2, sweep("cifar10", one, points2()...)))
	require.Equal(t, 4, printed(Table3, sweep("cifar10", one, points3(1, 2))))

	other := points1()
	other[0].p = 0.3
	require.Equal(t, 2, printed(Table1, sweep("mnist", one, other...)), "the two rows with other rates")
	labels := points2()
	labels[1].targets = []int{2, 1}
	require.Equal(t, 3, printed(Table2, sweep("mnist", one, labels...)))
	many := points3(1, 2)
	many.p = 0.3
	require.Equal(t, 0, printed(Table3, sweep("mnist", one, many)))
}

func TestClaimsOfATable(t *testing.T) {
	for kind, want := range map[Kind][]string{Table1: {"C1", "C2", "C3"}, Table2: {"C4"}, Table3: {"C1", "C5", "C6", "C7"}, Points: nil} {
		points := map[Kind][]fakePoint{Table1: points1(), Table2: points2(), Table3: {points3(1, 2, 5)}, Points: points2()}[kind]
		table, err := New(kind, sweep("mnist", []uint64{1, 2, 3}, points...), "mnist", Options{Result: result})
		require.NoError(t, err)
		var got []string
		for _, verdict := range table.Verdicts {
			got = append(got, verdict.Claim)
			require.NotEmpty(t, verdict.Reading)
		}
		require.Equal(t, want, got)
		if kind == Table2 {
			require.Equal(t, claims.Supported, table.Verdicts[0].Outcome, table.Verdicts[0].Sentence)
			require.Empty(t, table.Verdicts[0].Missing)
		}
	}
}

func TestResultsThatCannotBeRead(t *testing.T) {
	broken := errors.New("disk")
	_, err := New(Table2, sweep("mnist", []uint64{1}, points2()...), "mnist", Options{
		Result: func(string) (*experiments.Result, error) { return nil, broken },
	})
	require.ErrorIs(t, err, broken)
	_, err = New(Table2, sweep("mnist", []uint64{1}, points2()...), "cifar10", Options{})
	require.ErrorIs(t, err, ErrEmpty)
}

func TestWriteRefusesAndReports(t *testing.T) {
	table, err := New(Points, sweep("mnist", []uint64{1}, points2()...), "mnist", Options{})
	require.NoError(t, err)
	require.ErrorIs(t, table.Write(&strings.Builder{}, "pdf"), ErrFormat)
	full := errors.New("disk full")
	require.ErrorIs(t, table.Write(failingWriter{full}, FormatCSV), full)
}

// The formats for programs can be read back, and hold every attacker.
func TestFormatsForPrograms(t *testing.T) {
	table, err := New(Table3, sweep("mnist", []uint64{1, 2}, points3(1, 100)), "mnist", Options{Result: result})
	require.NoError(t, err)
	for format, lines := range map[Format]int{FormatCSV: 1 + 2*(1+100), FormatCellsCSV: 1 + 4*5*2} {
		var out strings.Builder
		require.NoError(t, table.Write(&out, format))
		records, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
		require.NoError(t, err)
		require.Len(t, records, lines, format)
	}
	var out strings.Builder
	require.NoError(t, table.Write(&out, FormatJSON))
	var back Table
	require.NoError(t, json.Unmarshal([]byte(out.String()), &back))
	require.Len(t, back.Runs, 2*(1+100))
	require.Equal(t, table.Rows[0].Cells[0].Figures[0].Mean, back.Rows[0].Cells[0].Figures[0].Mean)
	require.Equal(t, table.Notes, back.Notes)
}

func TestMarks(t *testing.T) {
	table := &Table{}
	require.Equal(t, "a", table.mark("one"))
	require.Equal(t, "b", table.mark("two"))
	require.Equal(t, "a", table.mark("one"), "one footnote for one text")
	require.Equal(t, []string{"z", "aa", "ab", "ba"}, []string{letters(25), letters(26), letters(27), letters(52)})

	row := Row{Cells: []Cell{{Marks: []string{"a", "b"}}, {Marks: []string{"b"}}}}
	row.hoist()
	require.Equal(t, Row{Marks: []string{"b"}, Cells: []Cell{{Marks: []string{"a"}}, {Marks: []string{}}}}, row)
}

func TestGivenName(t *testing.T) {
	for name, want := range map[string]string{
		"mnist, N = 2, same label, seed 3":        "N = 2, same label",
		"attackers.p = 0.3, trigger.range = area": "",
		"mine, attackers.p = 0.3, seed 4, seed 3": "mine, seed 4",
		"a, attackers.p = 0.5":                    "a, attackers.p = 0.5",
	} {
		point := &experiments.PointSummary{
			Name: name, Seed: 3, Data: experiments.Data{Name: "mnist"},
			Keys: map[string]string{"attackers.p": "0.3", "trigger.range": "area"},
		}
		require.Equal(t, want, givenName(point), name)
	}
}

// Every row of a rendered table has all of its columns, and LaTeX's groups are
// closed, whatever names a sweep has.
func TestMarkupIsWhole(t *testing.T) {
	for _, s := range []*experiments.SweepSummary{sweep("folder", []uint64{1, 2}, pointsOfItsOwn()...), flawed()} {
		table, err := New(Points, s, s.Points[0].Data.Name, Options{Title: "x_1 {"})
		require.NoError(t, err)
		columns := len(table.Heads) + len(table.Columns)
		rows := 0
		latex := strings.NewReplacer(`\\`, "\n", `\{`, "", `\}`, "", `\&`, "").Replace(table.latex())
		for line := range strings.Lines(latex) {
			if n := strings.Count(line, "&"); n > 0 {
				require.Equal(t, columns-1, n, line)
				rows++
			}
			require.NotRegexp(t, `^\s*[\[*]`, line, "would be an argument of the line break before")
		}
		require.Equal(t, strings.Count(latex, "{"), strings.Count(latex, "}"))
		require.Zero(t, strings.Count(latex, "$")%2)
		for line := range strings.Lines(table.markdown()) {
			if strings.HasPrefix(line, "|") {
				require.Equal(t, columns+1, strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"), line)
				rows--
			}
		}
		require.Equal(t, -1, rows, "Markdown has one line more: the rule below the heads")
	}
}
