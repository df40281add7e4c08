package cli

import (
	"cmp"
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"backfire/datasets"
	"backfire/internal/words"
)

// dataCacheOptions are the options of "data cache".
type dataCacheOptions struct {
	IO    *IOStreams
	Clear bool // delete the files in place of listing them
	Dir   string
}

// newCmdDataCache returns the command that lists or clears the cache of decoded images.
func newCmdDataCache(streams *IOStreams, runF func(context.Context, *dataCacheOptions) error) *cobra.Command {
	opts := &dataCacheOptions{IO: streams}
	cmd := &cobra.Command{
		Use:   "cache",
		Short: "List or clear the cache of decoded images",
		Long: `List the files in the cache of decoded images, the most recently used first. Archives
and image folders are decoded once; a changed file is decoded anew. The cache deletes the
least recently used files when it exceeds its limit. --clear deletes all of them: the next
load decodes the images again.`,
		Example: `  backfire data cache
  backfire data cache --clear`,
		Args: arguments(),
	}
	cmd.Flags().BoolVar(&opts.Clear, "clear", false, "delete the files of the cache")
	pathVar(cmd.Flags(), streams, &opts.Dir, "cache-dir", "", "", "directory of the cache; empty: that of the user")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runDataCache(cmd.Context(), opts)
	}
	return cmd
}

func runDataCache(_ context.Context, opts *dataCacheOptions) error {
	if opts.Clear {
		files, size, err := datasets.ClearDecoded(opts.Dir)
		if err != nil {
			return err
		}
		tell(opts.IO.Out, "%s deleted, %s\n", words.Plural(files, "file"), sizeText(size))
		return nil
	}
	sets, err := datasets.ListDecoded(opts.Dir)
	if err != nil {
		return err
	}
	if len(sets) == 0 {
		tell(opts.IO.Out, "The cache of decoded images is empty.\n")
		return nil
	}
	rows := [][]string{{"DATASET", "SPLIT", "IMAGES", "SHAPE", "SIZE", "LAST USED", "FROM"}}
	var total int64
	for _, set := range sets {
		total += set.Bytes
		row := []string{"?", "?", "?", "?", sizeText(set.Bytes), set.Used.UTC().Format("2006-01-02 15:04"), ""}
		if set.Err != nil {
			row[len(row)-1] = set.Err.Error()
		} else {
			row[0], row[1], row[2] = set.Name, set.Split, strconv.Itoa(set.Images)
			row[3], row[6] = fmt.Sprintf("%d x %d x %d", set.C, set.H, set.W), cmp.Or(set.From, "the dataset's directory")
		}
		rows = append(rows, row)
	}
	if err := writeTable(opts.IO.Out, rows); err != nil {
		return err
	}
	tell(opts.IO.Out, "%s, %s in %s\n", words.Plural(len(sets), "file"), sizeText(total), cmp.Or(opts.Dir, "the user's cache"))
	return nil
}
