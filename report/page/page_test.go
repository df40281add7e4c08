package page

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"backfire/claims"
	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/stats"
)

// madeUpSummary makes up a sweep of one point with games of one and two attackers, in
// a store that has none of their models.
func madeUpSummary(st string) *summary.Summary {
	point := summary.PointSummary{
		Name: "mine", Seed: 7, Data: cell.Data{Name: "mnist", Images: 100}, Pool: 50, Labels: "same", Readings: cell.Readings{Seats: 2},
		Model: cell.Model{Architecture: cell.ResNet18, Width: 2}, Training: cell.Training{Epochs: 1, Batch: 8},
	}
	for n := 1; n <= 2; n++ {
		g := summary.GameSummary{}
		g.N, g.Defender, g.Complete, g.CleanAccuracy = n, plan.Undefended, true, game.Rate{Hits: 9, Of: 10}
		g.Cell = fmt.Sprintf("model%d", n)
		g.Models = []string{g.Cell}
		for id := range n {
			a := summary.GameAttacker{}
			a.ID, a.PoisonRate, a.Label, a.ASR = id, 0.2, "<2>", game.Rate{Hits: 5 + id, Of: 10}
			lift := stats.Number(0.5)
			a.SingleASR, a.SingleLift, a.SingleCell = &game.Rate{Hits: 5, Of: 10}, &lift, fmt.Sprint("single", id)
			g.Attackers = append(g.Attackers, a)
		}
		g.ASR = stats.Over(g.Attackers, func(a summary.GameAttacker) float64 { return a.ASR.Value() })
		g.BaseRate, g.Robustness = stats.Summarize([]float64{0.1}), stats.Summarize([]float64{0.2})
		point.Games = append(point.Games, g)
	}
	return &summary.Summary{
		Sweep: strings.Repeat("ab", 32), Store: st, Points: []summary.PointSummary{point},
		Origin: &summary.Request{Kind: "points", Name: "mine", Title: "einfach <so>", Command: "backfire sweep 'a b.yaml' --seeds=1"},
	}
}

func noImages(context.Context, datasets.Source) (*datasets.Set, error) {
	return nil, datasets.ErrMissing
}

func TestPageWithoutTheModels(t *testing.T) {
	p, err := New(context.Background(), Input{
		Summaries: []*summary.Summary{madeUpSummary(t.TempDir())}, Load: noImages,
		Program: store.Build{Version: "v9", Commit: "0123456789abcdef"},
	})
	require.NoError(t, err)
	require.Equal(t, "Einfach <so> on mnist", p.Title)
	require.Len(t, p.Notes, 1)
	require.Contains(t, p.Notes[0], "The stored files of 4 models cannot be used (not in the store)")
	var out bytes.Buffer
	require.NoError(t, p.Write(&out))
	html := out.String()
	for _, text := range []string{
		"<h1>Einfach &lt;so&gt; on mnist</h1>", `<section id="mine-mnist">`, `id="mine-mnist-alone-among"`, "One seed: 7, so there is no interval over seeds.", "ASR against the number of attackers",
		"backfire sweep &#39;a b.yaml&#39; --seeds=1", strings.Repeat("ab", 32), "(<code>0123456789ab</code>)",
	} {
		require.Contains(t, html, text)
	}
	// Every figure has its text alternative, and nothing is fetched.
	require.Equal(t, strings.Count(html, "<svg "), strings.Count(html, `<svg role="img" aria-label="`))
	require.Equal(t, strings.Count(html, "<figure id="), strings.Count(html, "<summary>Values</summary>"))
	require.NotRegexp(t, `[^0-9]-0(\.0+)?[^0-9.]`, html)
	require.Equal(t, 1, strings.Count(html, "Readings: "), "the notes name them once")
	require.NotRegexp(t, regexp.MustCompile(`(src|href)="(https?:|//)`), html)
	require.NotContains(t, html, "ZgotmplZ", "a value that the template refuses")
}

// The page marks what was not fixed before training, and labels intervals over images.
func TestPageMarksExploratoryAnswers(t *testing.T) {
	shown := func(primary *plan.Primary, reading string, seeds ...uint64) string {
		s := madeUpSummary(t.TempDir())
		s.Primary = primary
		s.Points[0].Keys = map[string]string{"trigger.sampling": reading}
		for _, seed := range seeds {
			point := s.Points[0]
			point.Seed = seed
			s.Points = append(s.Points, point)
		}
		p, err := New(context.Background(), Input{Summaries: []*summary.Summary{s}, Load: noImages})
		require.NoError(t, err)
		var out bytes.Buffer
		require.NoError(t, p.Write(&out))
		return out.String()
	}
	one := shown(nil, "per_agent")
	require.NotContains(t, one, `<article class="claim`, "one seed speaks to no claim")
	require.Contains(t, one, "Claims that these games do not speak to (")
	require.Contains(t, one, "<small>Exploratory: not fixed before training.</small>")
	require.Contains(t, one, `<span class="interval"><i>CI, images</i> 23–77</span>`)
	exploratory := shown(nil, "per_agent", 8)
	require.Contains(t, exploratory, "<h3>Exploratory answers on the paper&#39;s claims")
	require.Contains(t, exploratory, `<span class="outcome">exploratory: undecided</span>`)
	require.Contains(t, exploratory, "Nothing was fixed before training")
	require.NotContains(t, exploratory, "<h3>Verdicts on")

	primary := &plan.Primary{Claims: []string{"C1"}, Margins: claims.DefaultMargins(), Reading: map[string]string{"trigger.sampling": "per_agent"}}
	verdicts := shown(primary, "per_agent")
	require.Contains(t, verdicts, "<h3>Verdicts on the paper&#39;s claims")
	require.Contains(t, verdicts, "Fixed before training: the claim C1, with trigger.sampling = per_agent;")
	require.NotContains(t, verdicts, "exploratory: undecided")
	require.Contains(t, shown(primary, "per_image", 8), "exploratory: undecided")
}

