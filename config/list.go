package config

import (
	"errors"
	"strings"
)

// splitList splits a list in the notation of the command line at its commas: "1, 2" or
// "[1, 2]". Empty text has no elements. An element that begins with a quotation mark
// ends with the next one and may contain commas; two of them stand for one inside it.
func splitList(text string) ([]string, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		text = strings.TrimSpace(text[1 : len(text)-1])
	}
	if text == "" {
		return nil, nil
	}
	var elements []string
	for more := true; more; {
		var element string
		if text = strings.TrimLeft(text, " \t"); strings.HasPrefix(text, `"`) {
			var err error
			if element, text, err = cutQuoted(text); err != nil {
				return nil, err
			}
			var behind string
			if behind, text, more = strings.Cut(text, ","); strings.TrimSpace(behind) != "" {
				return nil, errors.New("has text between a closing quotation mark and the next comma")
			}
		} else {
			element, text, more = strings.Cut(text, ",")
		}
		elements = append(elements, element)
	}
	return elements, nil
}

// cutQuoted cuts a quoted element off the beginning of a text, and returns it without
// its quotation marks.
func cutQuoted(text string) (element, rest string, err error) {
	var inside strings.Builder
	for rest = text[1:]; ; rest = rest[1:] {
		part, behind, closed := strings.Cut(rest, `"`)
		if !closed {
			return "", "", errors.New("has a quotation mark that is not closed")
		}
		inside.WriteString(part)
		if rest = behind; !strings.HasPrefix(rest, `"`) {
			return inside.String(), rest, nil
		}
		inside.WriteByte('"')
	}
}

// joinList returns elements as the list that [splitList] splits into them.
func joinList(elements []string) string {
	parts := make([]string, len(elements))
	for i, element := range elements {
		parts[i] = element
		if strings.Contains(element, ",") || strings.HasPrefix(element, `"`) || i == 0 && strings.HasPrefix(element, "[") {
			parts[i] = `"` + strings.ReplaceAll(element, `"`, `""`) + `"`
		}
	}
	return strings.Join(parts, ",")
}
