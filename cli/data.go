package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/datasets"
	"backfire/internal/visible"
)

// dataOptions are the options of the data commands.
type dataOptions struct {
	IO     *IOStreams
	Config config.Options // its data.dir is the directory of the data
	Name   string         // dataset of fetch and verify

	// Fetch and Verify are those of package datasets.
	Fetch  func(ctx context.Context, name, dir string, progress func(done, total int64)) error
	Verify func(ctx context.Context, name, dir string) ([]datasets.Status, error)
}

// newCmdData returns the group of commands about the datasets.
func newCmdData(streams *IOStreams) *cobra.Command {
	group := newGroup("data", "List, fetch and verify the datasets, and clear their cache",
		newCmdDataList(streams, nil),
		newCmdDataFetch(streams, nil),
		newCmdDataVerify(streams, nil),
		newCmdDataCache(streams, nil),
	)
	group.Long = `The dataset "embedded" is inside the program. The others are fetched into the data
directory, which has one directory per dataset; "folder" stands for images of your own.`
	group.Example = `  backfire data list
  backfire data fetch mnist`
	return group
}

// newDataCmd completes a data command with its flags and options.
func newDataCmd(cmd *cobra.Command, streams *IOStreams, run, runF func(context.Context, *dataOptions) error) *cobra.Command {
	opts := &dataOptions{IO: streams, Fetch: datasets.Fetch, Verify: datasets.Verify}
	dir := cmd.Flags().String("dir", "", "data directory with one directory per dataset (data.dir)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Config = config.Options{Environ: streams.Environ}
		if *dir != "" {
			opts.Config.Sets = []string{"data.dir=" + *dir}
		}
		if len(args) > 0 {
			opts.Name = args[0]
		}
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return run(cmd.Context(), opts)
	}
	return cmd
}

// newCmdDataList returns the command that lists the datasets.
func newCmdDataList(streams *IOStreams, runF func(context.Context, *dataOptions) error) *cobra.Command {
	return newDataCmd(&cobra.Command{
		Use:   "list",
		Short: "List the datasets with their place and licence",
		Long: `List the datasets: number, classes and shape of the images, the size of the download,
the place of the files or the command that fetches them, licence and source.`,
		Example: `  backfire data list
  backfire data list --dir /scratch/data`,
		Args: arguments(),
	}, streams, runDataList, runF)
}

// newCmdDataFetch returns the command that downloads a dataset.
func newCmdDataFetch(streams *IOStreams, runF func(context.Context, *dataOptions) error) *cobra.Command {
	return newDataCmd(&cobra.Command{
		Use:   "fetch NAME",
		Short: "Download a dataset and verify its checksums",
		Long: `Download a dataset into its directory below the data directory, from the first of
several mirrors that delivers it, and verify the published checksums. Files that are
there already are kept, and an interrupted download is resumed.`,
		Example: `  backfire data fetch mnist
  backfire data fetch cifar10 --dir /scratch/data`,
		Args: arguments("NAME"), ValidArgs: fetchable(),
	}, streams, runDataFetch, runF)
}

// newCmdDataVerify returns the command that checks a dataset.
func newCmdDataVerify(streams *IOStreams, runF func(context.Context, *dataOptions) error) *cobra.Command {
	return newDataCmd(&cobra.Command{
		Use:   "verify NAME",
		Short: "Check a dataset against its published checksums",
		Long: `Check the files of a dataset against the published checksums, and print a line for
each. Exit code 1 reports that a file is damaged or missing.`,
		Example: `  backfire data verify mnist
  backfire data verify cifar10 --dir /scratch/data`,
		Args: arguments("NAME"), ValidArgs: append(fetchable(), datasets.Embedded),
	}, streams, runDataVerify, runF)
}

// dataDir returns the resolved value of data.dir, empty for the default.
func (o *dataOptions) dataDir() (string, error) {
	resolved, err := config.Load(o.Config)
	if err != nil {
		return "", err
	}
	return resolved.Config.Data.Dir, nil
}

func runDataList(_ context.Context, opts *dataOptions) error {
	dir, err := opts.dataDir()
	if err != nil {
		return err
	}
	rows := [][]string{{"NAME", "IMAGES", "CLASSES", "SHAPE", "DOWNLOAD", "WHERE", "LICENCE AND SOURCE"}}
	for _, info := range datasets.Names() {
		where, err := whereIs(info, dir)
		if err != nil {
			return err
		}
		row := []string{info.Name, "any", "any", "any", "-", where, info.Licence}
		if info.Classes != nil {
			row[1], row[2] = fmt.Sprint(info.Images()), fmt.Sprint(len(info.Classes))
			row[3], row[6] = fmt.Sprintf("%dx%dx%d", info.C, info.H, info.W), info.Licence+"; "+info.Homepage
		}
		if len(info.Files) > 0 {
			row[4] = megabytes(info.Bytes())
		}
		rows = append(rows, row)
	}
	return writeTable(opts.IO.Out, rows)
}

