package cli

import (
	"context"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
)

// loading returns datasets.Load with a line about what was read of files of the user's,
// once for each set, and a message about a damaged cache.
func loading(streams *IOStreams) cell.Loader {
	told := map[string]bool{} // by checksum
	return func(ctx context.Context, src datasets.Source) (*datasets.Set, error) {
		set, err := datasets.Load(ctx, src)
		if err == nil && set.Name != datasets.Embedded && !told[set.Checksum] {
			told[set.Checksum] = true
			tell(streams.ErrOut, "%s: %s\n", set.Name, set.Census.Line(set.Classes))
		}
		if err == nil && set.Repaired != "" {
			tell(streams.ErrOut, "the cache of decoded images was damaged; they were decoded anew: %s\n", set.Repaired)
		}
		return set, err
	}
}

// repeatLines holds the lines about repeated images that were told.
type repeatLines map[string]bool

// tell writes a line about images with equal pixels across the deals of a sweep's games, for
// each dataset that has such images, once.
func (l *repeatLines) tell(streams *IOStreams, sweep *plan.Sweep) {
	if *l == nil {
		*l = repeatLines{}
	}
	for _, line := range sweep.RepeatLines() {
		if !(*l)[line] {
			(*l)[line] = true
			tell(streams.ErrOut, "%s\n", line)
		}
	}
}
