package cli

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The pages of the gallery (the tables, an audit, a game) in a browser: they fit, link, print and can be read aloud, and
// their tables and figures can be worked with.
func TestGalleryPages(t *testing.T) {
	ctx := browser(t)
	paths, err := filepath.Glob(filepath.Join("..", "docs", "gallery", "*.html"))
	require.NoError(t, err)
	require.Len(t, paths, 3)
	for _, path := range paths {
		absolute, err := filepath.Abs(path)
		require.NoError(t, err)
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Less(t, info.Size(), int64(1<<20), "under 1 MB")
		for name, check := range map[string]func(context.Context, *testing.T, string){
			"fits": fits, "links": links, "paper": prints, "accessible": isAccessible, "tools": hasTools,
		} {
			t.Run(filepath.Base(path)+" "+name, func(t *testing.T) { check(ctx, t, "file://"+absolute) })
		}
	}
}

// hasTools checks that each table can be sorted and its columns chosen, that a filter hides rows, that each figure
// gives its values away and shows them by the arrow keys, and that a link opens what is folded.
func hasTools(ctx context.Context, t *testing.T, address string) {
	show(ctx, t, address, 1440)
	require.Empty(t, evaluate[[]string](ctx, t, `[...document.querySelectorAll(".tablebox:not(.data)")].filter(b => !b.querySelector(".tools summary") ||
		![...b.querySelectorAll("thead tr:last-child th")].every(h => h.querySelector("button"))).map(b => b.id)`))
	require.Empty(t, evaluate[[]string](ctx, t, `[...document.querySelectorAll("figure[data-name]")].filter(f => f.querySelectorAll(".tools button").length !== 2).map(f => f.id)`))
	hidden := evaluate[float64](ctx, t, `(() => { const list = [...document.querySelectorAll(".tablebox:not(.data) .tools select")][0];
		const rows = [...list.closest(".tablebox").querySelectorAll("tbody tr")];
		list.value = list.options[1].value; list.dispatchEvent(new Event("change"));
		return rows.filter(r => r.classList.contains("out")).length; })()`)
	require.NotZero(t, hidden)
	require.NotEmpty(t, evaluate[string](ctx, t, `(() => { const plot = document.querySelector(".first .plot"); plot.focus();
		plot.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" })); return plot.querySelector(".tip:not([hidden])")?.textContent ?? ""; })()`))
	for _, place := range evaluate[[]string](ctx, t, `[...document.querySelectorAll("td a[href^='#'], th a[href^='#']")].slice(0, 3).map(a => a.hash)`) {
		evaluate[bool](ctx, t, `location.hash = "`+place+`", true`)
		require.Eventually(t, func() bool {
			return evaluate[bool](ctx, t, `document.querySelector(":target")?.getClientRects().length > 0`)
		}, time.Minute, 10*time.Millisecond, place)
	}
}
