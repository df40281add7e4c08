package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/claims"
	"backfire/experiments/store"
	"backfire/report/layout/layouttest"
	"backfire/report/table"
)

// forms returns the text of a table in each form that is for people, and as JSON.
func forms(t *testing.T, made *table.Table) map[string]string {
	t.Helper()
	html, err := made.HTML()
	require.NoError(t, err)
	texts := map[string]string{"html": string(html)}
	for _, format := range []table.Format{table.FormatText, table.FormatMarkdown, table.FormatLaTeX, table.FormatJSON} {
		texts[string(format)] = strings.Join(strings.Fields(layouttest.Written(t, made, format)), " ")
	}
	return texts
}

// ids returns the claims of verdicts, exploratory ones in brackets.
func ids(verdicts []claims.Verdict) []string {
	var all []string
	for _, v := range verdicts {
		id := v.Claim
		if v.Exploratory {
			id = "(" + id + ")"
		}
		all = append(all, id)
	}
	return all
}

// What was fixed before training is a verdict, and all else is marked as exploratory in
// every form.
func TestPrimaryAndExploratory(t *testing.T) {
	s := fixed(sweep("mnist", []uint64{1, 2, 3}, points1()...), "C1", "C3")
	s.Primary.Margins.Effect = 0.07
	made, err := New(Table1, s, "mnist", Options{Result: result})
	require.NoError(t, err)
	require.Equal(t, []string{"C1", "C3", "(C2)"}, ids(made.Verdicts))
	require.Equal(t, -0.07, made.Verdicts[0].Statistics[0].Bound)
	for form, text := range forms(t, made) {
		switch form {
		case "html": // the page has the claims
			continue
		case "json":
			require.Equal(t, 2, strings.Count(text, `"exploratory": false`))
			require.Equal(t, 1, strings.Count(text, `"exploratory": true`))
		default:
			verdicts, exploratory, found := strings.Cut(text, "Exploratory answers on the paper's claims")
			require.True(t, found, form)
			require.Contains(t, verdicts, "Verdicts on the paper's claims", form)
			require.Contains(t, verdicts, "C3 mutually assured destruction: UNDECIDED", form)
			require.Contains(t, exploratory, "C2 one raises p: UNDECIDED (exploratory)", form)
			require.NotContains(t, verdicts, "(exploratory)", form)
		}
		require.Contains(t, text, "Fixed before training: the claims C1, C3, corrected together; margins of 7 points", form)
		require.Contains(t, text, "looks after 12, 24 seeds (this is a look after 3;", form)
	}

	made, err = New(Table1, sweep("mnist", []uint64{1}, points1()...), "mnist", Options{Result: result})
	require.NoError(t, err)
	require.Equal(t, []string{"(C1)", "(C2)", "(C3)"}, ids(made.Verdicts))
	for form, text := range forms(t, made) {
		if form != "html" {
			require.Contains(t, text, "Nothing was fixed before training", form)
			require.NotContains(t, text, "Verdicts on", form)
		}
	}
}

// The points of the primary reading are judged by themselves. Those of other readings
// have exploratory answers, which name their reading.
func TestReadingsAreJudgedApart(t *testing.T) {
	var points []fakePoint
	for _, sampling := range []string{"per_image", "per_agent"} {
		points = append(points, fakePoint{
			name: sampling, keys: map[string]string{"trigger.sampling": sampling, "attackers.counts": "1,2"},
			labels: "same", counts: []int{1, 2}, p: 0.2, singles: 1,
		})
	}
	s := fixed(sweep("mnist", []uint64{1, 2}, points...), "C1", "C4")
	made, err := New(Points, s, "mnist", Options{Name: "mine"})
	require.NoError(t, err)
	require.Empty(t, ids(made.Verdicts), "the two readings contradict each other")
	require.Contains(t, made.Notes[len(made.Notes)-1], "differ in more than the claims compare")

	s.Primary.Reading = map[string]string{"trigger.sampling": "per_agent"}
	made, err = New(Points, s, "mnist", Options{Name: "mine"})
	require.NoError(t, err)
	require.Equal(t, []string{"C1", "(S2)", "(C1)", "(S2)"}, ids(made.Verdicts), "C4 has no games, and is absent")
	require.Equal(t, 2, made.Verdicts[0].Claims, "and counts as one that was chosen")
	require.True(t, strings.HasPrefix(made.Verdicts[2].Reading, "trigger.sampling = per_image; trigger per_dimension"), made.Verdicts[2].Reading)
	for form, text := range forms(t, made) {
		if form != "html" { // the page has the claims
			require.Contains(t, strings.ReplaceAll(text, `\_`, "_"), "trigger.sampling = per_image; trigger", form)
		}
	}
}

