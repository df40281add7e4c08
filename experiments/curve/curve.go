package curve

import (
	"fmt"

	"backfire/internal/disk"
	"backfire/internal/jsonfile"
)

// File is the name of the file of a stored result that holds its learning curve.
const File = "curve.json"

// format is the version of Curve.
const format = 1

// Curve is the learning curve of a model, as File holds it.
type Curve struct {
	Format int    `json:"format"` // set by Write
	Cell   string `json:"cell"`   // hash
	// Every and Images are those of the request. A curve with other values may answer a later request.
	Every  int     `json:"every"`
	Images int     `json:"images"`
	Points []Point `json:"points"`
}

// Point is the part of a curve after one epoch.
type Point struct {
	Epoch int `json:"epoch"` // from 1
	Scores
}

// Request returns the request that the curve was made for.
func (c Curve) Request() Request { return Request{Every: c.Every, Images: c.Images} }

// indented is the number of levels of File that are indented: an epoch takes a line.
const indented = 2

// Write writes the curve to File in dir.
func (c Curve) Write(dir disk.Dir) error {
	c.Format = format
	compact, err := jsonfile.Compact(c)
	if err != nil {
		return fmt.Errorf("curve: encode: %w", err)
	}
	if err := dir.WriteFile(File, jsonfile.LayOut(compact, indented)); err != nil {
		return fmt.Errorf("curve: write: %w", err)
	}
	return nil
}

// Read reads the curve in a directory. It follows no link.
func Read(dir disk.Dir) (*Curve, error) {
	var c Curve
	if err := jsonfile.ReadIn(dir, File, &c); err != nil {
		return nil, fmt.Errorf("curve: read: %w", err)
	}
	return &c, nil
}
