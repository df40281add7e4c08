package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// console talks to the person at the terminal, or to a log.
type console struct {
	out      io.Writer
	terminal bool // out is a terminal: bars that move are welcome
}

// newConsole returns the console on f.
func newConsole(f *os.File) console {
	return console{out: f, terminal: term.IsTerminal(int(f.Fd()))}
}

// say prints one line.
func (c console) say(format string, args ...any) {
	fmt.Fprintf(c.out, format+"\n", args...)
}

// bytesProgress returns a writer that shows how far a copy of total bytes has come, of which done are there already.
// finish ends the display.
func (c console) bytesProgress(label string, done, total int64) (w io.Writer, finish func()) {
	if !c.terminal {
		return &percentLines{console: c, label: label, done: done, total: total}, func() {}
	}
	bar := progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(c.out),
		progressbar.OptionSetDescription(label),
		progressbar.OptionShowBytes(true),
		progressbar.OptionShowTotalBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish(),
	)
	// A bar that cannot be drawn is no reason to stop the copy.
	_ = bar.Set64(done)
	return bar, func() { _ = bar.Finish() }
}

// percentLines prints a line for every ten percent, for logs.
type percentLines struct {
	console
	label       string
	done, total int64
	said        int64
}

// Write counts p.
func (l *percentLines) Write(p []byte) (int, error) {
	l.done += int64(len(p))
	if l.total > 0 {
		if tenth := l.done * 10 / l.total; tenth > l.said {
			l.said = tenth
			l.say("  %s: %d %% of %s", l.label, tenth*10, mebibytes(l.total))
		}
	}
	return len(p), nil
}

// elapsed shows the time that goes by under label until the returned function is called, on a terminal; a log gets nothing.
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

// mebibytes writes a number of bytes in MiB.
func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", (n+1<<19)>>20) }
