package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"backfire/datasets"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/buildinfo"
	"backfire/launcher"
	"backfire/torchbridge"
)

// Main runs the engine in the role that its only argument names, launcher.RoleDescribe or
// launcher.RoleWorker. It returns the exit code: 0, 1 after a failure, 2 if the arguments are
// wrong. A code above 0 comes with a sentence on errOut.
func Main(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	role := ""
	if len(args) == 1 {
		role = args[0]
	}
	var err error
	switch role {
	case launcher.RoleDescribe:
		err = describe(out)
	case launcher.RoleWorker:
		build := buildinfo.This()
		worker := &worker.Worker{
			Engine: LibTorch{}, Load: datasets.Load,
			Program: store.Build{Version: build.Version, Commit: build.Commit, Go: build.Go},
		}
		err = worker.Run(ctx, in, out)
	default:
		fmt.Fprintf(errOut, "%s: backfire starts this program to train models, as %q or %q; see backfire --help\n",
			launcher.Name, launcher.RoleDescribe, launcher.RoleWorker)
		return 2
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(errOut, "%s: %v\n", launcher.Name, err)
		return 1
	}
	return 0
}

// describe writes a launcher.Description of this engine.
func describe(out io.Writer) error {
	env, err := torchbridge.Environment()
	if err != nil {
		return err
	}
	for i := range env.GPUs {
		if free, err := torchbridge.FreeMemory(i); err == nil { // otherwise it is not known
			env.GPUs[i].Free = free
		}
	}
	return json.NewEncoder(out).Encode(launcher.Description{Protocol: launcher.Protocol, Build: buildinfo.This(), Libtorch: env})
}
