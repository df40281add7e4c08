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
)

// DataOptions are the options of the data commands.
type DataOptions struct {
	IO     *IOStreams
	Config config.Options // whose data.dir says where the data lie
	Name   string         // dataset of fetch and verify

	// Fetch and Verify are those of package datasets.
	Fetch  func(ctx context.Context, name, dir string, progress func(done, total int64)) error
	Verify func(ctx context.Context, name, dir string) ([]datasets.Status, error)
}

// NewCmdData returns the group of commands about the datasets.
func NewCmdData(streams *IOStreams) *cobra.Command {
	return newGroup("data", "List, fetch and verify the datasets",
		NewCmdDataList(streams, nil),
		NewCmdDataFetch(streams, nil),
		NewCmdDataVerify(streams, nil),
	)
}

// newDataCmd gives a data command its flags and its options.
func newDataCmd(cmd *cobra.Command, streams *IOStreams, run, runF func(context.Context, *DataOptions) error) *cobra.Command {
	opts := &DataOptions{IO: streams, Fetch: datasets.Fetch, Verify: datasets.Verify}
	dir := cmd.Flags().String("dir", "", "data directory with one directory per dataset (data.dir)")
	for _, info := range datasets.Names() {
		if info.Name != datasets.Folder {
			cmd.ValidArgs = append(cmd.ValidArgs, info.Name)
		}
	}
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

// NewCmdDataList returns the command that lists the datasets.
func NewCmdDataList(streams *IOStreams, runF func(context.Context, *DataOptions) error) *cobra.Command {
	return newDataCmd(&cobra.Command{
		Use:   "list",
		Short: "List the datasets, with their licences and where they are or how to get them",
		Args:  cobra.NoArgs,
	}, streams, runDataList, runF)
}

// NewCmdDataFetch returns the command that downloads a dataset.
func NewCmdDataFetch(streams *IOStreams, runF func(context.Context, *DataOptions) error) *cobra.Command {
	return newDataCmd(&cobra.Command{
		Use:   "fetch NAME",
		Short: "Download a dataset and verify its checksums",
		Long: `Download a dataset into its directory below the data directory, from the first
of several mirrors that delivers, and verify the published checksums. What is
there already is kept, and an interrupted download is resumed.`,
		Example: `  backfire data fetch mnist
  backfire data fetch cifar10 --dir /scratch/data`,
		Args: cobra.ExactArgs(1),
	}, streams, runDataFetch, runF)
}

// NewCmdDataVerify returns the command that checks a dataset.
func NewCmdDataVerify(streams *IOStreams, runF func(context.Context, *DataOptions) error) *cobra.Command {
	return newDataCmd(&cobra.Command{
		Use:   "verify NAME",
		Short: "Check a dataset against its published checksums",
		Args:  cobra.ExactArgs(1),
	}, streams, runDataVerify, runF)
}

// dataDir returns the resolved value of data.dir, empty for the default.
func (o *DataOptions) dataDir() (string, error) {
	resolved, err := config.Load(o.Config)
	if err != nil {
		return "", err
	}
	return resolved.Config.Data.Dir, nil
}

func runDataList(_ context.Context, opts *DataOptions) error {
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
		return "where data.path says", nil
	}
	path, err := datasets.Locate(info.Name, dir)
	if errors.Is(err, datasets.ErrMissing) {
		return "not here: backfire data fetch " + info.Name, nil
	}
	return path, err
}

func runDataFetch(ctx context.Context, opts *DataOptions) error {
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
	fmt.Fprintf(opts.IO.ErrOut, "fetching %s, %s, into %s\n", info.Title, megabytes(info.Bytes()), target)
	progress, finish := fetchProgress(opts.IO, info)
	err = opts.Fetch(ctx, info.Name, dir, progress)
	finish()
	if ctx.Err() != nil {
		return &InterruptedError{Resume: "the same command goes on where this one stopped"}
	}
	if err != nil {
		return err
	}
	return write(opts.IO.Out, fmt.Sprintf("%s is complete in %s (licence: %s)\n", info.Name, target, info.Licence))
}

// fetchProgress returns a callback that shows how far a download is, as a bar
// to a person and as a line per tenth otherwise, and one that ends the display.
func fetchProgress(streams *IOStreams, info datasets.Info) (progress func(done, total int64), finish func()) {
	if streams.ErrIsTerminal {
		bar := progressbar.NewOptions64(info.Bytes(),
			progressbar.OptionSetWriter(streams.ErrOut),
			progressbar.OptionSetDescription(info.Name),
			progressbar.OptionShowBytes(true),
			progressbar.OptionSetWidth(30),
			progressbar.OptionThrottle(100*time.Millisecond),
		)
		// A bar that cannot be drawn is no reason to stop the download.
		return func(done, _ int64) { _ = bar.Set64(done) }, func() { fmt.Fprintln(streams.ErrOut) }
	}
	var shown int64
	return func(done, total int64) {
		if tenth := 10 * done / total; tenth > shown {
			shown = tenth
			fmt.Fprintf(streams.ErrOut, "%s: %d %% of %s\n", info.Name, 10*tenth, megabytes(total))
		}
	}, func() {}
}

func runDataVerify(ctx context.Context, opts *DataOptions) error {
	info, err := describe(opts.Name)
	if err != nil {
		return err
	}
	if info.Name == datasets.Folder {
		return Usagef("data verify %s: nobody published checksums of your own images; backfire doctor --dataset folder --set data.path=PATH reads them all",
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
		return fmt.Errorf("data verify %s: %d of %d cannot be used; backfire data fetch %s gets them again", info.Name, bad, len(statuses), info.Name)
	}
	return nil
}

// describe looks a dataset up by its name on the command line.
func describe(name string) (datasets.Info, error) {
	info, err := datasets.Describe(name)
	if err != nil {
		return datasets.Info{}, &UsageError{Err: err}
	}
	return info, nil
}

// megabytes returns a number of bytes for people.
func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
