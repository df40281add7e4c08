package cli

import (
	"context"
	"fmt"

	"backfire/datasets"
	"backfire/experiments/cell"
)

// loading returns datasets.Load with a message about a damaged cache.
func loading(streams *IOStreams) cell.Loader {
	return func(ctx context.Context, src datasets.Source) (*datasets.Set, error) {
		set, err := datasets.Load(ctx, src)
		if err == nil && set.Repaired != "" {
			fmt.Fprintf(streams.ErrOut, "the cache of decoded images was damaged; they were decoded anew: %s\n", set.Repaired)
		}
		return set, err
	}
}
