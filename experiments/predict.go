package experiments

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"backfire/game"
	"backfire/safetensors"
)

// predict has a stored model predict the probes of the job's cell.
func (w *Worker) predict(ctx context.Context, job Job) error {
	p := &playing{job: job}
	var err error
	if p.hash, err = job.Cell.Hash(); err != nil {
		return err
	}
	if p.engine, err = w.Engine.Describe(); err != nil {
		return err
	}
	set, err := w.dataset(ctx, job)
	if err != nil {
		return err
	}
	if p.game, err = game.New(set, job.Cell.Game); err != nil {
		return err
	}
	if err := p.stamp(); err != nil {
		return err
	}
	model, err := p.newModel(w.Engine, len(p.course)-1)
	if err != nil {
		return err
	}
	defer model.Close()
	content, err := readModel(job.Predict)
	if err != nil {
		return err
	}
	if err := p.load(model, content); err != nil {
		return err
	}
	if p.predicted, err = model.Predict(p.probes.Images); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(job.Dir, PredictionsFile), p.predicted, fileMode),
		writeJSON(filepath.Join(job.Dir, EnvironmentFile), newEnvironment(job, w.Program, p.engine)))
}

// load puts the parameters and running statistics of the stored model in place of
// the new model's.
func (p *playing) load(model TrainedModel, content safetensors.File) error {
	if err := p.put(model, content); err != nil {
		return fmt.Errorf("experiments: load %s: %w", p.job.Predict, err)
	}
	return nil
}

func (p *playing) put(model TrainedModel, content safetensors.File) error {
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

// readModel reads a stored model.
func readModel(path string) (safetensors.File, error) {
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

// checkModel has a worker process predict the probes again with the stored model.
// On the kind of machine that it was trained on every prediction must be the
// same; elsewhere sums in another order turn the odd image that lies between two
// classes, and their number is told.
func (c *verification) checkModel(ctx context.Context) (string, error) {
	switch {
	case c.manifest == nil:
		return "", unchecked(ManifestFile)
	case c.manifest.Files[ModelFile] == "":
		return "not stored", nil
	case c.predicted == nil:
		return "", unchecked(PredictionsFile)
	case c.environment == nil:
		return "", unchecked(EnvironmentFile)
	}
	path, err := filepath.Abs(c.path(ModelFile))
	if err != nil {
		return "", err
	}
	device, err := c.Device(ctx)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(c.scratch, "predicted")
	if err := os.Mkdir(dir, dirMode); err != nil {
		return "", err
	}
	if err := workOff(ctx, c.Command, Job{
		Cell: *c.cell, Source: c.source, Dir: dir, Predict: path, Device: device, Threads: c.environment.Threads,
	}); err != nil {
		return "", err
	}
	predicted, err := os.ReadFile(filepath.Join(dir, PredictionsFile))
	if err != nil {
		return "", err
	}
	var here Environment
	if err := readJSON(filepath.Join(dir, EnvironmentFile), &here); err != nil {
		return "", err
	}
	if len(predicted) != len(c.predicted) {
		return "", fmt.Errorf("it predicts %d probes instead of %d", len(predicted), len(c.predicted))
	}
	differing := 0
	for i, class := range predicted {
		if class != c.predicted[i] {
			differing++
		}
	}
	switch {
	case differing == 0:
		return fmt.Sprintf("it predicts the same for all %d probes", len(predicted)), nil
	case here.sameKind(*c.environment):
		return "", fmt.Errorf("it predicts another class for %d of %d probes", differing, len(predicted))
	default:
		return fmt.Sprintf("on another kind of machine than it was trained on, it predicts another class for %d of %d probes", differing, len(predicted)), nil
	}
}

// workOff has a worker process of its own do a job of prediction.
func workOff(ctx context.Context, start func() (*exec.Cmd, error), job Job) error {
	command, err := start()
	if err != nil {
		return err
	}
	worker, err := startProcess(command)
	if err != nil {
		return err
	}
	defer worker.close()
	sendErr := worker.send(job)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case event, alive := <-worker.events:
			switch {
			case !alive:
				return errors.Join(worker.obituary(), sendErr)
			case event.Kind == KindFailed:
				return errors.New(event.Error)
			case event.Kind == KindDone:
				return nil
			}
		}
	}
}

// sameKind says whether the same model gives the same bits in both environments.
func (e Environment) sameKind(other Environment) bool {
	kind := func(device string) string { name, _, _ := strings.Cut(device, ":"); return name }
	if kind(e.Device) != kind(other.Device) || e.Engine.Name != other.Engine.Name || e.Engine.Version != other.Engine.Version {
		return false
	}
	if kind(e.Device) == "cpu" {
		return e.CPU.Model == other.CPU.Model && e.Engine.CPUCapability == other.Engine.CPUCapability && e.Threads == other.Threads
	}
	return slices.Equal(e.Engine.GPUs, other.Engine.GPUs)
}
