package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// console writes to the person at the terminal, or to a log.
type console struct {
	out      io.Writer
	terminal bool // out is a terminal, on which progress bars can be drawn
}

// newConsole returns the console on f.
func newConsole(f *os.File) console {
	return console{out: f, terminal: term.IsTerminal(int(f.Fd()))}
}

// say prints one line.
func (c console) say(format string, args ...any) {
	fmt.Fprintf(c.out, format+"\n", args...)
}

// bytesProgress returns a function that shows how many bytes of a download there are: as a bar on a terminal, in a log as a line for
// each ten percent. A total of -1 is not known. finish ends the display.
func (c console) bytesProgress(label string) (progress func(done, total int64), finish func()) {
	if !c.terminal {
		lines := percentLines{console: c, label: label}
		return lines.show, func() {}
	}
	var bar *progressbar.ProgressBar
	return func(done, total int64) {
			if bar == nil {
				bar = c.newBar(label, total)
			}
			// A bar that cannot be drawn is no reason to stop the download.
			_ = bar.Set64(done)
		}, func() {
			if bar != nil {
				_ = bar.Finish()
			}
		}
}

// newBar returns a bar for a number of bytes.
func (c console) newBar(label string, total int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(c.out),
		progressbar.OptionSetDescription(label),
		progressbar.OptionShowBytes(true),
		progressbar.OptionShowTotalBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish(),
	)
}

// percentLines prints a line for every ten percent, for logs.
type percentLines struct {
	console
	label string
	shown int64 // tenths
}

// show prints a line if another tenth is complete.
func (l *percentLines) show(done, total int64) {
	if total <= 0 {
		return
	}
	if tenth := done * 10 / total; tenth > l.shown {
		l.shown = tenth
		l.say("  %s: %d %% of %s", l.label, tenth*10, megabytes(total))
	}
}

// elapsed shows on a terminal how long the work under label has taken, until the returned function is called. It writes nothing to a log.
func (c console) elapsed(label string) (stop func()) {
	if !c.terminal {
		return func() {}
	}
	quit, done := make(chan struct{}), make(chan struct{})
	start := time.Now()
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				fmt.Fprint(c.out, "\r\x1b[K")
				return
			case <-tick.C:
				fmt.Fprintf(c.out, "\r  %s: %s\x1b[K", label, time.Since(start).Round(time.Second))
			}
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}

// megabytes returns a number of bytes in MB (10^6 bytes), rounded.
func megabytes(n int64) string { return fmt.Sprintf("%d MB", (n+500_000)/1_000_000) }