// whereIs returns where a dataset lies, or how to get it.
func whereIs(info datasets.Info, dir string) (string, error) {
	if info.Name == datasets.Folder {
		return "at data.path", nil
	}
	path, err := datasets.Locate(info.Name, dir)
	if errors.Is(err, datasets.ErrMissing) {
		return "not here: backfire data fetch " + info.Name, nil
	}
	return path, err
}

func runDataFetch(ctx context.Context, opts *dataOptions) error {
	info, err := describe(opts.Name)
	if err != nil {
		return err
	}
	if len(info.Files) == 0 {
		return Usagef("data fetch %s: there is nothing to fetch: it is %s", info.Name, info.Title)
	}
	dir, err := opts.dataDir()
	if err != nil {
		return err
	}
	target, err := datasets.DataDir(dir)
	if err != nil {
		return fmt.Errorf("data fetch %s: %w", info.Name, err)
	}
	target = filepath.Join(target, info.Name)
	tell(opts.IO.ErrOut, "fetching %s, %s, into %s\n", info.Title, megabytes(info.Bytes()), target)
	progress, finish := fetchProgress(opts.IO, info)
	err = opts.Fetch(ctx, info.Name, dir, progress)
	finish()
	if ctx.Err() != nil {
		return &InterruptedError{Resume: "repeat the command to resume the download"}
	}
	if err != nil {
		return err
	}
	return write(opts.IO.Out, shownf("%s is complete in %s (licence: %s)\n", info.Name, target, info.Licence))
}

// fetchProgress returns a callback that shows the progress of a download, as a bar on
// a terminal and as a line per tenth elsewhere, and a function that ends the display.
func fetchProgress(streams *IOStreams, info datasets.Info) (progress func(done, total int64), finish func()) {
	if streams.ErrIsTerminal {
		bar := progressbar.NewOptions64(info.Bytes(),
			progressbar.OptionSetWriter(visible.Raw(streams.ErrOut)),
			progressbar.OptionSetDescription(info.Name),
			progressbar.OptionShowBytes(true),
			progressbar.OptionSetWidth(30),
			progressbar.OptionThrottle(100*time.Millisecond),
		)
		// A bar that cannot be drawn is no reason to stop the download.
		return func(done, _ int64) { _ = bar.Set64(done) }, func() { tell(streams.ErrOut, "\n") }
	}
	var shown int64
	return func(done, total int64) {
		if tenth := 10 * done / total; tenth > shown {
			shown = tenth
			tell(streams.ErrOut, "%s: %d %% of %s\n", info.Name, 10*tenth, megabytes(total))
		}
	}, func() {}
}

func runDataVerify(ctx context.Context, opts *dataOptions) error {
	info, err := describe(opts.Name)
	if err != nil {
		return err
	}
	if info.Name == datasets.Folder {
		return Usagef("data verify %s: images of your own have no published checksums; backfire doctor --dataset folder --set data.path=PATH reads them all",
			info.Name)
	}
	dir, err := opts.dataDir()
	if err != nil {
		return err
	}
	statuses, err := opts.Verify(ctx, info.Name, dir)
	if ctx.Err() != nil {
		return &InterruptedError{}
	}
	if err != nil {
		return err
	}
	rows := [][]string{{"STATE", "FILE", "FINDING"}}
	bad := 0
	for _, status := range statuses {
		row := []string{"ok", status.Name, status.Detail}
		if status.Err != nil {
			bad++
			row[0], row[2] = "bad", status.Err.Error()
		}
		rows = append(rows, row)
	}
	if err := writeTable(opts.IO.Out, rows); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("data verify %s: %d of %d cannot be used; backfire data fetch %s fetches them", info.Name, bad, len(statuses), info.Name)
	}
	return nil
}

// describe returns the dataset with a name from the command line.
func describe(name string) (datasets.Info, error) {
	info, err := datasets.Describe(name)
	if err != nil {
		return datasets.Info{}, &UsageError{Err: err}
	}
	return info, nil
}

// megabytes returns a number of bytes in MB, for people.
func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
