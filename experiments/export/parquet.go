package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"backfire/internal/disk"
)

// The files of the format Parquet. Hugging Face's datasets takes the first two for splits by these names.
const (
	trainTable   = "train.parquet"
	heldOutTable = "heldout.parquet"
	croissant    = "croissant.json"
)

// picture is an image of a table, as Hugging Face's datasets has them.
type picture struct {
	Bytes []byte `parquet:"bytes"` // PNG
	Path  string `parquet:"path"`
}

// trainingRecord is a row of trainTable.
type trainingRecord struct {
	Image      picture `parquet:"image"`
	Label      int64   `parquet:"label"`
	CleanLabel int64   `parquet:"clean_label"`
	Owner      int64   `parquet:"owner"`
	Poisoned   bool    `parquet:"poisoned"`
	Trigger    int64   `parquet:"trigger"`
	Simulated  int64   `parquet:"simulated"`
	Source     int64   `parquet:"source"`
}

// heldOutRecord is a row of heldOutTable.
type heldOutRecord struct {
	Image     picture `parquet:"image"`
	Label     int64   `parquet:"label"`
	Owner     int64   `parquet:"owner"`
	Stamped   bool    `parquet:"stamped"`
	Trigger   int64   `parquet:"trigger"`
	Target    int64   `parquet:"target"`
	Predicted int64   `parquet:"predicted"`
	Source    int64   `parquet:"source"`
}

// tableColumn is a column of a table.
type tableColumn struct {
	name, kind, meaning string
}

// The kinds of columns.
const (
	kindImage = "image"
	kindClass = "class" // a label
	kindInt   = "int64"
	kindBool  = "bool"
)

// trainingColumns and heldOutColumns list the columns of the tables in their order.
var (
	trainingColumns = []tableColumn{
		{"image", kindImage, "the image as the model was trained on it, as PNG"},
		{"label", kindClass, "label trained on"},
		{"clean_label", kindClass, "true label"},
		{"owner", kindInt, "ID of the agent that contributed the image; -1: the defender"},
		{"poisoned", kindBool, "whether the image carries an attacker's trigger"},
		{"trigger", kindInt, "ID of the attacker whose trigger the image carries; -1: none"},
		{"simulated", kindInt, "simulated attacker whose trigger the defender stamped; -1: none"},
		{"source", kindInt, "index of the image in the dataset"},
	}
	heldOutColumns = []tableColumn{
		{"image", kindImage, "a held-out image, as PNG"},
		{"label", kindClass, "true label"},
		{"owner", kindInt, "ID of the agent that held the image out; -1: the defender"},
		{"stamped", kindBool, "whether the image carries its owner's trigger"},
		{"trigger", kindInt, "ID of the attacker whose trigger the image carries; -1: none"},
		{"target", kindInt, "target label of the owner; -1: the owner attacks not"},
		{"predicted", kindClass, "label that the stored model predicts"},
		{"source", kindInt, "index of the image in the dataset"},
	}
)

// writeParquet writes the images as tables, and their Croissant description.
func (m *Model) writeParquet(dir disk.Dir) error {
	err := writeTable(m, dir, trainTable, trainingColumns, m.trainingRows(), func(r TrainingRow) (trainingRecord, error) {
		image, err := m.picture(m.trainingImage(r.Row), r.Row)
		return trainingRecord{
			image, int64(r.Label), int64(r.CleanLabel), int64(r.Owner), r.Poisoned, int64(r.Trigger), int64(r.Simulated), int64(r.Source),
		}, err
	})
	if err != nil {
		return err
	}
	err = writeTable(m, dir, heldOutTable, heldOutColumns, m.heldOutRows(), func(r HeldOutRow) (heldOutRecord, error) {
		image, err := m.picture(m.heldOutImage(r.Row), r.Row)
		return heldOutRecord{
			image, int64(r.Label), int64(r.Owner), r.Stamped, int64(r.Trigger), int64(r.Target), int64(r.Predicted), int64(r.Source),
		}, err
	})
	if err != nil {
		return err
	}
	return m.writeCroissant(dir)
}

// picture returns an image as PNG, named by its row.
func (m *Model) picture(values []uint8, row int) (picture, error) {
	var out bytes.Buffer
	if err := m.encode(&out, values); err != nil {
		return picture{}, err
	}
	return picture{out.Bytes(), fmt.Sprintf("%d.png", row)}, nil
}

// writeTable writes rows as a table.
func writeTable[Row, Record any](m *Model, dir disk.Dir, name string, columns []tableColumn, rows []Row, record func(Row) (Record, error)) error {
	features, err := m.features(columns)
	if err != nil {
		return err
	}
	return writeTo(dir, name, func(w io.Writer) error {
		table := parquet.NewGenericWriter[Record](w, parquet.Compression(&parquet.Zstd), parquet.KeyValueMetadata("huggingface", features))
		for _, row := range rows {
			r, err := record(row)
			if err != nil {
				return err
			}
			if _, err := table.Write([]Record{r}); err != nil {
				return err
			}
		}
		return table.Close()
	})
}

// features returns the types of columns as Hugging Face's datasets keeps them in a table.
func (m *Model) features(columns []tableColumn) (string, error) {
	types := map[string]any{}
	for _, c := range columns {
		switch c.kind {
		case kindImage:
			types[c.name] = map[string]any{"_type": "Image"}
		case kindClass:
			types[c.name] = map[string]any{"_type": "ClassLabel", "names": m.deal.Cell.Data.Classes}
		default:
			types[c.name] = map[string]any{"_type": "Value", "dtype": c.kind}
		}
	}
	text, err := json.Marshal(map[string]any{"info": map[string]any{"features": types}})
	return string(text), err
}
