package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"slices"
	"strings"
)

// sources are the parsed Go files of a tree.
type sources struct {
	fset  *token.FileSet
	all   bool // check the phrases of every comment outside tests
	files []source
}

// source is one Go file.
type source struct {
	path   string
	lines  int
	syntax *ast.File
}

func newSources(all bool) *sources { return &sources{fset: token.NewFileSet(), all: all} }

// add parses a file, unless it is generated.
func (s *sources) add(path string, text []byte) error {
	syntax, err := parser.ParseFile(s.fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	if !ast.IsGenerated(syntax) {
		s.files = append(s.files, source{path, strings.Count(string(text), "\n"), syntax})
	}
	return nil
}

// check returns the findings in all files, in no order.
func (s *sources) check() []finding {
	found := s.checkPackages()
	for _, file := range s.files {
		found = append(found, s.checkSizes(file)...)
		if !strings.HasSuffix(file.path, "_test.go") {
			found = append(found, s.checkComments(file)...)
		}
	}
	return found
}

// The limits of sizes.
const (
	mostLines         = 400 // of a file
	mostFunctionLines = 60
	mostExported      = 60 // names of a package
)

// checkSizes returns the findings about the lengths of a file and its functions.
func (s *sources) checkSizes(file source) []finding {
	var found []finding
	if file.lines > mostLines {
		found = append(found, finding{file.path, mostLines + 1, fmt.Sprintf("the file has %d lines: split it by concept into files of at most %d", file.lines, mostLines)})
	}
	for _, declaration := range file.syntax.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok {
			continue
		}
		first, last := s.line(function.Pos()), s.line(function.End())
		if lines := last - first + 1; lines > mostFunctionLines {
			found = append(found, finding{file.path, first, fmt.Sprintf("%s has %d lines: split it into functions of at most %d", function.Name.Name, lines, mostFunctionLines)})
		}
	}
	return found
}

// line returns the line of a position in its file, from 1.
func (s *sources) line(at token.Pos) int { return s.fset.Position(at).Line }

// checkPackages returns the findings about packages with too many exported names, at the package clause of
// the first file.
func (s *sources) checkPackages() []finding {
	names, first := map[string]int{}, map[string]source{}
	for _, file := range s.files {
		if strings.HasSuffix(file.path, "_test.go") {
			continue
		}
		dir := path.Dir(file.path)
		for _, declaration := range file.syntax.Decls {
			names[dir] += exportedNames(declaration)
		}
		if before, ok := first[dir]; !ok || file.path < before.path {
			first[dir] = file
		}
	}
	var found []finding
	for _, dir := range slices.Sorted(maps.Keys(names)) {
		if names[dir] > mostExported {
			found = append(found, finding{
				first[dir].path, s.line(first[dir].syntax.Package),
				fmt.Sprintf("package %s exports %d names: unexport some or split it, at most %d", dir, names[dir], mostExported),
			})
		}
	}
	return found
}

// exportedNames counts the exported names of a declaration. A method counts with its type.
func exportedNames(declaration ast.Decl) int {
	n := 0
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil && d.Name.IsExported() {
			n++
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			for _, name := range specNames(spec) {
				if name.IsExported() {
					n++
				}
			}
		}
	}
	return n
}

// specNames returns the names that a specification of types, constants or variables declares.
func specNames(spec ast.Spec) []*ast.Ident {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		return []*ast.Ident{s.Name}
	case *ast.ValueSpec:
		return s.Names
	}
	return nil
}
