package visible

import "strings"

// Sentence returns the text of an error in one line. Errors that were joined, which their
// text puts on lines of their own, are separated by semicolons; any other line break is
// an escape.
func Sentence(err error) string {
	text, causes := err.Error(), causesOf(err)
	texts := make([]string, len(causes))
	for i, cause := range causes {
		texts[i] = cause.Error()
	}
	between := ""
	if len(causes) > 1 && strings.Join(texts, "\n") == text {
		between = "; "
	}
	var out strings.Builder
	for i, cause := range causes {
		before, after, found := strings.Cut(text, texts[i])
		if !found || texts[i] == "" {
			continue // its text is not part of the error's
		}
		if between == "" {
			out.WriteString(Line(before))
		} else if i > 0 {
			out.WriteString(between)
		}
		out.WriteString(Sentence(cause))
		text = after
	}
	return out.String() + Line(text)
}

// causesOf returns the errors that an error wraps directly.
func causesOf(err error) []error {
	switch wrapping := err.(type) { //nolint:errorlint // looks at this error alone
	case interface{ Unwrap() []error }:
		return wrapping.Unwrap()
	case interface{ Unwrap() error }:
		if cause := wrapping.Unwrap(); cause != nil {
			return []error{cause}
		}
	}
	return nil
}