// A claim that a table cannot speak to is absent from every form, rather than undecided on
// no seed.
func TestAbsentClaims(t *testing.T) {
	single := points3(2)
	single.singles = 0
	for name, tc := range map[string]struct {
		kind   Kind
		points []fakePoint
		want   []string
	}{
		"no rate is raised": {Table1, points1()[:1], []string{"C1"}},
		"one label":         {Table2, points2()[:1], []string{"C1"}},
		"no defense":        {Table3, []fakePoint{points3(1, 2, 5)}, []string{"C1"}},
		"one N, no single":  {Table3, []fakePoint{single}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			all := []string{"C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8"}
			made, err := New(tc.kind, fixed(sweep("mnist", []uint64{1, 2}, tc.points...), all...), "mnist", Options{Result: result})
			require.NoError(t, err)
			require.Equal(t, tc.want, ids(made.Verdicts))
			for form, text := range forms(t, made) {
				require.NotRegexp(t, `\b0 (seeds|models)`, text, form)
				for _, claim := range claims.All() {
					if !slices.Contains(tc.want, claim.ID) {
						require.NotContains(t, text, claim.ID+" "+claim.Title, form)
					}
				}
			}
		})
	}
}

// A summary of an earlier version has the ASR of an attacker alone with all images, which is
// no matched single: nothing is said of the others.
func TestSinglesOfEarlierVersions(t *testing.T) {
	s := fixed(sweep("mnist", []uint64{1, 2}, points3(1, 2)), "C1")
	made, err := New(Table3, s, "mnist", Options{Result: result})
	require.NoError(t, err)
	require.Equal(t, []string{"C1"}, ids(made.Verdicts))
	require.Contains(t, made.Finding, "Whether two attackers spoil each other is undecided: interference ")
	for i := range s.Points {
		s.Points[i].Readings.Seats = 0
		for j := range s.Points[i].Games {
			for k := range s.Points[i].Games[j].Attackers {
				s.Points[i].Games[j].Attackers[k].SingleLift = nil
			}
		}
	}
	made, err = New(Table3, s, "mnist", Options{Result: result})
	require.NoError(t, err)
	require.Empty(t, made.Verdicts)
	require.Contains(t, made.Finding, "interference was not measured")
}

// A matched single whose model collapsed tells nothing.
func TestCollapsedSinglesAreLeftOut(t *testing.T) {
	s := fixed(sweep("mnist", []uint64{1, 2}, points3(1, 2)), "C1")
	made, err := New(Table3, s, "mnist", Options{Result: func(cell string) (*store.Result, error) {
		r, err := result(cell)
		if err == nil {
			r.Collapsed = strings.HasPrefix(cell, "single-1")
		}
		return r, err
	}})
	require.NoError(t, err)
	require.Equal(t, []uint64{2}, made.Verdicts[0].Seeds)
	require.Equal(t, []string{"collapsed model, its seed left out: the matched single of attacker 0 in N = 2, labels random, p = 0.2, no defense (seed 1)"}, made.Verdicts[0].Excluded)
}
