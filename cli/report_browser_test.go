package cli

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// browser starts a Chromium with an empty profile, or skips the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("no chromium, chromium-browser or google-chrome here to look at the page with")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.WSURLReadTimeout(5*time.Minute))
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Minute)
	t.Cleanup(stop)
	ctx, end := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(end)
	ctx, end = chromedp.NewContext(ctx)
	t.Cleanup(end)
	return ctx
}

// complaints collects what a page says on its console.
type complaints struct {
	sync.Mutex
	texts []string
}

func (c *complaints) hear(event any) {
	c.Lock()
	defer c.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		c.texts = append(c.texts, fmt.Sprint("console: ", e.Type))
	case *runtime.EventExceptionThrown:
		c.texts = append(c.texts, fmt.Sprint("exception: ", e.ExceptionDetails))
	case *log.EventEntryAdded:
		c.texts = append(c.texts, "log: "+e.Entry.Text)
	}
}

func (c *complaints) all() []string {
	c.Lock()
	defer c.Unlock()
	return slices.Clone(c.texts)
}

// fits checks that nothing is wider than the window, on a phone and on a desktop, light and dark, and
// that the page says nothing on its console.
func fits(ctx context.Context, t *testing.T, page string) {
	heard := &complaints{}
	require.NoError(t, chromedp.Listen(ctx, heard.hear))
	_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
	require.NoError(t, err)
	for _, scheme := range []string{"light", "dark"} {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		require.NoError(t, err)
		for _, width := range []int64{390, 1440} {
			require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate(page)))
			// Closed parts must fit as well.
			wide, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`
				for (const details of document.querySelectorAll("details")) details.open = true;
				document.documentElement.scrollWidth`))
			require.NoError(t, err)
			require.LessOrEqual(t, wide, float64(width), "%s, %d px: the page is wider than the window", scheme, width)
			outside, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`[...document.querySelectorAll("main *")].filter(e =>
				!e.closest(".scroll, svg") && e.getBoundingClientRect().right > innerWidth + 1).length`))
			require.NoError(t, err)
			require.Zero(t, outside, "%s, %d px: elements that are cut off", scheme, width)
		}
	}
	// The last thing heard is this, so that nothing before it was missed.
	_, err = chromedp.Run(ctx, chromedp.Evaluate[bool](`console.log("end"), true`))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(heard.all()) > 0 }, time.Minute, 10*time.Millisecond)
	require.Equal(t, []string{"console: log"}, heard.all())
}

// sorts checks that a click on a head sorts the rows by it.
func sorts(ctx context.Context, t *testing.T, page string) {
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate("about:blank"), chromedp.Navigate(page)))
	// The heads: point, p1, N, acc., ASR.
	column := func(click int) []float64 {
		values, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](fmt.Sprintf(`
			(() => { const head = document.querySelectorAll("table.results thead tr:last-child th")[4];
			for (let i = 0; i < %d; i++) head.querySelector("button").click();
			return [...document.querySelectorAll("table.results tbody tr")].map(row => Number(row.cells[4].dataset.sort)); })()`, click)))
		require.NoError(t, err)
		return values
	}
	up := column(1)
	require.Len(t, up, 4)
	require.IsNonDecreasing(t, up)
	require.IsNonIncreasing(t, column(1))
}
