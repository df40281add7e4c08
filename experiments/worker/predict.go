package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
	"backfire/internal/safetensors"
)

// predict has a stored model predict the probes of the job's cell, and answer again
// what else is stored of it: its divergences if they are asked for, and the cell's
// inquiry.
func (w *Worker) predict(ctx context.Context, job Job) error {
	p := &Session{Job: job, tell: func(Event) {}} // nobody waits for more than the answer
	var err error
	if p.Hash, err = job.Cell.Hash(); err != nil {
		return err
	}
	if p.engine, err = w.Engine.Describe(); err != nil {
		return err
	}
	if err := w.deal(ctx, p); err != nil {
		return err
	}
	model, err := p.newModel(w.Engine, len(p.course)-1)
	if err != nil {
		return err
	}
	defer model.Close()
	content, err := ReadModel(job.Predict)
	if err != nil {
		return err
	}
	if err := p.load(model, content); err != nil {
		return err
	}
	if p.predicted, err = model.Predict(p.Probes.Images); err != nil {
		return err
	}
	if err := p.writeDivergences(model); err != nil {
		return err
	}
	if job.Cell.Attribution != nil {
		training := p.rowsOf(len(p.course) - 1) // what is unlearned
		if err := model.Upload(training.Images, training.Labels); err != nil {
			return err
		}
		if err := p.attribute(ctx, model); err != nil {
			return err
		}
	}
	return errors.Join(
		p.Files().WriteAttribution(job.Dir),
		os.WriteFile(filepath.Join(job.Dir, store.PredictionsFile), p.predicted, disk.FileMode),
		jsonfile.Write(filepath.Join(job.Dir, store.EnvironmentFile), store.NewEnvironment(job.Device, job.Threads, job.Cell.Precision(), w.Program, p.engine)))
}

// load puts the parameters and running statistics of the stored model in place of
// the new model's.
func (p *Session) load(model TrainedModel, content safetensors.File) error {
	if err := p.put(model, content); err != nil {
		return fmt.Errorf("experiments: load %s: %w", p.Job.Predict, err)
	}
	return nil
}

func (p *Session) put(model TrainedModel, content safetensors.File) error {
	want, err := p.metadata()
	if err != nil {
		return err
	}
	for key, value := range want {
		if content.Metadata[key] != value {
			return fmt.Errorf("it says %s = %s, which is %s", key, content.Metadata[key], value)
		}
	}
	state, err := model.State()
	if err != nil {
		return err
	}
	if got, want := len(content.Tensors), len(state.Model); got != want {
		return fmt.Errorf("it has %d tensors instead of %d", got, want)
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

// ReadModel reads a stored model.
func ReadModel(path string) (safetensors.File, error) {
	content, err := func() (safetensors.File, error) {
		file, err := os.Open(path)
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
		return safetensors.File{}, fmt.Errorf("experiments: load %s: %w", path, err)
	}
	return content, nil
}
