package cli

import (
	"context"
	"os/exec"

	"backfire/config"
	"backfire/datasets"
	"backfire/experiments"
	"backfire/launcher"
)

// StoredModelsOptions are those of commands that ask stored models.
type StoredModelsOptions struct {
	Config config.Options // whose store, data and device are used

	Load     experiments.Loader
	Describe func(context.Context) (launcher.Description, error)
	Worker   func() (*exec.Cmd, error)
}

// newStoredModelsOptions asks with the engine that the environment variables choose.
func newStoredModelsOptions(streams *IOStreams) StoredModelsOptions {
	engine := launcher.New(streams.Environ)
	return StoredModelsOptions{Load: datasets.Load, Describe: engine.Describe, Worker: engine.Worker}
}

// open opens the store. The engine is asked for the device once a model is asked.
func (o *StoredModelsOptions) open() (experiments.StoredModels, error) {
	resolved, err := config.Load(o.Config)
	if err != nil {
		return experiments.StoredModels{}, err
	}
	store, err := openStore(o.Config)
	if err != nil {
		return experiments.StoredModels{}, err
	}
	return experiments.StoredModels{
		Store: store, Load: o.Load, Source: experiments.SourceOf(resolved.Config), Command: o.Worker,
		Device: deviceOf(resolved.Config.Device, o.Describe),
	}, nil
}
