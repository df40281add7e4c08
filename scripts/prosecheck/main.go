// Prosecheck refuses what the project's rules for text and size forbid, and prints one line for each place:
// file, line, what is wrong and how to mend it. Its exit code is 1 if there is such a place and 2 if a file
// cannot be read.
//
//	go run ./scripts/prosecheck [-all] [DIR]
//
// DIR is the root of the tree, by default the working directory. Directories that begin with a dot or are
// called testdata, and below the root bin, data and runs, are left out, as are generated files.
//
// # Comments
//
// The comments of exported names outside tests, and package comments, must not have the phrases of the list
// in phrases.go. With -all no comment outside tests may have them. The comments of exported names end with a
// full stop, but for those of fields and those behind a declaration on its line, which may be fragments.
//
// The comment of an exported function or method begins with its name and a verb in the present, as in "Load
// returns". A word counts as such a verb if it ends in s and is not in the list notVerbs, which holds "is"
// and "has": with these a comment describes the result as if the function were a thing. The rule lets nouns
// in the plural pass, and refuses an adverb before the verb, which can stand behind it. Methods of types
// that are not exported are left out, as godoc does not show them.
//
// # Documents
//
// Lines of Markdown files have at most 100 columns. Tables, code blocks and the targets of links do not
// count, since they cannot be broken. Links and pictures within the tree lead to files that exist, and to headings
// that their documents have.
//
// # Sizes
//
// A Go file has at most 400 lines, a function at most 60 from its keyword to its closing brace, both also in
// tests, and a package at most 60 exported constants, variables, types and functions. Methods and fields
// belong to their types and are not counted.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// errFound reports that the tree breaks a rule.
var errFound = errors.New("found")

func main() {
	err := run(os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errFound):
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "prosecheck:", err)
		os.Exit(2)
	}
}

// finding is one place that breaks a rule.
type finding struct {
	path string
	line int    // from 1
	what string // what is wrong and how to mend it
}

// String returns the finding as a line of output.
func (f finding) String() string { return fmt.Sprintf("%s:%d: %s", f.path, f.line, f.what) }

// run checks the tree that the arguments name. It returns errFound if there is a finding.
func run(args []string, out, errOut io.Writer) error {
	flags := flag.NewFlagSet("prosecheck", flag.ContinueOnError)
	flags.SetOutput(errOut)
	all := flags.Bool("all", false, "look for forbidden phrases in every comment outside tests, not only in those of exported names")
	if err := flags.Parse(args); err != nil {
		return err
	}
	root := "."
	switch flags.NArg() {
	case 0:
	case 1:
		root = flags.Arg(0)
	default:
		return fmt.Errorf("%d directories instead of one", flags.NArg())
	}
	found, err := checkTree(os.DirFS(root), *all)
	if err != nil {
		return err
	}
	for _, f := range found {
		fmt.Fprintln(out, f)
	}
	if len(found) > 0 {
		fmt.Fprintf(errOut, "prosecheck: findings: %d\n", len(found))
		return errFound
	}
	return nil
}

// checkTree returns the findings in all files of a tree, sorted by path and line.
func checkTree(tree fs.FS, all bool) ([]finding, error) {
	goFiles, documents := newSources(all), newLinks(tree)
	var found []finding
	err := fs.WalkDir(tree, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if leftOut(path) {
				return fs.SkipDir
			}
			return nil
		}
		extension := filepath.Ext(path)
		if extension != ".go" && extension != ".md" {
			return nil
		}
		text, err := fs.ReadFile(tree, path)
		if err != nil {
			return err
		}
		if extension == ".md" {
			found = append(found, checkDocument(path, string(text))...)
			return documents.add(path, text)
		}
		return goFiles.add(path, text)
	})
	if err != nil {
		return nil, fmt.Errorf("check the tree: %w", err)
	}
	found = append(found, goFiles.check()...)
	found = append(found, documents.check()...)
	slices.SortFunc(found, func(a, b finding) int {
		return cmp.Or(strings.Compare(a.path, b.path), cmp.Compare(a.line, b.line), strings.Compare(a.what, b.what))
	})
	return found, nil
}

// leftOut reports whether a directory is not checked.
func leftOut(path string) bool {
	name := filepath.Base(path)
	return path != "." && strings.HasPrefix(name, ".") || name == "testdata" ||
		slices.Contains([]string{"bin", "data", "runs"}, path)
}