func TestPageOfNothing(t *testing.T) {
	s := madeUpSummary(t.TempDir())
	for i := range s.Points[0].Games {
		s.Points[0].Games[i].Complete = false
	}
	_, err := New(context.Background(), Input{Summaries: []*summary.Summary{s}, Load: noImages})
	require.ErrorIs(t, err, ErrEmpty)
}

// A summary that contradicts itself does not keep the others from being shown.
func TestPageWithASummaryThatCannotBeShown(t *testing.T) {
	bad := madeUpSummary(t.TempDir())
	bad.Sweep, bad.Origin.Kind = strings.Repeat("cd", 32), "table1"
	for i := range bad.Points[0].Games {
		bad.Points[0].Games[i].Models = nil
	}
	p, err := New(context.Background(), Input{Summaries: []*summary.Summary{bad, madeUpSummary(t.TempDir())}, Load: noImages})
	require.NoError(t, err)
	require.Len(t, p.Sections, 1)
	require.Contains(t, p.Notes[0], "cdcdcdcdcdcd on mnist cannot be shown: report: table1 on mnist")
	_, err = New(context.Background(), Input{Summaries: []*summary.Summary{bad}, Load: noImages})
	require.ErrorIs(t, err, ErrEmpty)
	require.ErrorContains(t, err, "cannot be shown")
}

func TestSettings(t *testing.T) {
	record := func(seed uint64, rates ...float64) *store.Record {
		r := &store.Record{}
		r.Cell.Game.Seed, r.Cell.Data.Classes = seed, []string{"a", "b"}
		for i, rate := range rates {
			r.Cell.Game.Attackers = append(r.Cell.Game.Attackers, game.Attacker{ID: i, PoisonRate: rate})
		}
		return r
	}
	values := map[string]Setting{}
	for _, s := range settings([]*store.Record{record(1, 0.2), record(2, 0.2, 0.4), record(2, 0.2)}) {
		values[s.Key] = s
	}
	require.Equal(t, []string{"1", "2"}, values["game.seed"].Values)
	require.Equal(t, []string{"0.2", "0.4"}, values["game.attackers[].p0"].Values)
	require.Equal(t, []string{"a, b"}, values["data.classes"].Values)
	require.True(t, values["data.classes"].Fixed())
	require.False(t, values["game.seed"].Fixed())

	var many []*store.Record
	for seed := range uint64(mostValues + 3) {
		many = append(many, record(seed, 0.2))
	}
	for _, s := range settings(many) {
		if s.Key == "game.seed" {
			require.Len(t, s.Values, mostValues)
			require.Equal(t, 3, s.More)
		}
	}
}

func TestWalkKeepsEveryValue(t *testing.T) {
	var node yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte("a: {b: [1, 2], c: [{d: x}, {d: y}]}\ne: null"), &node))
	var found []string
	walk("", node.Content[0], func(key, value string) { found = append(found, key+"="+value) })
	require.Equal(t, []string{"a.b=1, 2", "a.c[].d=x", "a.c[].d=y", "e=null"}, found)
}

func TestClaimKeepsItsStatistics(t *testing.T) {
	c := newClaim(claims.Verdict{Outcome: claims.NoEffect, Statistics: []claims.Statistic{
		{Name: "change", Unit: claims.Difference, Side: claims.Below, Bound: -0.05, OppositeBound: 0.05, Estimate: 0.01, Low: -0.02, High: 0.04, Outcome: claims.NoEffect},
		{Name: "unknown", Estimate: stats.Undefined()},
	}})
	require.Equal(t, []Statistic{{
		Name: "change", Estimate: "+1.0 points", Interval: "-2.0 points to +4.0 points",
		Conditions: "supported below -5.0, opposite above +5.0", Outcome: "no effect",
	}}, c.Statistics)
	require.Equal(t, "=", badge(c.Outcome))
	require.Equal(t, "no-effect", class(c.Outcome))
}

// Images are taken from whichever split the model was trained on, and only if
// they are the same.
func TestImagesAreThoseOfTheModel(t *testing.T) {
	set, err := datasets.New("mnist", []uint8{0, 255}, []uint16{0, 1}, 1, 1, 1, []string{"a", "b"})
	require.NoError(t, err)
	asked := 0
	library := images{sets: map[string]*datasets.Set{}, refused: map[string]bool{}, in: Input{Load: func(_ context.Context, s datasets.Source) (*datasets.Set, error) {
		asked++
		if s.Split != datasets.SplitTrain {
			return nil, datasets.ErrMissing
		}
		return set, nil
	}}}
	found, err := library.find(context.Background(), cell.Data{Name: "mnist", Checksum: set.Checksum})
	require.NoError(t, err)
	require.Same(t, set, found)
	for range 2 {
		found, err = library.find(context.Background(), cell.Data{Name: "mnist", Checksum: "other"})
		require.NoError(t, err)
		require.Nil(t, found)
	}
	require.Equal(t, 3+4, asked, "what was not found is not looked for again")
	require.Len(t, library.notes, 1)
}
