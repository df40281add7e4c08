package console

import (
	"fmt"

	"backfire/experiments/worker"
	"backfire/internal/words"
	"backfire/stats"
)

// notice returns the message of an event that stays on the terminal, empty for events
// that only move a bar.
func notice(e worker.Event) string {
	switch e.Kind {
	case worker.KindPlan:
		text := words.Plural(e.Cells, "model")
		if e.Stored > 0 {
			text += fmt.Sprintf(", %d of them stored already", e.Stored)
		}
		if e.Stored < e.Cells {
			text += fmt.Sprintf("; %s at a time", words.Plural(e.Workers, "training"))
			if e.IdleCores >= e.Workers {
				text += fmt.Sprintf(", %s idle: more threads for each (--set threads=%d) may be faster, and give other last bits",
					words.Plural(e.IdleCores, "core"), 1+e.IdleCores/e.Workers)
			}
		}
		return text
	case worker.KindRevised:
		return fmt.Sprintf("%s now: a trigger that does not work alone is redrawn", words.Plural(e.Cells, "model"))
	case worker.KindDone:
		h := e.Headline
		return fmt.Sprintf("%s: standard accuracy %s %%, ASR %s; %s, %.0f images/s", e.Title,
			stats.Percent(h.CleanAccuracy, h.CleanImages), orNone(h.ASR, h.ASRImages), words.Duration(words.Seconds(h.Seconds)), h.ImagesPerSecond)
	case worker.KindResumed:
		return fmt.Sprintf("%s resumes after epoch %d of %d", e.Title, e.Epoch, e.Epochs)
	case worker.KindDiscarded:
		return fmt.Sprintf("%s starts over, its checkpoint cannot be used: %s", e.Title, e.Error)
	case worker.KindNotice:
		return fmt.Sprintf("%s: %s", e.Title, e.Text)
	case worker.KindRetry:
		return fmt.Sprintf("%s failed and will be retried: %s", e.Title, e.Error)
	case worker.KindFailed:
		return fmt.Sprintf("%s FAILED: %s", e.Title, e.Error)
	case worker.KindBroken:
		return fmt.Sprintf("%s is retrained: %s; set aside in %s", e.Title, e.Error, e.Path)
	case worker.KindCompleted:
		return fmt.Sprintf("%s is completed without a training: %s", e.Title, e.Error)
	case worker.KindLacking:
		return fmt.Sprintf("%s is retrained: %s", e.Title, e.Error)
	case worker.KindWaiting:
		return fmt.Sprintf("%s is being trained by another process", e.Title)
	case worker.KindStored:
		return fmt.Sprintf("%s was stored by another process", e.Title)
	}
	return ""
}

// orNone returns a share of some images in percent, or "none".
func orNone(share stats.Number, images int) string {
	if !share.Defined() {
		return "none"
	}
	return stats.Percent(share, images) + " %"
}
