package worker

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"backfire/defenses"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/npz"
	"backfire/internal/safetensors"
	"backfire/triggers"
)

// The keys of a stored model's metadata beside metaCell.
const (
	metaArchitecture = "architecture"
	metaWidth        = "width"   // channels of the first stage
	metaShape        = "shape"   // of the images: [C, H, W], as JSON
	metaClasses      = "classes" // names in the order of the labels, as JSON
	metaMean         = "mean"    // per channel, as JSON; see Normalization
	metaStd          = "std"
)

// writeModel writes the trained model into the job's directory, if it is asked
// for.
func (p *Session) writeModel(model TrainedModel) error {
	if !p.Job.Artefacts.Model {
		return nil
	}
	state, err := model.State()
	if err != nil {
		return err
	}
	var file safetensors.File
	if file.Metadata, err = p.metadata(); err != nil {
		return err
	}
	for _, t := range state.Model {
		file.Tensors = append(file.Tensors, safetensors.Tensor{Name: t.Name, Shape: t.Shape, Values: t.Values})
	}
	err = writeTo(filepath.Join(p.Job.Dir, store.ModelFile), func(w io.Writer) error { return safetensors.Write(w, file) })
	if err != nil {
		return fmt.Errorf("experiments: write model: %w", err)
	}
	return nil
}

// metadata says what a stored model is and how its inputs are made.
func (p *Session) metadata() (map[string]string, error) {
	cell := p.Job.Cell
	shape := cell.Data.Shape
	metadata := map[string]string{
		metaCell: p.Hash, metaArchitecture: cell.Model.Architecture, metaWidth: strconv.Itoa(cell.Model.Width),
	}
	for key, value := range map[string]any{
		metaShape: []int{shape.C, shape.H, shape.W}, metaClasses: cell.Data.Classes, metaMean: p.Normalization.Mean, metaStd: p.Normalization.Std,
	} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("experiments: metadata of the model: %s: %w", key, err)
		}
		metadata[key] = string(text)
	}
	return metadata, nil
}

// writeArtefacts writes what is asked for of triggers and training set into the
// job's directory.
func (p *Session) WriteArtefacts() error {
	var errs [3]error
	if p.Job.Artefacts.Triggers {
		errs[0] = writeTriggers(p.Job.Dir, p.Job.Cell.Game.Attackers, p.Game.Triggers())
	}
	if p.Job.Artefacts.Folder {
		errs[1] = writeImages(p.Job.Dir, p.Training, len(p.Job.Cell.Data.Classes))
	}
	if p.Job.Artefacts.Archive {
		errs[2] = writeTo(filepath.Join(p.Job.Dir, store.TrainingFile), func(w io.Writer) error {
			return npz.Write(w, p.arrays()...)
		})
	}
	if err := errors.Join(errs[:]...); err != nil {
		return fmt.Errorf("experiments: write artefacts: %w", err)
	}
	return nil
}

// writeTriggers writes one picture per attacker, the size of the images.
func writeTriggers(dir string, attackers []game.Attacker, drawn []*triggers.Trigger) error {
	if len(drawn) == 0 {
		return nil
	}
	if err := os.MkdirAll(filepath.Join(dir, store.TriggersDir), disk.DirMode); err != nil {
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

// writeImages writes the training set as one directory per label trained on,
// named by the label with as many digits as the largest has, so that tools that
// number directories in the order of their names find the labels.
func writeImages(dir string, t *game.TrainingSet, classes int) error {
	digits, size := len(strconv.Itoa(classes-1)), t.Shape.Size()
	label := func(class int) string { return filepath.Join(dir, store.ImagesDir, fmt.Sprintf("%0*d", digits, class)) }
	for class := range classes {
		if err := os.MkdirAll(label(class), disk.DirMode); err != nil {
			return err
		}
	}
	for row, class := range t.Labels {
		path := filepath.Join(label(int(class)), strconv.Itoa(row)+".png")
		picture := pictureOf(t.Images[row*size:(row+1)*size], t.Shape)
		if err := writeTo(path, func(w io.Writer) error { return png.Encode(w, picture) }); err != nil {
			return err
		}
	}
	return nil
}

// pictureOf is an image (channel by channel) as a picture: grey with one channel,
// else red-green-blue.
func pictureOf(img []uint8, shape triggers.Shape) image.Image {
	box, plane := image.Rect(0, 0, shape.W, shape.H), shape.Plane()
	if shape.C == 1 {
		return &image.Gray{Pix: img, Stride: shape.W, Rect: box}
	}
	picture := image.NewNRGBA(box)
	for at := range plane {
		picture.SetNRGBA(at%shape.W, at/shape.W, color.NRGBA{R: img[at], G: img[at+plane], B: img[at+2*plane], A: 255})
	}
	return picture
}

// none stands for "nobody" in the arrays of TrainingFile.
const none = -1

// arrays is the training set as the arrays of TrainingFile: images as numpy and
// picture libraries have them, rows of pixels of channels; attackers by ID.
func (p *Session) arrays() []npz.Array {
	t, shape := p.Training, p.Training.Shape
	n := len(t.Labels)
	id := func(position int) int64 {
		if position < 0 {
			return none
		}
		return int64(p.Job.Cell.Game.Attackers[position].ID)
	}
	column := func(name string, value func(i int, row game.Row) int64) npz.Array {
		values := make([]int64, n)
		for i, row := range t.Rows {
			values[i] = value(i, row)
		}
		return npz.Array{Name: name, Shape: []int{n}, Values: values}
	}
	return []npz.Array{
		{Name: "images", Shape: []int{n, shape.H, shape.W, shape.C}, Values: channelsLast(t.Images, shape)},
		column("labels", func(_ int, row game.Row) int64 { return int64(row.New) }),
		column("clean_labels", func(_ int, row game.Row) int64 { return int64(row.Old) }),
		column("owner", func(_ int, row game.Row) int64 { return id(row.Owner) }),
		column("trigger", func(_ int, row game.Row) int64 { return id(row.Trigger) }),
		column("simulated", func(i int, _ game.Row) int64 {
			if p.simulated == nil || p.simulated[i] == defenses.NotSimulated {
				return none
			}
			return int64(p.simulated[i])
		}),
		column("source", func(_ int, row game.Row) int64 { return int64(row.Source) }),
	}
}

// channelsLast puts images that are channel by channel in the order of pixels.
func channelsLast(images []uint8, shape triggers.Shape) []uint8 {
	size, plane := shape.Size(), shape.Plane()
	pixels := make([]uint8, len(images))
	for start := 0; start < len(images); start += size {
		for c := range shape.C {
			for at, v := range images[start+c*plane : start+(c+1)*plane] {
				pixels[start+at*shape.C+c] = v
			}
		}
	}
	return pixels
}

// writeTo makes a file and has it written.
func writeTo(path string, write func(io.Writer) error) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, disk.FileMode)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(file)
	return errors.Join(write(buffered), buffered.Flush(), file.Close())
}
