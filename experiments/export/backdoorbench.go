package export

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"backfire/datasets"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/disk"
	"backfire/internal/safetensors"
	"backfire/internal/torchfile"
)

// The places of the format BackdoorBench. Its defenses load a file attackResult below a directory
// recordDir, and find images by paths from the directory above.
const (
	recordDir    = "record"
	attackResult = "attack_result.pt"
	benchTrain   = "bd_train_dataset"
	benchTest    = "bd_test_dataset"
)

// benchData maps names of datasets to BackdoorBench's. Its clean images are those that it loads itself, so
// another dataset cannot be exported.
var benchData = map[string]string{datasets.MNIST: "mnist", datasets.CIFAR10: "cifar10"}

// writeBackdoorBench writes a directory for each attacker, as BackdoorBench's attacks leave one for their only
// attacker: all have the same model and training set, with the poisoned images of all attackers. The test images with a
// trigger are those of the attacker. The images are numbered as in the dataset that BackdoorBench loads.
func (m *Model) writeBackdoorBench(dir disk.Dir, name string) error {
	c := m.deal.Cell
	data, ok := benchData[c.Data.Name]
	if !ok {
		return fmt.Errorf("%s: %w: BackdoorBench loads the clean images itself, and of the datasets that backfire knows it has mnist and cifar10", c.Data.Name, ErrNotExportable)
	}
	info, err := datasets.Describe(c.Data.Name)
	if err != nil {
		return err
	}
	if c.Data.Images != info.Train {
		return fmt.Errorf("%d images of %s: %w: BackdoorBench trains on the %d training images, so the split must be train", c.Data.Images, c.Data.Name, ErrNotExportable, info.Train)
	}
	model, err := m.benchModel()
	if err != nil {
		return err
	}
	made := map[string]bool{}
	for _, attacker := range c.Game.Attackers {
		record := path.Join(recordDir, fmt.Sprintf("%s-attacker-%d", name, attacker.ID))
		train, err := m.benchTraining(dir, record, made)
		if err != nil {
			return err
		}
		test, err := m.benchHeldOut(dir, record, attacker.ID, made)
		if err != nil {
			return err
		}
		content := torchfile.Dict{
			{Key: "model_name", Value: "resnet18"},
			{Key: "num_classes", Value: len(c.Data.Classes)},
			{Key: "model", Value: model},
			{Key: "data_path", Value: "./data"},
			{Key: "img_size", Value: torchfile.List{c.Data.Shape.H, c.Data.Shape.W, c.Data.Shape.C}},
			{Key: "clean_data", Value: data},
			{Key: "bd_train", Value: train},
			{Key: "bd_test", Value: test},
		}
		err = inDir(dir, path.Join(record, attackResult), func(w io.Writer) error { return torchfile.Write(w, content) })
		if err != nil {
			return err
		}
	}
	return nil
}

// benchModel returns the stored model as a state_dict of torchvision's ResNet-18.
func (m *Model) benchModel() (torchfile.Dict, error) {
	if !m.record.Artefacts().Model {
		return nil, fmt.Errorf("%.12s: %w: its model is not stored, and BackdoorBench's defenses begin with it: repeat the run with --set artefacts.model=true", m.Hash(), ErrNotExportable)
	}
	file, err := worker.ReadModel(m.record.File(store.ModelFile))
	if err != nil {
		return nil, err
	}
	var state torchfile.Dict
	for _, parameter := range m.deal.Cell.Parameters() {
		at := slices.IndexFunc(file.Tensors, func(t safetensors.Tensor) bool { return t.Name == parameter.Name })
		if at < 0 {
			return nil, fmt.Errorf("%s: %w: it lacks %s", m.record.File(store.ModelFile), ErrNotExportable, parameter.Name)
		}
		shape := make([]int, len(parameter.Shape))
		for i, n := range parameter.Shape {
			shape[i] = int(n)
		}
		state = append(state, torchfile.Entry{Key: parameter.Name, Value: torchfile.Tensor{Shape: shape, Values: file.Tensors[at].Values}})
		if layer, ok := strings.CutSuffix(parameter.Name, ".running_var"); ok { // PyTorch counts the batches behind it
			state = append(state, torchfile.Entry{Key: layer + ".num_batches_tracked", Value: torchfile.Tensor{Values: []int64{0}}})
		}
	}
	return state, nil
}

// benchTraining writes the stamped images of the training set and returns the state of BackdoorBench's dataset.
func (m *Model) benchTraining(dir disk.Dir, record string, made map[string]bool) (torchfile.Dict, error) {
	var chosen torchfile.Integers
	images := torchfile.Dict{}
	for _, r := range m.trainingRows() {
		chosen = append(chosen, int64(r.Source))
		if !r.Poisoned && r.Simulated == None {
			continue
		}
		entry, err := m.benchImage(dir, path.Join(record, benchTrain), m.trainingImage(r.Row), r.Source, r.Label, r.CleanLabel, made)
		if err != nil {
			return nil, err
		}
		images = append(images, entry)
	}
	return m.benchDataset(path.Join(record, benchTrain), images, chosen), nil
}

// benchHeldOut writes an attacker's held-out images with its trigger, without those of its target class, and
// returns the state of BackdoorBench's dataset.
func (m *Model) benchHeldOut(dir disk.Dir, record string, attacker int, made map[string]bool) (torchfile.Dict, error) {
	var chosen torchfile.Integers
	images := torchfile.Dict{}
	for _, r := range m.heldOutRows() {
		if r.Owner != attacker || !r.Stamped || r.Label == r.Target {
			continue
		}
		chosen = append(chosen, int64(r.Source))
		entry, err := m.benchImage(dir, path.Join(record, benchTest), m.heldOutImage(r.Row), r.Source, r.Target, r.Label, made)
		if err != nil {
			return nil, err
		}
		images = append(images, entry)
	}
	return m.benchDataset(path.Join(record, benchTest), images, chosen), nil
}

// benchImage writes a stamped image and returns its entry in the state of a dataset.
func (m *Model) benchImage(dir disk.Dir, place string, values []uint8, source, label, clean int, made map[string]bool) (torchfile.Entry, error) {
	file := path.Join(place, strconv.Itoa(clean), strconv.Itoa(source)+".png")
	if err := m.writeImage(dir, file, values, made); err != nil {
		return torchfile.Entry{}, err
	}
	return torchfile.Entry{Key: source, Value: torchfile.Dict{
		{Key: "path", Value: "./" + file},
		{Key: "other_info", Value: torchfile.List{label, clean}},
	}}, nil
}

// benchDataset returns the state of BackdoorBench's dataset of the chosen images, of which those with an entry
// carry a trigger.
func (m *Model) benchDataset(place string, images torchfile.Dict, chosen torchfile.Integers) torchfile.Dict {
	indicator := make(torchfile.Integers, m.deal.Cell.Data.Images)
	for _, entry := range images {
		if source, ok := entry.Key.(int); ok {
			indicator[source] = 1
		}
	}
	place = "./" + place
	return torchfile.Dict{
		{Key: "bd_data_container", Value: torchfile.Dict{
			{Key: "save_folder_path", Value: place},
			{Key: "data_dict", Value: images},
			{Key: "save_file_format", Value: ".png"},
		}},
		{Key: "getitem_all", Value: true},
		{Key: "getitem_all_switch", Value: false},
		{Key: "original_index_array", Value: chosen},
		{Key: "poison_indicator", Value: indicator},
		{Key: "save_folder_path", Value: place},
	}
}
