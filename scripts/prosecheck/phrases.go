package main

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"unicode"
)

// phrase is a turn of words that comments must not have.
type phrase struct {
	words [][]string // for each word in turn its forms, in lower case
	mend  string
}

// phrases are the forbidden ones. They are found without regard to case, and across the lines of a comment.
var phrases = []phrase{
	{
		[][]string{{"say", "says"}, {"how", "what", "whether", "which", "if"}},
		`use "reports whether", "returns", "describes", or name the value itself`,
	},
	{
		[][]string{{"is", "are"}, {"what"}},
		`name the thing, or begin with a verb: "X is what Y reads" is "Y reads X"`,
	},
	{
		[][]string{{"nobody", "whoever", "somebody", "anybody"}},
		`name the process, command, caller or agent: "no process", "the process that"`,
	},
}

// comment is a comment without its markers.
type comment struct {
	lines []string
	first int // line of the file where it begins
}

// textOf returns a comment without its markers. Lines for tools become empty.
func (s *sources) textOf(group *ast.CommentGroup) comment {
	var lines []string
	for _, part := range group.List {
		text := part.Text
		switch {
		case isDirective(text):
			text = ""
		case strings.HasPrefix(text, "/*"):
			text = strings.TrimSuffix(strings.TrimPrefix(text, "/*"), "*/")
		default:
			text = strings.TrimPrefix(text, "//")
		}
		lines = append(lines, strings.Split(text, "\n")...)
	}
	return comment{lines, s.line(group.Pos())}
}

// isDirective reports whether a line of a comment is one for tools, such as //go:embed.
func isDirective(line string) bool {
	tool, rest, ok := strings.Cut(strings.TrimPrefix(line, "//"), ":")
	word := func(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' }
	return ok && tool != "" && strings.IndexFunc(tool, func(r rune) bool { return !word(r) }) < 0 &&
		rest != "" && word(rune(rest[0]))
}

// word is a word of a comment.
type word struct {
	text string // in lower case, without what surrounds it
	open bool   // nothing but space stands between it and the next word
	line int    // of the file
}

// words returns the words of a comment.
func (c comment) words() []word {
	foreign := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	var all []word
	for i, line := range c.lines {
		for _, field := range strings.Fields(line) {
			text := strings.TrimLeftFunc(strings.ToLower(field), foreign)
			trimmed := strings.TrimRightFunc(text, foreign)
			open := text == trimmed
			trimmed, _, _ = strings.Cut(trimmed, "'") // a genitive
			all = append(all, word{trimmed, open, c.first + i})
		}
	}
	return all
}

// begins reports whether the phrase stands at the beginning of words.
func (p phrase) begins(words []word) bool {
	if len(words) < len(p.words) {
		return false
	}
	for i, forms := range p.words {
		if !slices.Contains(forms, words[i].text) || i+1 < len(p.words) && !words[i].open {
			return false
		}
	}
	return true
}

// checkPhrases returns the forbidden phrases of a comment.
func (s *sources) checkPhrases(path string, group *ast.CommentGroup) []finding {
	words := s.textOf(group).words()
	var found []finding
	for i, first := range words {
		for _, p := range phrases {
			if !p.begins(words[i:]) {
				continue
			}
			said := make([]string, len(p.words))
			for j := range said {
				said[j] = words[i+j].text
			}
			found = append(found, finding{path, first.line, fmt.Sprintf("%q: %s", strings.Join(said, " "), p.mend)})
		}
	}
	return found
}
