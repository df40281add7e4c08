// Command databench measures how long it takes to load datasets, and how much memory:
//
//	go run ./scripts/databench PATH...
//
// Each path is loaded by a process of its own with an empty cache of decoded sets, and
// once more from that cache. make_sets.py makes a set in each form.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"backfire/datasets"
)

// once is the argument with which the program loads one path and reports it.
const once = "-once"

func main() {
	if len(os.Args) == 4 && os.Args[1] == once {
		if err := load(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if err := measure(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "databench:", err)
		os.Exit(1)
	}
}

// load loads one path and prints the time that it took and the size of the set.
func load(path, cache string) error {
	start := time.Now()
	set, err := datasets.Load(context.Background(), datasets.Source{Name: datasets.Folder, Path: path, CacheDir: cache})
	if err != nil {
		return err
	}
	fmt.Printf("%7d images of %dx%dx%d in %6.2f s", set.Len(), set.C, set.H, set.W, time.Since(start).Seconds())
	return nil
}

// measure loads each path twice in processes of their own.
func measure(paths []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, path := range paths {
		cache, err := os.MkdirTemp("", "databench")
		if err != nil {
			return err
		}
		fmt.Printf("%s:\n", path)
		for _, from := range []string{"decoded", "cached "} {
			command := exec.Command(self, once, path, cache)
			command.Stderr = os.Stderr
			said, err := command.Output()
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			usage, _ := command.ProcessState.SysUsage().(*syscall.Rusage)
			fmt.Printf("  %s %s, %4d MB\n", from, said, usage.Maxrss/1000)
		}
		if err := os.RemoveAll(cache); err != nil {
			return err
		}
	}
	return nil
}
