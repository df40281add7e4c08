// Command pageshots takes pictures of an HTML page in headless Chromium: at the width of a phone and
// of a desktop, light and dark.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

func main() {
	out := flag.String("o", ".", "directory of the pictures")
	height := flag.Int64("height", 900, "pixels of the picture; 0: the whole page")
	anchor := flag.String("at", "", "id of the element that is scrolled to")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := shoot(flag.Arg(0), *out, *anchor, *height); err != nil {
		fmt.Fprintln(os.Stderr, "pageshots:", err)
		os.Exit(1)
	}
}

// shoot takes the four pictures of the page at a path or an address.
func shoot(page, out, anchor string, height int64) error {
	path := cmp.Or(found("chromium"), found("chromium-browser"), found("google-chrome"))
	if path == "" {
		return fmt.Errorf("no chromium, chromium-browser or google-chrome here")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.WSURLReadTimeout(5*time.Minute))
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Minute)
	defer stop()
	ctx, end := chromedp.NewExecAllocator(ctx, options...)
	defer end()
	ctx, end = chromedp.NewContext(ctx)
	defer end()
	address := page
	if !strings.Contains(page, "://") {
		absolute, err := filepath.Abs(page)
		if err != nil {
			return err
		}
		address = "file://" + absolute
	}
	if anchor != "" {
		address += "#" + anchor
	}
	stem := strings.TrimSuffix(filepath.Base(page), filepath.Ext(page))
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{390, 1440} {
			picture, err := picture(ctx, address, scheme, width, height)
			if err != nil {
				return fmt.Errorf("%s, %d pixels: %w", scheme, width, err)
			}
			if picture, err = smaller(picture); err != nil {
				return fmt.Errorf("%s, %d pixels: %w", scheme, width, err)
			}
			name := filepath.Join(out, fmt.Sprintf("%s-%d-%s.png", stem, width, scheme))
			if err := os.WriteFile(name, picture, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// picture returns a picture of a page as PNG. With height 0 it is of the whole page.
func picture(ctx context.Context, address, scheme string, width, height int64) ([]byte, error) {
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		return nil, err
	}
	window := cmp.Or(height, 900)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, window), chromedp.Navigate("about:blank"), chromedp.Navigate(address)); err != nil {
		return nil, err
	}
	if height == 0 {
		return chromedp.Run(ctx, chromedp.FullScreenshot(100))
	}
	return chromedp.Run(ctx, chromedp.CaptureScreenshot())
}

// found returns the path of a program, empty if it is not there.
func found(name string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}
