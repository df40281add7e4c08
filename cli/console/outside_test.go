package console

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/visible"
)

// Whatever the title of a model or a message holds, the displays write no control
// character but their own.
func TestTextsFromOutside(t *testing.T) {
	own := regexp.MustCompile("\x1b\\[[0-9]*[AJK]|\r|\n")
	for _, bad := range []string{"\x1b[2J", "\u009b1m", "\x7f", "a\u202eb", "\xff", "a\nb: done", "a\rb", "\x00"} {
		for name, opts := range map[string]Options{
			"bar": {Terminal: true}, "screen": {Terminal: true, Watch: true}, "lines": {}, "watched lines": {Watch: true}, "JSON": {JSON: true},
		} {
			var out bytes.Buffer
			opts.Out, opts.ErrOut = visible.NewWriter(&out), visible.NewWriter(&out)
			display := New(opts)
			events := []worker.Event{{Kind: worker.KindPlan, Cells: 3, Workers: 1, TotalImages: 4000}}
			for _, kind := range []worker.Kind{
				worker.KindStarted, worker.KindPhase, worker.KindProgress, worker.KindEpoch, worker.KindResumed, worker.KindDiscarded, worker.KindNotice,
				worker.KindRetry, worker.KindFailed, worker.KindBroken, worker.KindLacking, worker.KindWaiting, worker.KindStored, worker.KindDone,
			} {
				events = append(events, worker.Event{
					Kind: kind, Cell: "a", Title: "t" + bad, Text: bad, Error: bad, Path: bad, Worker: 1, Images: 10, Epoch: 1, Epochs: 2, Phase: cell.Phase(bad),
					Metrics: &store.EpochMetrics{Loss: 1}, Headline: &worker.Headline{},
				})
			}
			for _, e := range events {
				display.Observe(e)
			}
			require.NoError(t, display.Close())
			said := out.String()
			if opts.Terminal {
				said = own.ReplaceAllString(said, "")
			}
			require.NotEmpty(t, said, name)
			require.Equal(t, said, strings.ToValidUTF8(said, "?"), name)
			require.NotRegexp(t, `[\x00-\x09\x0b-\x1f\x7f-\x{9f}\x{202e}]`, said, name)
			require.NotContains(t, out.String(), "\nb: done", name)
		}
	}
}
