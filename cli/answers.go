package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// answers are what an audit, a game or a search found, in the formats F.
type answers[F ~string] interface {
	Write(w io.Writer, format F) error
}

// writeAnswers writes answers in formats to files of one name, and returns their paths. subject is
// named in errors, such as "audit".
func writeAnswers[F ~string](subject, base string, document answers[F], formats []F) ([]string, error) {
	var paths []string
	for _, format := range formats {
		path := base + "." + string(format)
		if err := writeAnswer(subject, path, func(w io.Writer) error { return document.Write(w, format) }); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// writeAnswer writes one file of answers.
func writeAnswer(subject, path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write the %s: %w", subject, err)
	}
	return errors.Join(write(file), file.Close())
}

// showAnswers writes a line of JSON, with --json, or else answers as text with the names of their
// files.
func showAnswers[F ~string](opts *SweepOptions, subject string, line any, document answers[F], text F, files []string) error {
	out := opts.IO.Out
	if opts.JSON {
		if err := json.NewEncoder(out).Encode(line); err != nil {
			return fmt.Errorf("show the %s: %w", subject, err)
		}
		return nil
	}
	if err := document.Write(out, text); err != nil {
		return err
	}
	tell(out, "\nThese answers as files:\n")
	for _, file := range files {
		tell(out, "  %s\n", file)
	}
	return nil
}

// tellStore names the directory of the results, unless the output is JSON.
func (o *sweepOutput) tellStore() {
	if !o.opts.JSON {
		tell(o.opts.IO.Out, "Results, one directory per model: %s\n", o.store.Dir())
	}
}
