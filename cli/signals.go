package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// WithSignals returns a context that ends with Ctrl-C (SIGINT), SIGTERM, or SIGHUP, with
// which a terminal goes away: the command then stops cleanly. A Ctrl-C after that calls
// end with the exit code, however long the command would take: results and checkpoints are
// whole at any moment, and workers end with their parent. A signal that the program was
// started to ignore, as by nohup, stays ignored. stop releases the signals.
func WithSignals(parent context.Context, end func(code int)) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	for _, wanted := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(wanted) {
			signal.Notify(signals, wanted)
		}
	}
	done := make(chan struct{})
	go func() {
		stopping := false
		for {
			select {
			case got := <-signals:
				if stopping && got == os.Interrupt {
					end(ExitInterrupted)
				}
				stopping = true
				cancel()
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}
