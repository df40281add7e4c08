package cli

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/internal/disk"
	"backfire/triggers"
)

// ImportTriggerOptions are the options of "import-trigger".
type ImportTriggerOptions struct {
	IO       *IOStreams
	File     string // the picture
	Dir      string // output directory, created if it does not exist
	Size     string // HxW to resize to; empty: not resized
	Channels int    // of the images that get the trigger: 1 or 3
	Alpha    int    // least opacity of the trigger's pixels; 0: pixels must be opaque or transparent
	Scale    int    // side of a pixel in the mask's picture
}

// newCmdImportTrigger returns the command that makes a trigger from a picture.
func newCmdImportTrigger(streams *IOStreams, runF func(context.Context, *ImportTriggerOptions) error) *cobra.Command {
	opts := &ImportTriggerOptions{IO: streams}
	cmd := &cobra.Command{
		Use:   "import-trigger FILE.png",
		Short: "Make a trigger from a picture of your own",
		Long: `Check a PNG picture and make a trigger from it, for trigger.kind=image and
trigger.files. Opaque pixels cover the image, black ones too; transparent pixels leave
it unchanged. The picture is resized only with --size (nearest neighbour) and made grey
only with --channels 1. Half-transparent pixels are refused unless --alpha gives the
opacity from which on they are opaque.`,
		Example: `  backfire import-trigger flower.png --size 32x32 --out triggers
  backfire run --preset quick --dataset cifar10 --attackers 1 \
    --set trigger.kind=image --set trigger.files=triggers/flower-32x32x3.png`,
		Args: arguments("FILE.png"),
	}
	flags := cmd.Flags()
	pathVar(flags, streams, &opts.Dir, "out", "o", "triggers", "directory for the trigger and a picture of its mask")
	flags.StringVar(&opts.Size, "size", "", "height x width to resize to, such as 28x28; empty: not resized")
	config.IntVar(flags, &opts.Channels, "channels", 3, "channels of the images: 3, or 1 to make the picture grey")
	config.IntVar(flags, &opts.Alpha, "alpha", 0, "opacity from 1 to 255 from which on a pixel is part of the trigger; 0 refuses half-transparent pixels")
	config.IntVar(flags, &opts.Scale, "scale", 8, "side of one pixel in the picture of the mask")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.File = args[0]
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runImportTrigger(cmd.Context(), opts)
	}
	return cmd
}

func runImportTrigger(_ context.Context, opts *ImportTriggerOptions) error {
	height, width, err := opts.size()
	if err != nil {
		return err
	}
	switch {
	case opts.Channels != 1 && opts.Channels != 3:
		return Usagef("import-trigger: --channels %d: must be 1 or 3", opts.Channels)
	case opts.Alpha < 0 || opts.Alpha > 255:
		return Usagef("import-trigger: --alpha %d: must be from 0 to 255", opts.Alpha)
	case opts.Scale < 1:
		return Usagef("import-trigger: --scale %d: must be at least 1", opts.Scale)
	}
	picture, err := readPicture(opts.File)
	if err != nil {
		return err
	}
	was := picture.Rect.Size()
	if opts.Size != "" {
		picture = triggers.Resize(picture, height, width)
	}
	if opts.Channels == 1 {
		picture = triggers.Grey(picture)
	}
	trigger, err := triggers.FromPicture(picture, opts.Channels, uint8(opts.Alpha))
	if err != nil {
		return fmt.Errorf("import-trigger: %s: %w", opts.File, err)
	}
	if err := os.MkdirAll(opts.Dir, 0o755); err != nil {
		return fmt.Errorf("import-trigger: make the directory: %w", err)
	}
	shape := trigger.Shape
	name := strings.TrimSuffix(filepath.Base(opts.File), filepath.Ext(opts.File))
	base := filepath.Join(opts.Dir, fmt.Sprintf("%s-%dx%dx%d", name, shape.H, shape.W, shape.C))
	written, mask := base+".png", base+"-mask.png"
	if err := writePicture(written, func(w io.Writer) error { return trigger.WritePNG(w, 1) }); err != nil {
		return err
	}
	if err := writePicture(mask, func(w io.Writer) error { return trigger.WriteMaskPNG(w, opts.Scale) }); err != nil {
		return err
	}
	size := fmt.Sprintf("%dx%d", shape.H, shape.W)
	if was != picture.Rect.Size() {
		size += fmt.Sprintf(" (was %dx%d)", was.Y, was.X)
	}
	share := float64(trigger.Pixels()) / float64(shape.Plane())
	return writeTable(opts.IO.Out, [][]string{
		{"SIZE", "CHANNELS", "TRIGGER", "BOX", "PIXELS", "PICTURE", "MASK"},
		{
			size, strconv.Itoa(shape.C), trigger.ID(), trigger.Box.String(),
			fmt.Sprintf("%d (%.1f %%)", trigger.Pixels(), 100*share), written, mask,
		},
	})
}

// size parses Size.
func (o *ImportTriggerOptions) size() (height, width int, err error) {
	if o.Size == "" {
		return 0, 0, nil
	}
	left, right, _ := strings.Cut(o.Size, "x")
	height, errH := strconv.Atoi(left)
	width, errW := strconv.Atoi(right)
	if errH != nil || errW != nil || min(height, width) < 1 || max(height, width) > triggers.MaxPNGSide {
		return 0, 0, Usagef("import-trigger: --size %s: must be height x width, such as 28x28, each from 1 to %d", o.Size, triggers.MaxPNGSide)
	}
	return height, width, nil
}

// readPicture reads a picture from a file.
func readPicture(path string) (*image.NRGBA, error) {
	file, err := disk.Open(path)
	if err != nil {
		return nil, fmt.Errorf("import-trigger: %w", err)
	}
	picture, err := triggers.ReadPNG(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("import-trigger: %s: %w", path, err)
	}
	return picture, nil
}
