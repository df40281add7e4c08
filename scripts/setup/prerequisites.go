package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// Free disk space that set-up needs, in bytes: for the downloads, the unpacked libtorch and what Go compiles.
const (
	spaceCPU  = 3_000_000_000
	spaceCUDA = 9_000_000_000
)

// checkPlatform refuses the systems on which backfire was not tested and for which set-up has no libtorch to fetch.
func checkPlatform(goos, goarch string) error {
	if goos != "linux" || goarch != "amd64" {
		return fmt.Errorf("backfire builds on linux/amd64 only, and this is %s/%s", goos, goarch)
	}
	return nil
}

// checkCompiler returns an error unless g++ is there and knows C++17, and cgo is on.
func checkCompiler(ctx context.Context, run commander, root string) error {
	err := run(ctx, command{
		name: "g++",
		args: []string{"-std=c++17", "-fsyntax-only", "-x", "c++", "-include", "optional", os.DevNull},
	})
	switch {
	case notFound(err):
		return errors.New("g++ is missing: install it (Debian and Ubuntu: apt install g++; Fedora: dnf install gcc-c++)")
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("g++ cannot compile C++17 (%w): install GCC 9 or newer with its C++ library", err)
	}
	cgo, err := run.output(ctx, command{dir: root, name: "go", args: []string{"env", "CGO_ENABLED"}})
	if err != nil {
		return fmt.Errorf("asking go for its settings: %w", err)
	}
	if strings.TrimSpace(cgo) != "1" {
		return errors.New("cgo is off: unset CGO_ENABLED, or set it to 1 (go env -w CGO_ENABLED=1)")
	}
	return nil
}

// checkGo returns an error unless the go command is new enough for the clone. Go compares the versions itself when it reads go.mod.
func checkGo(ctx context.Context, run commander, root string) error {
	err := run(ctx, command{dir: root, env: []string{"GOWORK=off"}, name: "go", args: []string{"list", "-m"}, stdout: io.Discard})
	if notFound(err) {
		return errors.New("the go command is missing: install Go, see https://go.dev/doc/install")
	}
	if err != nil {
		return fmt.Errorf("go cannot read this clone's go.mod: %w", err)
	}
	return nil
}

// checkSpace returns an error unless the file system of dir, which need not exist yet, has need bytes free for this user.
func checkSpace(dir string, need int64) error {
	for !isDir(dir) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return fmt.Errorf("asking for the free space in %s: %w", dir, err)
	}
	if free := int64(fs.Bavail) * fs.Bsize; free < need {
		return fmt.Errorf("the disk of %s has %s free, and set-up needs %s: make room, or set BACKFIRE_CACHE to a directory on another disk",
			dir, megabytes(free), megabytes(need))
	}
	return nil
}

// thisPlatform checks the platform of the running program.
func thisPlatform() error { return checkPlatform(runtime.GOOS, runtime.GOARCH) }
