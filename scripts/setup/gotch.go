package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// The gotch module that is adapted. Go's module proxy has this version only.
const (
	gotchModule  = "github.com/sugarme/gotch"
	gotchVersion = "v0.9.1"
	gotchSum     = "h1:J6JCE1C2AfPmM1xk0p46LdzWtfNvbvZZnWdkj9v54jo="
)

// recipe is the version of the adaptation of gotch. Raise it with every change to the files that adapt writes.
const recipe = "1"

// knownStubs holds, by version of libtorch, the functions of gotch that do not compile against it.
var knownStubs = map[string][]string{
	torchVersion: {"atg__cslt_sparse_mm", "atg__scaled_mm", "atg__scaled_mm_out"},
}

// searchRounds is the largest number of searches for functions that do not compile. One search may not suffice, since an error can hide
// another one.
const searchRounds = 6

// gotchDir returns the directory of the copy of gotch that is adapted to l. Its name depends on everything on which its content depends.
// Since Go's build cache depends on the path, gotch is compiled once for all clones.
func gotchDir(cache string, l libtorch) string {
	key := sha256.Sum256([]byte(strings.Join([]string{recipe, l.Version, join(l.includeFlags()), join(l.linkFlags())}, "\n")))
	return filepath.Join(cache, fmt.Sprintf("gotch-%s-%x", strings.TrimPrefix(gotchVersion, "v"), key[:6]))
}

// adapter makes the adapted copy of gotch.
type adapter struct {
	run     commander
	console console
	root    string // the clone
}

// adapt writes the copy of gotch for l into dir, which exists and is empty.
func (a adapter) adapt(ctx context.Context, dir string, l libtorch) error {
	module, err := a.download(ctx)
	if err != nil {
		return err
	}
	if err := copyGotch(dir, module); err != nil {
		return err
	}
	if err := editFile(filepath.Join(dir, "libtch", "lib.go"), func(s string) (string, error) { return rewriteCgo(s, l) }); err != nil {
		return err
	}
	if stubs, ok := knownStubs[l.Version]; ok {
		return editFile(filepath.Join(dir, "libtch", generatedFile), func(s string) (string, error) { return stubFunctions(s, stubs) })
	}
	return a.searchStubs(ctx, dir, l)
}

// download returns the directory of gotch in Go's module cache, after Go has fetched and verified it.
func (a adapter) download(ctx context.Context) (string, error) {
	text, err := a.run.output(ctx, command{
		dir: a.root, env: []string{"GOWORK=off"},
		name: "go", args: []string{"mod", "download", "-json", gotchModule + "@" + gotchVersion},
	})
	var module struct{ Dir, Sum, Error string }
	if errJSON := json.Unmarshal([]byte(text), &module); err == nil {
		err = errJSON
	}
	switch {
	case module.Error != "":
		return "", fmt.Errorf("fetching gotch %s: %s", gotchVersion, module.Error)
	case err != nil:
		return "", fmt.Errorf("fetching gotch %s: %w", gotchVersion, err)
	case module.Sum != gotchSum:
		return "", fmt.Errorf("fetching gotch %s: its sum is %s instead of %s", gotchVersion, module.Sum, gotchSum)
	}
	return module.Dir, nil
}

// copyGotch copies the package libtch and the licence of the module. The copy's go.mod requires no modules, since libtch imports only the
// standard library.
func copyGotch(dir, module string) error {
	if err := os.CopyFS(filepath.Join(dir, "libtch"), os.DirFS(filepath.Join(module, "libtch"))); err != nil {
		return fmt.Errorf("copying gotch: %w", err)
	}
	licence, err := os.ReadFile(filepath.Join(module, "LICENSE"))
	if err != nil {
		return fmt.Errorf("copying gotch: %w", err)
	}
	for name, text := range map[string]string{
		"LICENSE": string(licence),
		"go.mod":  "module " + gotchModule + "\n\ngo 1.20\n",
		"CHANGES": "This is the package libtch of " + gotchModule + " " + gotchVersion + ", changed by backfire's set-up:\n" +
			"the #cgo lines of libtch/lib.go, and in libtch/" + generatedFile + " the bodies of the functions that this libtorch does not have.\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("copying gotch: %w", err)
		}
	}
	return nil
}

// editFile replaces a file's text by the result of edit. It makes the file writable, since files from Go's module cache are read-only.
func editFile(path string, edit func(string) (string, error)) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("adapting gotch: %w", err)
	}
	edited, err := edit(string(text))
	if err != nil {
		return err
	}
	if err := os.Chmod(path, 0o644); err != nil {
		return fmt.Errorf("adapting gotch: %w", err)
	}
	return os.WriteFile(path, []byte(edited), 0o644)
}

// searchStubs finds, with the compiler, the functions that do not compile against l, and replaces them.
func (a adapter) searchStubs(ctx context.Context, dir string, l libtorch) error {
	a.console.say("libtorch %s is not the pinned %s: searching with the compiler for functions of gotch that it does not have (up to %d rounds of half a minute)",
		l.Version, torchVersion, searchRounds)
	for range searchRounds {
		messages, err := a.tryCompile(ctx, filepath.Join(dir, "libtch"), l)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || notFound(err) {
			return err
		}
		done := false
		err = editFile(filepath.Join(dir, "libtch", generatedFile), func(s string) (string, error) {
			names, err := failingFunctions(s, messages)
			if err != nil {
				return "", err
			}
			done = len(names) == 0
			a.console.say("  this libtorch does not have %d functions", len(names))
			return stubFunctions(s, names)
		})
		if err != nil {
			return err
		}
		if done {
			return fmt.Errorf("gotch does not compile against this libtorch: %s", lastLine(messages))
		}
	}
	return fmt.Errorf("gotch still does not compile against libtorch %s after %d rounds; use libtorch %s", l.Version, searchRounds, torchVersion)
}

// tryCompile checks gotch's C++ without generating code, and returns the compiler's messages.
func (a adapter) tryCompile(ctx context.Context, libtch string, l libtorch) (string, error) {
	var messages bytes.Buffer
	err := a.run(ctx, command{
		dir: libtch, env: []string{"LC_ALL=C"},
		name:   "g++",
		args:   append(append([]string{"-fsyntax-only", "-fmax-errors=0", "-std=c++17", "-w"}, l.includeFlags()...), "torch_api.cpp"),
		stdout: io.Discard,
		stderr: &messages,
	})
	return messages.String(), err
}
