package worker

import (
	"bufio"
	"errors"
	"fmt"
	"image/png"
	"io"
	"path"
	"path/filepath"
	"strconv"

	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/npz"
	"backfire/internal/pixels"
	"backfire/triggers"
)

// WriteArtefacts writes the triggers, the folder of training images and the archive of the training
// set into dir, as far as they are asked for. Other artefacts come from the model.
func (d *Deal) WriteArtefacts(dir string, asked store.Artefacts) error {
	var errs [3]error
	if asked.Triggers {
		errs[0] = writeTriggers(dir, d.Cell.Game.Attackers, d.Game.Triggers())
	}
	if asked.Folder {
		errs[1] = writeImages(dir, d.Training, len(d.Cell.Data.Classes))
	}
	if asked.Archive {
		errs[2] = writeTo(filepath.Join(dir, store.TrainingFile), func(w io.Writer) error {
			return npz.Write(w, d.arrays()...)
		})
	}
	if err := errors.Join(errs[:]...); err != nil {
		return fmt.Errorf("worker: write artefacts: %w", err)
	}
	return nil
}

// writeTriggers writes one picture per attacker, the size of the images.
func writeTriggers(dir string, attackers []game.Attacker, drawn []*triggers.Trigger) error {
	if len(drawn) == 0 {
		return nil
	}
	if err := disk.In(dir).MkdirAll(store.TriggersDir); err != nil {
		return err
	}
	for i, trigger := range drawn {
		path := filepath.Join(dir, store.TriggersDir, fmt.Sprintf("attacker-%d.png", attackers[i].ID))
		if err := writeTo(path, func(w io.Writer) error { return trigger.WritePNG(w, 1) }); err != nil {
			return err
		}
	}
	return nil
}

// writeImages writes the training set as one directory per label that was trained on. A directory
// is named by its label, with as many digits as the largest label has, so that tools that number
// directories in the order of their names find the labels.
func writeImages(dir string, t *game.TrainingSet, classes int) error {
	digits, size := len(strconv.Itoa(classes-1)), t.Shape.Size()
	name := func(class int) string { return path.Join(store.ImagesDir, fmt.Sprintf("%0*d", digits, class)) }
	for class := range classes {
		if err := disk.In(dir).MkdirAll(name(class)); err != nil {
			return err
		}
	}
	for row, class := range t.Labels {
		path := disk.In(dir).Path(path.Join(name(int(class)), strconv.Itoa(row)+".png"))
		picture := pixels.Picture(t.Images[row*size:(row+1)*size], t.Shape.C, t.Shape.H, t.Shape.W)
		if err := writeTo(path, func(w io.Writer) error { return png.Encode(w, picture) }); err != nil {
			return err
		}
	}
	return nil
}

// noAgent stands for no agent in the arrays of TrainingFile.
const noAgent = -1

// arrays returns the training set as the arrays of TrainingFile: images as numpy and picture
// libraries have them, rows of pixels of channels, and agents by ID.
func (d *Deal) arrays() []npz.Array {
	t, shape := d.Training, d.Training.Shape
	n := len(t.Labels)
	ids := d.Cell.Game.AgentIDs()
	id := func(position int) int64 {
		if position < 0 {
			return noAgent
		}
		return int64(ids[position])
	}
	column := func(name string, value func(i int, row game.Row) int64) npz.Array {
		values := make([]int64, n)
		for i, row := range t.Rows {
			values[i] = value(i, row)
		}
		return npz.Array{Name: name, Shape: []int{n}, Values: values}
	}
	return []npz.Array{
		{Name: "images", Shape: []int{n, shape.H, shape.W, shape.C}, Values: pixels.ChannelsLast(t.Images, shape.C, shape.H, shape.W)},
		column("labels", func(_ int, row game.Row) int64 { return int64(row.New) }),
		column("clean_labels", func(_ int, row game.Row) int64 { return int64(row.Old) }),
		column("owner", func(_ int, row game.Row) int64 { return id(row.Owner) }),
		column("trigger", func(_ int, row game.Row) int64 { return id(row.Trigger) }),
		column("simulated", func(i int, _ game.Row) int64 {
			if !d.stampedByDefender(i) {
				return noAgent
			}
			return int64(d.simulated[i])
		}),
		column("source", func(_ int, row game.Row) int64 { return int64(row.Source) }),
	}
}

// writeTo creates a file and fills it by write.
func writeTo(path string, write func(io.Writer) error) error {
	dir, name := disk.Split(path)
	file, err := dir.Create(name)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(file)
	return errors.Join(write(buffered), buffered.Flush(), file.Close())
}
