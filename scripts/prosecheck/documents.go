package main

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// mostColumns is the largest number of characters in a line of a document.
const mostColumns = 100

// checkDocument returns the lines of a Markdown file that are too long.
func checkDocument(path, text string) []finding {
	var found []finding
	block := "" // the marker that ends the open block of code; empty: none is open
	line := 0
	for content := range strings.Lines(text) {
		line++
		content = strings.TrimRight(content, "\r\n")
		marker := fence(content)
		if block != "" {
			if strings.HasPrefix(marker, block) {
				block = ""
			}
			continue
		}
		if block = marker; block != "" || isTableOrCode(content) {
			continue
		}
		if columns := utf8.RuneCountInString(withoutTargets(content)); columns > mostColumns {
			found = append(found, finding{path, line, fmt.Sprintf("the line has %d columns: break it, at most %d", columns, mostColumns)})
		}
	}
	return found
}

// fence returns the marker that begins or ends a block of code on a line, or nothing.
func fence(line string) string {
	line = strings.TrimSpace(line)
	for _, sign := range []string{"`", "~"} {
		if marker := line[:len(line)-len(strings.TrimLeft(line, sign))]; len(marker) >= 3 {
			return marker
		}
	}
	return ""
}

// isTableOrCode reports whether a line is a row of a table or indented as code.
func isTableOrCode(line string) bool {
	return strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "\t") || strings.HasPrefix(strings.TrimSpace(line), "|")
}

// withoutTargets returns a line without the targets of its links and pictures and without bare addresses.
func withoutTargets(line string) string {
	var kept strings.Builder
	for {
		at, end := target(line)
		if at < 0 {
			kept.WriteString(line)
			return kept.String()
		}
		kept.WriteString(line[:at])
		line = line[end:]
	}
}

// target finds the first target of a link or bare address in a line. It returns -1 where there is none.
func target(line string) (from, to int) {
	from = -1
	for _, kind := range []struct{ begin, stop string }{{"](", ")"}, {"]: ", " "}, {"https://", " )>"}, {"http://", " )>"}} {
		at := strings.Index(line, kind.begin)
		if at < 0 || from >= 0 && at > from {
			continue
		}
		end := strings.IndexAny(line[at+len(kind.begin):], kind.stop)
		if end < 0 {
			end = len(line)
		} else {
			end += at + len(kind.begin)
		}
		from, to = at, end
	}
	return from, to
}
