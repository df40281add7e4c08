package worker

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"

	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/safetensors"
)

// The keys of a stored model's metadata beside metaCell.
const (
	metaArchitecture = "architecture"
	metaWidth        = "width"   // channels of the network's first stage
	metaShape        = "shape"   // of the images: [C, H, W], as JSON
	metaClasses      = "classes" // names in the order of the labels, as JSON
	metaMean         = "mean"    // per channel, as JSON; see Normalization
	metaStd          = "std"
)

// writeModel writes the trained model into the session's directory.
func (s *session) writeModel(model TrainedModel) error {
	state, err := model.State()
	if err != nil {
		return err
	}
	var file safetensors.File
	if file.Metadata, err = s.metadata(); err != nil {
		return err
	}
	for _, t := range state.Model {
		file.Tensors = append(file.Tensors, safetensors.Tensor{Name: t.Name, Shape: t.Shape, Values: t.Values})
	}
	err = writeTo(filepath.Join(s.dir, store.ModelFile), func(w io.Writer) error { return safetensors.Write(w, file) })
	if err != nil {
		return fmt.Errorf("worker: write model: %w", err)
	}
	return nil
}

// metadata describes a stored model and the normalisation of its inputs.
func (s *session) metadata() (map[string]string, error) {
	shape := s.Cell.Data.Shape
	metadata := map[string]string{
		metaCell: s.hash, metaArchitecture: s.Cell.Model.Architecture, metaWidth: strconv.Itoa(s.Cell.Model.Width),
	}
	for key, value := range map[string]any{
		metaShape: []int{shape.C, shape.H, shape.W}, metaClasses: s.Cell.Data.Classes, metaMean: s.normalization.Mean, metaStd: s.normalization.Std,
	} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("worker: metadata of the model: %s: %w", key, err)
		}
		metadata[key] = string(text)
	}
	return metadata, nil
}

// load replaces the parameters and running statistics of a new model by those of the model stored
// at path.
func (s *session) load(model TrainedModel, path string, content safetensors.File) error {
	if err := s.replaceState(model, content); err != nil {
		return fmt.Errorf("worker: load %s: %w", path, err)
	}
	return nil
}

// replaceState does the work of load.
func (s *session) replaceState(model TrainedModel, content safetensors.File) error {
	metadata, err := s.metadata()
	if err != nil {
		return err
	}
	for key, value := range metadata {
		if content.Metadata[key] != value {
			return fmt.Errorf("its metadata has %s = %s instead of %s", key, content.Metadata[key], value)
		}
	}
	state, err := model.State()
	if err != nil {
		return err
	}
	if stored, own := len(content.Tensors), len(state.Model); stored != own {
		return fmt.Errorf("it has %d tensors instead of %d", stored, own)
	}
	for i, t := range state.Model {
		at := slices.IndexFunc(content.Tensors, func(stored safetensors.Tensor) bool { return stored.Name == t.Name })
		if at < 0 {
			return fmt.Errorf("it lacks %s", t.Name)
		}
		if stored := content.Tensors[at]; !slices.Equal(stored.Shape, t.Shape) {
			return fmt.Errorf("%s has the shape %v instead of %v", t.Name, stored.Shape, t.Shape)
		}
		state.Model[i].Values = content.Tensors[at].Values
	}
	return model.Restore(state)
}

// ReadModel reads a stored model: its tensors, and its metadata as strings. The error names the
// file.
func ReadModel(path string) (safetensors.File, error) {
	content, err := func() (safetensors.File, error) {
		dir, name := disk.Split(path)
		file, err := dir.Open(name)
		if err != nil {
			return safetensors.File{}, err
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil {
			return safetensors.File{}, err
		}
		return safetensors.Read(file, info.Size())
	}()
	if err != nil {
		return safetensors.File{}, fmt.Errorf("worker: load %s: %w", path, err)
	}
	return content, nil
}
