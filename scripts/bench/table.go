package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// The lines that enclose the table in a document.
const (
	tableBegin = "<!-- make bench ARGUMENTS=\"-write docs/performance.md\" writes this table -->\n"
	tableEnd   = "<!-- end of the table -->\n"
)

// errNoMarkers marks a document without the enclosing lines.
var errNoMarkers = errors.New("it has no place for the table: " + strings.TrimSpace(tableBegin) + " and " + strings.TrimSpace(tableEnd))

// withTable returns a document with the table in its place, as preformatted text.
func withTable(document, table string) (string, error) {
	head, rest, begins := strings.Cut(document, tableBegin)
	_, tail, ends := strings.Cut(rest, tableEnd)
	if !begins || !ends {
		return "", errNoMarkers
	}
	var block strings.Builder
	for line := range strings.Lines(table) {
		block.WriteString("    " + line)
	}
	return head + tableBegin + "\n" + block.String() + "\n" + tableEnd + tail, nil
}

// writeTable writes the table into the document at path.
func writeTable(path, table string) error {
	document, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	text, err := withTable(string(document), table)
	if err != nil {
		return fmt.Errorf("write the table into %s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}
