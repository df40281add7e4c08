// Command gallery writes the pages of an audit and of a game of docs/gallery from their summaries, packed by gzip:
//
//	go run ./scripts/gallery audit.json.gz game.json.gz
//
// writes audit.html and game.html beside them. Nothing is trained, and no store is read.
package main

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"backfire/experiments/cell"
	"backfire/experiments/summary"
	"backfire/report"
	"backfire/report/audits"
	"backfire/report/equilibria"
)

func main() {
	for _, path := range os.Args[1:] {
		if err := write(path); err != nil {
			fmt.Fprintln(os.Stderr, "gallery:", err)
			os.Exit(1)
		}
	}
}

// write writes the page of a packed summary.
func write(path string) error {
	sum, err := read(path)
	if err != nil {
		return err
	}
	fill, err := pageOf(sum)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	file, err := os.Create(strings.TrimSuffix(path, ".json.gz") + ".html")
	if err != nil {
		return err
	}
	return errors.Join(fill(file), file.Close())
}

// read unpacks and reads a summary.
func read(path string) (*summary.Summary, error) {
	packed, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer packed.Close()
	content, err := gzip.NewReader(packed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	dir, err := os.MkdirTemp("", "gallery")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a left-over is harmless
	data, err := io.ReadAll(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	unpacked := filepath.Join(dir, "sweep.json")
	if err := os.WriteFile(unpacked, data, 0o600); err != nil {
		return nil, err
	}
	return summary.Load(unpacked)
}

// pageOf returns the function that writes the page of a summary: of its audit, or of its game.
func pageOf(sum *summary.Summary) (func(io.Writer) error, error) {
	if len(sum.Points) == 0 {
		return nil, errors.New("a summary without points")
	}
	dataset := sum.Points[0].Data.Name
	switch {
	case sum.Audit != nil:
		trials, err := report.Trials(sum, dataset, report.Options{})
		if err != nil {
			return nil, err
		}
		result, err := sum.Audit.Analyze(trials, dataset, 0)
		if err != nil {
			return nil, err
		}
		if result.Hash, err = cell.HashOf(sum.Audit); err != nil {
			return nil, err
		}
		return audits.New(result, dataset, len(sum.Missing), 0).WritePage, nil
	case sum.Game != nil:
		trials, err := report.GameTrials(sum, dataset)
		if err != nil {
			return nil, err
		}
		result, err := sum.Game.Analyze(trials, 0)
		if err != nil {
			return nil, err
		}
		result.Hash = sum.Sweep
		document := equilibria.New(result, dataset, len(sum.Missing), 0)
		return func(w io.Writer) error { return document.Write(w, equilibria.Page) }, nil
	default:
		return nil, errors.New("a summary of neither an audit nor a game")
	}
}
