package audits_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/audit"
	"backfire/audit/design"
	"backfire/claims"
	"backfire/internal/streams"
	"backfire/report/audits"
	"backfire/report/layout/layouttest"
	"backfire/stats"
)

var regen = flag.Bool("regen", false, "rewrite testdata")

// madeUpSpec is an audit of two factors.
func madeUpSpec() *audit.Spec {
	level := func(name, key, value string) audit.Level {
		return audit.Level{Name: name, Settings: map[string]string{key: value}}
	}
	return &audit.Spec{
		Format: audit.Format, Name: "made-up", Title: "Which of two readings <decides>", FirstSeed: 1,
		Factors: []audit.Factor{
			{Name: "sampling", Low: level("per agent", "trigger.sampling", "per_agent"), High: level("per image", "trigger.sampling", "per_image")},
			{Name: "labels", Low: level("same", "attackers.labels", "same"), High: level("distinct", "attackers.labels", "list")},
		},
		Primary:   audit.Primary{Claims: []string{"C1"}, Counts: []int{2}, Seeds: 7},
		Screening: audit.Screening{Resolution: 3, Counts: []int{2}, Looks: []int{6}},
		Phase:     &audit.Phase{Pair: []string{"sampling", "labels"}, Poisoned: []int{12, 48}, Counts: []int{1, 2}, First: 2, Step: 1, Most: 2},
		Margins:   claims.DefaultMargins(),
	}
}

// play makes up the games of a play: attackers spoil each other where their labels differ.
func play(p audit.Play) []audit.Trial {
	var trials []audit.Trial
	for _, n := range p.Counts {
		g := claims.Game{Seed: p.Seed, Defense: claims.NoDefense, Labels: claims.Same, CleanAccuracy: 0.95, CleanImages: 1000, Models: []string{fmt.Sprintf("%016x", 1000*p.Seed+uint64(n))}}
		for i := range n {
			noise := 0.02 * streams.New(p.Seed, fmt.Sprint(p.Condition), uint64(10*n+i)).Float64()
			a := claims.Attacker{
				ID: i, Target: 2, Rate: 0.2, P1: 0.2, P2: 0.2, Poisoned: 48, Images: 100, Robustness: stats.Undefined(), Randomness: stats.Undefined(), Divergence: stats.Undefined(),
				Lift: stats.Number(0.7 + noise), ASR: stats.Number(0.8 + noise),
			}
			if p.Poisoned == 12 {
				a.Lift, a.ASR = 0.05, 0.15
			}
			if n > 1 && p.High&design.Main(1) != 0 {
				a.Target, g.Labels, a.Lift, a.ASR = i, claims.Distinct, a.Lift/2, a.ASR/2
			}
			if i == 0 && n > 1 {
				a.Single = &claims.Figures{ASR: 0.8, Lift: 0.7, Model: fmt.Sprintf("%016x", p.Seed)}
			}
			g.Attackers = append(g.Attackers, a)
		}
		trials = append(trials, audit.Trial{Condition: p.Condition, Game: g})
	}
	return trials
}

// madeUp returns the document of a made-up audit of which the first plays are played; all with a negative number.
func madeUp(t *testing.T, plays int) *audits.Document {
	t.Helper()
	s := madeUpSpec()
	require.NoError(t, s.Check())
	var progress audit.Progress
	played := map[string]bool{}
	for more := true; more && plays != 0; {
		more = false
		wanted, err := s.Wanted(progress)
		require.NoError(t, err)
		for _, p := range wanted.Plays {
			if key := fmt.Sprint(p); !played[key] && plays != 0 {
				played[key], more = true, true
				plays--
				progress.Trials = append(progress.Trials, play(p)...)
			}
		}
	}
	result, err := s.Analyze(progress.Trials, "mnist", 1)
	require.NoError(t, err)
	result.Hash = strings.Repeat("ab", 32)
	missing := 0
	if plays == 0 {
		missing = 3
	}
	return audits.New(result, "mnist", missing, 1.5)
}

// pageOf returns a document as a page.
func pageOf(t *testing.T, d *audits.Document) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, d.WritePage(&out))
	layouttest.Check(t, out.String())
	return out.String()
}

// The page of an audit has its tables, the signs of answers, figures with their values, and cells that lead to
// their games.
func TestPage(t *testing.T) {
	d := madeUp(t, -1)
	html := pageOf(t, d)
	// The numbers of the figures are those of the tables, and are left out, as are rows behind the third.
	outline := regexp.MustCompile(`(?s)<details><summary>Values.*?</details>`).ReplaceAllString(layouttest.Outline(html), "")
	outline = regexp.MustCompile(`((?:<tr[^\n]*\n){2})(<tr[^\n]*\n)+`).ReplaceAllString(outline, "$1")
	const golden = "testdata/page.html"
	if *regen {
		require.NoError(t, os.WriteFile(golden, []byte(outline), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), outline)
	for _, text := range []string{
		`<p class="finding">Whether two attackers spoil each other is undecided`, "Which of two readings &lt;decides&gt;.", `data-sign="`, `<a href="#g-`, `<tr id="g-`, `class="figure large"`, `data-marks="`,
		`data-filter="stage"`, "<details class=\"tablebox\" id=\"games-table\"",
	} {
		require.True(t, strings.Contains(html, text), text)
	}
	drawn, err := d.Figures()
	require.NoError(t, err)
	for _, f := range drawn {
		require.NotEmpty(t, f.Alt())
		require.NotEmpty(t, f.Values.Rows, f.Name)
	}
}

// docs/audit.md names the columns of every table as CSV, in their order.
func TestEveryColumnIsDocumented(t *testing.T) {
	t.Parallel()
	d := madeUp(t, -1)
	for _, format := range []audits.Format{audits.AnswersCSV, audits.EffectsCSV, audits.CombinationsCSV, audits.PhaseCSV} {
		layouttest.RequireDocumented(t, "../../docs/audit.md", string(format), layouttest.Written(t, d, format))
	}
}

// The published tables of audits have the columns that docs/audit.md names.
func TestPublishedTablesAreDocumented(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../docs/audit/audit-*-*.*.csv")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		_, format, _ := strings.Cut(filepath.Base(file), ".")
		layouttest.RequireDocumented(t, "../../docs/audit.md", format, string(content))
	}
}

// An audit without a game, or with some of its games, has a page.
func TestPageOfAPartOfAnAudit(t *testing.T) {
	empty := pageOf(t, madeUp(t, 0))
	require.Contains(t, empty, "No game of the primary reading is stored yet.")
	require.Contains(t, empty, "3 models that the audit asks for have no result yet")
	require.NotContains(t, empty, "<figure")
	for _, plays := range []int{1, 4, 9} {
		require.Contains(t, pageOf(t, madeUp(t, plays)), "have no result yet", plays)
	}
}

// Every format of an audit can be written, of a whole one and of none.
func TestFormats(t *testing.T) {
	for _, plays := range []int{0, -1} {
		d := madeUp(t, plays)
		for _, format := range audits.Formats() {
			var out bytes.Buffer
			require.NoError(t, d.Write(&out, format), format)
			require.NotEmpty(t, out.String(), format)
			require.NotContains(t, out.String(), "-0.0 ", format)
		}
	}
}
