package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"backfire/experiments/export"
	"backfire/experiments/inference"
	"backfire/internal/disk"
	"backfire/internal/words"
)

// exportOptions are the options of "export".
type exportOptions struct {
	StoredModelsOptions
	IO   *IOStreams
	Runs []string // latest, hashes of runs or models, or their beginnings
	To   string   // format
	Out  string   // directory for the exports, one below it for each model
}

// newCmdExport returns the command that exports the images of stored models.
func newCmdExport(streams *IOStreams, runF func(context.Context, *exportOptions) error) *cobra.Command {
	opts := &exportOptions{StoredModelsOptions: newStoredModelsOptions(streams), IO: streams}
	cmd := &cobra.Command{
		Use:   "export (RUN|MODEL)...",
		Short: "Write the images of stored models for other programs",
		Long: `Deal the game of each stored model from its cell and write its images: the training
set with the owner, the trigger and a mark of poisoned images, the held-out images of
each agent without and with the trigger, and the triggers. Nothing is trained, and
neither the engine nor libtorch is needed. The stored model is copied beside them. The
directory of a model is named by the beginning of its hash and must not exist.

Formats: npz has arrays of numpy; imagefolder has PNG files in a folder per class, named
by the class; parquet has tables with PNG images and a Croissant description;
backdoorbench has the attack_result.pt of BackdoorBench (mnist and cifar10, with a
stored model). docs/export.md describes every file.

RUN is "latest", the hash of a run or its beginning, and stands for its models; MODEL is
the hash of a model or its beginning. The images are found as for a run (data.dir,
data.path).`,
		Example: `  backfire export latest --to npz
  backfire export 3f2a --to imagefolder --out images
  backfire export latest --to parquet --data-dir data`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("export: give one or more runs or models")
			}
			return nil
		},
	}
	flags := addKeys(cmd, "store", "data.")
	cmd.Flags().StringVar(&opts.To, "to", string(export.NPZ), "format: npz, imagefolder, backdoorbench or parquet")
	pathVar(cmd.Flags(), streams, &opts.Out, "out", "", "export", "directory for the exports, one below it for each model")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Config, opts.Runs = flags.Options(streams.Environ), args
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runExport(cmd.Context(), opts)
	}
	return cmd
}

func runExport(ctx context.Context, opts *exportOptions) error {
	format, err := export.ParseFormat(opts.To)
	if err != nil {
		return &UsageError{Err: err}
	}
	models, err := opts.open()
	if err != nil {
		return err
	}
	hashes, _, err := selectedModels(models.Store, opts.Runs)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if err := disk.In(opts.Out).MkdirAll("."); err != nil {
		return fmt.Errorf("export: make %s: %w", opts.Out, err)
	}
	for _, hash := range hashes {
		if ctx.Err() != nil {
			return &InterruptedError{}
		}
		if err := exportModel(ctx, opts, &models, hash, format); err != nil {
			return err
		}
	}
	return nil
}

// exportModel exports one model and writes a line about it.
func exportModel(ctx context.Context, opts *exportOptions, models *inference.StoredModels, hash string, format export.Format) error {
	begun := time.Now()
	record, err := models.Store.Read(hash)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	set, _, err := models.Images(ctx, record.Cell.Data)
	if err != nil {
		return fmt.Errorf("export %s: %w", short(hash), err)
	}
	model, err := export.New(set, record)
	if err != nil {
		return fmt.Errorf("export %s: %w", short(hash), err)
	}
	dir := filepath.Join(opts.Out, short(hash))
	if err := model.Write(dir, format); err != nil {
		if errors.Is(err, export.ErrExists) {
			return Usagef("%w: remove it, or name another directory with --out", err)
		}
		return err
	}
	size, err := disk.Size(dir)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return write(opts.IO.Out, strings.Join([]string{dir, record.Cell.Title(), sizeText(size), words.Duration(time.Since(begun))}, "  ")+"\n")
}
