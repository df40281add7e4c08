package cli

import (
	"context"
	"os/exec"

	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/inference"
	"backfire/experiments/plan"
	"backfire/launcher"
)

// StoredModelsOptions are the options of commands that ask stored models.
type StoredModelsOptions struct {
	Config config.Options // its store, data and device are used

	Load     cell.Loader
	Describe func(context.Context) (launcher.Description, error)
	Worker   func() (*exec.Cmd, error)
}

// newStoredModelsOptions returns options with the engine that the environment selects.
func newStoredModelsOptions(streams *IOStreams) StoredModelsOptions {
	engine := launcher.New(streams.Environ)
	return StoredModelsOptions{Load: datasets.Load, Describe: engine.Describe, Worker: engine.Worker}
}

// open opens the store. The device is determined when a model is asked first.
func (o *StoredModelsOptions) open() (inference.StoredModels, error) {
	resolved, err := config.Load(o.Config)
	if err != nil {
		return inference.StoredModels{}, err
	}
	store, err := openStore(o.Config)
	if err != nil {
		return inference.StoredModels{}, err
	}
	return inference.StoredModels{
		Store: store, Load: o.Load, Source: plan.SourceOf(resolved.Config), Weights: resolved.Config.Model.Weights, Command: o.Worker,
		Device: deviceOf(resolved.Config.Device, o.Describe),
	}, nil
}
