package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// evaluate runs JavaScript in a page and returns its value.
func evaluate[T any](ctx context.Context, t *testing.T, script string) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	require.NoError(t, err)
	return value
}

// show opens a page in a window of a width.
func show(ctx context.Context, t *testing.T, address string, width int64) {
	t.Helper()
	require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate("about:blank"), chromedp.Navigate(address)))
}

// A page of stored results in a browser.
func TestReportPage(t *testing.T) {
	ctx := browser(t)
	opts, _ := storedReport(t)
	for name, check := range map[string]func(context.Context, *testing.T, string){
		"finding": beginsWithTheFinding, "values": showsValuesOfFigures, "filters": filters, "downloads": downloads,
		"links": links, "fits": fits, "sorts": sorts, "accessible": isAccessible, "paper": prints,
	} {
		t.Run(name, func(t *testing.T) { check(ctx, t, "file://"+opts.Out) })
	}
}

// beginsWithTheFinding checks that the first screen has the finding with its figure, and the
// drawing beside it, whole.
func beginsWithTheFinding(ctx context.Context, t *testing.T, page string) {
	for _, width := range []int64{390, 1440} {
		show(ctx, t, page, width)
		require.NotEmpty(t, evaluate[string](ctx, t, `document.querySelector(".finding").textContent`))
		bottom := evaluate[float64](ctx, t, `[...document.querySelectorAll(".first svg, .finding")].filter(e => e.getClientRects().length).at(-1).getBoundingClientRect().bottom`)
		require.Less(t, bottom, 900.0, "%d px", width)
		require.Equal(t, 1.0, evaluate[float64](ctx, t, `[...document.querySelectorAll(".first svg")].filter(e => e.getClientRects().length).length`))
	}
}

// showsValuesOfFigures checks that values are shown under the pointer and with the arrow keys, and
// leave with Escape.
func showsValuesOfFigures(ctx context.Context, t *testing.T, page string) {
	show(ctx, t, page, 1440)
	point := evaluate[map[string]float64](ctx, t, `(() => {
		const plot = document.querySelector(".first .plot"), svg = [...plot.querySelectorAll("svg")].find(e => e.getClientRects().length);
		const [x, y] = JSON.parse(svg.dataset.marks)[0], p = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
		return { x: p.x + 2, y: p.y - 2 }; })()`)
	_, err := chromedp.Call(ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved, X: point["x"], Y: point["y"]})
	require.NoError(t, err)
	tip := func() string {
		return evaluate[string](ctx, t, `(() => { const tip = document.querySelector(".first .tip"); return tip.hidden ? "" : tip.textContent; })()`)
	}
	require.Eventually(t, func() bool { return tip() != "" }, time.Minute, 10*time.Millisecond)
	require.Contains(t, tip(), "%")
	key := func(name string) {
		evaluate[bool](ctx, t, fmt.Sprintf(`(() => { const plot = document.querySelector(".first .plot"); plot.focus();
			plot.dispatchEvent(new KeyboardEvent("keydown", { key: %q })); return document.activeElement === plot; })()`, name))
	}
	key("Home")
	first := tip()
	key("ArrowRight")
	require.NotEqual(t, first, tip())
	key("ArrowLeft")
	require.Equal(t, first, tip())
	key("Escape")
	require.Empty(t, tip())
}

// filters checks that rows are filtered, that columns are chosen, and that a table tells what lies
// outside a phone's window.
func filters(ctx context.Context, t *testing.T, page string) {
	show(ctx, t, page, 390)
	require.Regexp(t, `^\d+ more columns? →$`, evaluate[string](ctx, t, `document.querySelector("div.tablebox .beyond:not([hidden])").textContent`))
	rows := `[...document.querySelectorAll("table.results tbody tr")].filter(r => r.getClientRects().length).length`
	all := evaluate[float64](ctx, t, rows)
	require.Equal(t, 4.0, all)
	require.Equal(t, 2.0, evaluate[float64](ctx, t, `(() => { const list = document.querySelector("div.tablebox select"); list.value = "2";
		list.dispatchEvent(new Event("change")); return `+rows+`; })()`))
	require.Equal(t, 0.0, evaluate[float64](ctx, t, `(() => { const field = document.querySelector("div.tablebox input[type=search]"); field.value = "no such row";
		field.dispatchEvent(new Event("input")); return `+rows+`; })()`))
	// Without all columns but the first, nothing lies outside.
	require.True(t, evaluate[bool](ctx, t, `(() => { for (const box of document.querySelectorAll("div.tablebox .tools input[type=checkbox]")) box.click();
		return document.querySelector("div.tablebox .beyond").hidden; })()`))

	// The rows of every attacker and seed.
	evaluate[bool](ctx, t, `document.querySelector("details.data").open = true`)
	count := `document.querySelector("details.data [role=status]")?.textContent ?? ""`
	require.Eventually(t, func() bool { return evaluate[string](ctx, t, count) != "" }, time.Minute, 10*time.Millisecond)
	require.Equal(t, "6 of 6 rows", evaluate[string](ctx, t, count))
	require.Equal(t, "4 of 6 rows", evaluate[string](ctx, t, `(() => {
		const list = [...document.querySelectorAll("details.data label")].find(l => l.textContent.startsWith("N")).querySelector("select");
		list.value = "2"; list.dispatchEvent(new Event("change")); return `+count+`; })()`))
}

