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

// Machine holds the properties of the machine that doctor checks. Tests replace them.
type Machine struct {
	Describe     func(context.Context) (launcher.Description, error) // the engine, its libtorch and devices
	CPU          cpuid.CPUInfo                                       // the processor
	Arch         string                                              // runtime.GOARCH
	Cores        int                                                 // available to this process
	NvidiaDriver bool                                                // the kernel has NVIDIA's driver
	LoadData     func(context.Context, datasets.Source) (*datasets.Set, error)
	Disk         func(dir string) (free uint64, err error) // free bytes of an existing directory
}

// ThisMachine returns the machine that the program runs on, with the engine that the
// environment variables select.
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

// freeDisk returns the number of bytes that can be written to a directory. The error
// reports a directory that cannot be written to.
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

// existingDir returns the directory itself or, if it does not exist, the nearest
// directory above it that does.
func existingDir(path string) (string, error) {
	dir, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("resolve %s: %w", path, err)
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
