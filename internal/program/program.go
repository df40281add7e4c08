// Package program identifies and starts programs of the user's, which take the place of a part of backfire.
//
// A program is an executable file, a file NAME.py, or a directory with an executable file main or a file
// __main__.py. It is identified by the SHA-256 of its content, so that a result names exactly what ran.
package program

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"backfire/internal/disk"
)

// ErrProgram marks a program that cannot be used: it is missing, not executable, not the one that was planned
// with, or it failed.
var ErrProgram = errors.New("unusable program")

// python is the interpreter of files in Python, or the one that this variable names.
const (
	python         = "python3"
	PythonVariable = "BACKFIRE_PYTHON"
)

// Sum returns the SHA-256 of a program, over the names and contents of its files in the order of their names.
// Files of Python's cache do not count. The error wraps [ErrProgram].
func Sum(path string) (string, error) {
	if _, err := start(path); err != nil {
		return "", err
	}
	sum := sha256.New()
	err := func() error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if !info.IsDir() {
			dir, name := disk.Split(path)
			return add(sum, dir, name, "")
		}
		names, err := disk.Files(path)
		if err != nil {
			return err
		}
		for _, name := range names {
			if strings.Contains(name, "__pycache__/") {
				continue
			}
			if err := add(sum, disk.In(path), name, name); err != nil {
				return err
			}
		}
		return nil
	}()
	if err != nil {
		return "", fmt.Errorf("program: %s: %w: %w", path, ErrProgram, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// add adds a file under a name to a sum.
func add(sum io.Writer, dir disk.Dir, file, name string) error {
	one, err := dir.SHA256(file)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(sum, "%s\x00%s\n", name, one)
	return err
}

// start returns the command line that starts a program.
func start(path string) ([]string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("program: %s: %w: %w", path, ErrProgram, err)
	}
	info, err := os.Stat(absolute)
	if err != nil {
		return nil, fmt.Errorf("program: %s: %w: %w", path, ErrProgram, errors.Unwrap(err))
	}
	interpreter := python
	if named := os.Getenv(PythonVariable); named != "" {
		interpreter = named
	}
	if info.IsDir() {
		main := filepath.Join(absolute, "main")
		if file, err := os.Stat(main); err == nil && isExecutable(file) {
			return []string{main}, nil
		}
		if _, err := os.Stat(filepath.Join(absolute, "__main__.py")); err == nil {
			return []string{interpreter, absolute}, nil
		}
		return nil, fmt.Errorf("program: %s: %w: the directory has neither an executable file main nor __main__.py", path, ErrProgram)
	}
	switch {
	case strings.HasSuffix(absolute, ".py"):
		return []string{interpreter, absolute}, nil
	case isExecutable(info):
		return []string{absolute}, nil
	}
	return nil, fmt.Errorf("program: %s: %w: it is not executable (chmod +x), and not a file NAME.py", path, ErrProgram)
}

// isExecutable reports whether a file can be started.
func isExecutable(info os.FileInfo) bool { return info.Mode().IsRegular() && info.Mode()&0o111 != 0 }

// passedOn are the environment variables that a program gets; of the others none is promised.
var passedOn = []string{"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "CUDA_VISIBLE_DEVICES"}

// Command returns the command that starts a program in a directory with one argument.
func Command(path, dir, argument string, environ ...string) (*exec.Cmd, error) {
	line, err := start(path)
	if err != nil {
		return nil, err
	}
	command := exec.Command(line[0], append(line[1:], argument)...)
	command.Dir, command.Env = dir, environ
	for _, name := range passedOn {
		if value, ok := os.LookupEnv(name); ok {
			command.Env = append(command.Env, name+"="+value)
		}
	}
	return command, nil
}