// downloads checks that each figure gives its values as CSV and its drawing as SVG with fixed colours.
func downloads(ctx context.Context, t *testing.T, page string) {
	show(ctx, t, page, 1440)
	saved := func(name string) string {
		evaluate[bool](ctx, t, fmt.Sprintf(`(() => { window.saved = ""; const make = URL.createObjectURL;
			URL.createObjectURL = (blob) => { blob.text().then(t => window.saved = t); URL.createObjectURL = make; return make.call(URL, blob); };
			[...document.querySelectorAll(".first .tools button")].find(b => b.textContent === %q).click(); return true; })()`, name))
		text := ""
		require.Eventually(t, func() bool {
			text = evaluate[string](ctx, t, `window.saved`)
			return text != ""
		}, time.Minute, 10*time.Millisecond)
		return text
	}
	require.Regexp(t, `^attacker,"alone, %",`, saved("CSV"))
	svg := saved("SVG")
	require.Contains(t, svg, `xmlns="http://www.w3.org/2000/svg"`)
	require.Contains(t, svg, "<title")
	require.NotContains(t, svg, "var(")
	require.Contains(t, svg, "#0B3C6F")
}

// links checks that every link within the page leads to a place of its own.
func links(ctx context.Context, t *testing.T, page string) {
	show(ctx, t, page, 1440)
	require.Equal(t, []string{}, evaluate[[]string](ctx, t, `[...document.querySelectorAll("a[href^='#']")].map(a => a.hash.slice(1)).filter(id => !document.getElementById(id))`))
	require.Equal(t, []string{}, evaluate[[]string](ctx, t, `[...document.querySelectorAll("[id]")].map(e => e.id).filter((id, i, all) => all.indexOf(id) !== i)`))
	require.Equal(t, []string{}, evaluate[[]string](ctx, t, `[...document.querySelectorAll("figure[data-name], .tablebox h3")].filter(e => !e.querySelector(".permalink")).map(e => e.id)`))
}

// prints checks that a page fits on paper (A4 with its margins is 688 pixels wide): no table or figure is cut off, and
// what a reader works with on a screen is left out.
func prints(ctx context.Context, t *testing.T, address string) {
	show(ctx, t, address, 1440)
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	require.NoError(t, err)
	require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(688, 1000)))
	require.Equal(t, []string{}, evaluate[[]string](ctx, t, `[...document.querySelectorAll("main *")].filter(e => !e.closest("svg") &&
		e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 200))`), "cut off")
	require.Equal(t, []string{}, evaluate[[]string](ctx, t, `[...document.querySelectorAll(".tools, nav, .beyond, .permalink, summary, .skip")].filter(e =>
		e.getClientRects().length).map(e => e.outerHTML.slice(0, 200))`), "controls on paper")
	require.NotZero(t, evaluate[float64](ctx, t, `[...document.querySelectorAll("svg")].filter(e => e.getClientRects().length).length`))
	_, err = chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	require.NoError(t, err)
	printed, err := chromedp.Call(ctx, cdppage.PrintToPDF, cdppage.PrintToPDFParams{})
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(printed.Data), "%PDF"))
}

// isAccessible checks that axe-core finds no violation, light and dark, with all parts open.
func isAccessible(ctx context.Context, t *testing.T, page string) {
	for _, scheme := range []string{"light", "dark"} {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		require.NoError(t, err)
		for _, width := range []int64{390, 1440} {
			show(ctx, t, page, width)
			requireAccessible(ctx, t)
		}
	}
}

// requireAccessible fails if axe-core finds a violation in the page that is shown. It skips the
// test without axe-core, which make test fetches.
func requireAccessible(ctx context.Context, t *testing.T) {
	t.Helper()
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	paths, err := filepath.Glob(filepath.Join(cmp.Or(os.Getenv("BACKFIRE_CACHE"), filepath.Join(cache, "backfire")), "tools", "axe-core-*", "package", "axe.min.js"))
	require.NoError(t, err)
	if len(paths) == 0 {
		t.Skip("no axe-core in the cache directory; make test fetches it")
	}
	source, err := os.ReadFile(paths[len(paths)-1])
	require.NoError(t, err)
	evaluate[bool](ctx, t, string(source)+`; for (const details of document.querySelectorAll("details")) details.open = true; true`)
	evaluate[bool](ctx, t, `window.axeResult = ""; axe.run(document, { resultTypes: ["violations"] }).then(
		r => window.axeResult = JSON.stringify(r.violations.map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.html + " " + n.failureSummary).join(" | "))),
		e => window.axeResult = JSON.stringify([String(e)])); true`)
	text := ""
	require.Eventually(t, func() bool {
		text = evaluate[string](ctx, t, `window.axeResult`)
		return text != ""
	}, 2*time.Minute, 20*time.Millisecond)
	var violations []string
	require.NoError(t, json.Unmarshal([]byte(text), &violations))
	require.Empty(t, violations)
}
