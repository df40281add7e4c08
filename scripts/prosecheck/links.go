package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// links are the places to which the Markdown files of a tree lead, and the places that they have.
type links struct {
	tree     fs.FS
	headings map[string]map[string]bool // per file the anchors of its headings
	targets  []link
}

// link is a link or picture of a document.
type link struct {
	path string
	line int // of the block that it stands in, from 1
	to   string
}

// newLinks returns links without a document. Files are looked for in tree.
func newLinks(tree fs.FS) *links {
	return &links{tree: tree, headings: map[string]map[string]bool{}}
}

// add takes the links and headings of a Markdown file.
func (l *links) add(file string, content []byte) error {
	anchors, line := map[string]bool{}, 1
	document := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(content))
	err := ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		if node.Type() == ast.TypeBlock && node.Lines().Len() > 0 {
			line = 1 + bytes.Count(content[:node.Lines().At(0).Start], []byte("\n"))
		}
		switch node := node.(type) {
		case *ast.Heading:
			anchors[unused(anchors, anchor(plain(node, content)))] = true
		case *ast.Link:
			l.targets = append(l.targets, link{file, line, string(node.Destination)})
		case *ast.Image:
			l.targets = append(l.targets, link{file, line, string(node.Destination)})
		}
		return ast.WalkContinue, nil
	})
	l.headings[file] = anchors
	return err
}

// check returns the links within the tree that lead nowhere.
func (l *links) check() []finding {
	var found []finding
	for _, target := range l.targets {
		to, err := url.Parse(target.to)
		if err != nil {
			found = append(found, finding{target.path, target.line, fmt.Sprintf("link to %q: no address: %v", target.to, err)})
			continue
		}
		if to.IsAbs() || to.Host != "" {
			continue
		}
		file := target.path
		if to.Path != "" {
			file = path.Join(path.Dir(target.path), to.Path)
		}
		anchors, isDocument := l.headings[file]
		if _, err := fs.Stat(l.tree, file); err != nil {
			found = append(found, finding{target.path, target.line, fmt.Sprintf("link to %q: there is no file %s", target.to, file)})
		} else if to.Fragment != "" && isDocument && !anchors[to.Fragment] {
			found = append(found, finding{target.path, target.line, fmt.Sprintf("link to %q: %s has no such heading", target.to, file)})
		}
	}
	return found
}

// plain returns the text of a node without its markup.
func plain(node ast.Node, content []byte) string {
	var out strings.Builder
	for child := node.FirstChild(); child != nil; child = child.NextSibling() {
		switch child := child.(type) {
		case *ast.Text:
			out.Write(child.Segment.Value(content))
		case *ast.String:
			out.Write(child.Value)
		default:
			out.WriteString(plain(child, content))
		}
	}
	return out.String()
}

// anchor returns the anchor that GitHub gives a heading: its letters in lower case, digits, underscores and
// hyphens, with hyphens for spaces.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r):
			return unicode.ToLower(r)
		default:
			return -1
		}
	}, heading)
}

// unused returns an anchor that no heading has yet: GitHub counts those that are alike.
func unused(anchors map[string]bool, wanted string) string {
	name := wanted
	for i := 1; anchors[name]; i++ {
		name = wanted + "-" + strconv.Itoa(i)
	}
	return name
}
