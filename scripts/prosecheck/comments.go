package main

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

// checkComments returns the findings in the comments of a file.
func (s *sources) checkComments(file source) []finding {
	c := commentCheck{sources: s, path: file.path}
	c.sentences(file.syntax.Doc)
	for _, declaration := range file.syntax.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			c.function(d)
		case *ast.GenDecl:
			c.general(d)
		}
	}
	if s.all {
		for _, group := range file.syntax.Comments {
			c.phrases(group)
		}
	}
	return c.found
}

// commentCheck collects the findings in the comments of one file.
type commentCheck struct {
	*sources
	path  string
	seen  map[*ast.CommentGroup]bool // whose phrases are checked
	found []finding
}

// phrases checks a comment for forbidden phrases, once.
func (c *commentCheck) phrases(group *ast.CommentGroup) {
	if group == nil || c.seen[group] {
		return
	}
	if c.seen == nil {
		c.seen = map[*ast.CommentGroup]bool{}
	}
	c.seen[group] = true
	c.found = append(c.found, c.checkPhrases(c.path, group)...)
}

// sentences checks a comment that consists of sentences.
func (c *commentCheck) sentences(group *ast.CommentGroup) {
	c.phrases(group)
	if group != nil && !endsWell(c.textOf(group)) {
		c.add(group, "the comment does not end with a full stop")
	}
}

// add reports a finding at the beginning of a comment.
func (c *commentCheck) add(group *ast.CommentGroup, what string) {
	c.found = append(c.found, finding{c.path, c.line(group.Pos()), what})
}

// endsWell reports whether a comment ends with a full stop, also inside brackets or quotes, or with a block
// of code.
func endsWell(c comment) bool {
	lines := c.lines
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	if len(lines) == 0 {
		return true
	}
	last := lines[len(lines)-1]
	if strings.HasPrefix(last, "\t") || strings.HasPrefix(last, "   ") {
		return true
	}
	last = strings.TrimRight(last, " \t)\"'`\u201d")
	return strings.HasSuffix(last, ".") || strings.HasSuffix(last, "!") || strings.HasSuffix(last, "?")
}

// notVerbs are words that end in s and are not the verb that a function's comment begins with.
var notVerbs = []string{"is", "has", "was", "does", "as", "its", "this", "always", "says", "tells"}

// isVerb reports whether a word can be a verb in the third person.
func isVerb(word string) bool {
	foreign := func(r rune) bool { return (r < 'a' || r > 'z') && r != '-' }
	return strings.HasSuffix(word, "s") && strings.IndexFunc(word, foreign) < 0 && !slices.Contains(notVerbs, word)
}

// function checks the comment of a function or method.
func (c *commentCheck) function(d *ast.FuncDecl) {
	if !d.Name.IsExported() || d.Recv != nil && !exportedReceiver(d.Recv) || d.Doc == nil {
		return
	}
	c.sentences(d.Doc)
	words := strings.Fields(strings.Join(c.textOf(d.Doc).lines, " "))
	if len(words) == 0 {
		return
	}
	name := d.Name.Name
	if words[0] != name {
		c.add(d.Doc, fmt.Sprintf("the comment of %s begins with %q: begin with the name and a verb in the present, such as %q", name, words[0], name+" returns"))
		return
	}
	next := ""
	if len(words) > 1 {
		next = strings.TrimRight(words[1], ",.:;")
	}
	if !isVerb(next) {
		c.add(d.Doc, fmt.Sprintf("%q: continue with a verb in the present, such as %q or %q", name+" "+next, name+" returns", name+" reports whether"))
	}
}

// exportedReceiver reports whether a method belongs to an exported type.
func exportedReceiver(receiver *ast.FieldList) bool {
	kind := receiver.List[0].Type
	for {
		switch t := kind.(type) {
		case *ast.StarExpr:
			kind = t.X
		case *ast.IndexExpr:
			kind = t.X
		case *ast.IndexListExpr:
			kind = t.X
		case *ast.Ident:
			return t.IsExported()
		default:
			return false
		}
	}
}

// general checks the comments of a declaration of types, constants or variables.
func (c *commentCheck) general(d *ast.GenDecl) {
	if exportedNames(d) > 0 {
		c.sentences(d.Doc)
	}
	for _, spec := range d.Specs {
		if !slices.ContainsFunc(specNames(spec), (*ast.Ident).IsExported) {
			continue
		}
		switch s := spec.(type) {
		case *ast.ValueSpec:
			c.sentences(s.Doc)
			c.phrases(s.Comment)
		case *ast.TypeSpec:
			c.sentences(s.Doc)
			c.phrases(s.Comment)
			c.members(s.Type)
		}
	}
}

// members checks the comments of the exported fields of a struct and methods of an interface.
func (c *commentCheck) members(kind ast.Expr) {
	var fields *ast.FieldList
	switch t := kind.(type) {
	case *ast.StructType:
		fields = t.Fields
	case *ast.InterfaceType:
		fields = t.Methods
	default:
		return
	}
	for _, field := range fields.List {
		if len(field.Names) > 0 && !slices.ContainsFunc(field.Names, (*ast.Ident).IsExported) {
			continue
		}
		c.phrases(field.Doc)
		c.phrases(field.Comment)
		c.members(field.Type)
	}
}
