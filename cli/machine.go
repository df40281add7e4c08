package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/klauspost/cpuid/v2"
	"golang.org/x/sys/unix"

	"backfire/datasets"
	"backfire/launcher"
)

// Machine is what doctor asks the machine; every part can be replaced in tests.
type Machine struct {
	Describe     func(context.Context) (launcher.Description, error) // the engine, its libtorch and devices
	CPU          cpuid.CPUInfo                                       // the processor
	Arch         string                                              // as runtime.GOARCH
	Cores        int                                                 // that this process may use
	NvidiaDriver bool                                                // the kernel has NVIDIA's driver
	LoadData     func(context.Context, datasets.Source) (*datasets.Set, error)
	Disk         func(dir string) (free uint64, err error) // bytes that may still be written to a directory that exists
}

// ThisMachine returns the machine that the program runs on, with the engine that
// the environment variables choose.
func ThisMachine(environ []string) Machine {
	_, err := os.Stat("/proc/driver/nvidia/version")
	return Machine{
		Describe:     launcher.New(environ).Describe,
		CPU:          cpuid.CPU,
		Arch:         runtime.GOARCH,
		Cores:        runtime.GOMAXPROCS(0),
		NvidiaDriver: err == nil,
		LoadData:     datasets.Load,
		Disk:         freeDisk,
	}
}

// freeDisk returns how many bytes may still be written to a directory; an error
// if it cannot be written to at all.
func freeDisk(dir string) (uint64, error) {
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return 0, fmt.Errorf("write to %s: %w", dir, err)
	}
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return stat.Bavail * uint64(stat.Bsize), nil
}

// existingDir returns the directory itself or, where it is still to be made, the
// nearest one above it that exists.
func existingDir(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("resolve %s: %w", dir, err)
	}
	for {
		info, err := os.Stat(dir)
		switch {
		case err == nil && info.IsDir():
			return dir, nil
		case err == nil:
			return "", fmt.Errorf("%s is not a directory", dir)
		case !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir):
			return "", err
		}
		dir = filepath.Dir(dir)
	}
}
