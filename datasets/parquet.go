package datasets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// parquetTables reads tables with a column of encoded images, as Hugging Face stores
// them: a group of bytes and path, beside a column of whole numbers that are labels.
var parquetTables = form{
	name:  "Parquet tables",
	wants: func(p string) bool { return strings.EqualFold(path.Ext(p), ".parquet") },
	read:  (*loader).readParquet,
}

// maxParquet is the largest accepted table in bytes: it is held in memory as a whole.
const maxParquet = MaxSetBytes

// table is one Parquet file.
type table struct {
	split    string
	pictures []*picture
	labels   []int
	classes  []string // nil: the table does not name them
	sources  []string
}

// readParquet reads the tables of the loader's splits in the order of their paths.
func (l *loader) readParquet(d *dataFiles) ([]part, error) {
	// Encoded images grow as those of files do, and no more.
	g := &growth{}
	decoder := newDecoder(g)
	decoder.size = l.size
	tables := map[string]*table{}
	err := d.each(func(p string) bool { return l.takes(splitIn(path.Base(p))) }, func(p string, size int64, body io.Reader) error {
		if size > maxParquet {
			return fmt.Errorf("%w: %d bytes; at most %d are accepted", ErrCorrupt, size, int64(maxParquet))
		}
		data, err := io.ReadAll(io.LimitReader(g.counted(body), maxParquet))
		if err != nil {
			return fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		t, err := l.openTable(p, data, decoder)
		tables[p] = t
		return err
	})
	if bad := decoder.wait(); bad != nil {
		return nil, bad
	}
	if err != nil {
		return nil, err
	}
	bySplit := map[string][]*table{}
	for _, f := range d.files {
		if t := tables[f.path]; t != nil {
			bySplit[t.split] = append(bySplit[t.split], t)
		}
	}
	colour := 1
	for _, t := range tables {
		for _, p := range t.pictures {
			colour = max(colour, p.c)
		}
	}
	var parts []part
	for _, split := range append(Splits(), "") {
		if list := bySplit[split]; list != nil {
			t, err := joinTables(split, list, colour)
			if err != nil {
				return nil, err
			}
			parts = append(parts, t)
		}
	}
	return parts, nil
}

// joinTables joins the tables of one split.
func joinTables(split string, list []*table, channels int) (part, error) {
	first := list[0]
	t := part{split: split, c: channels, classes: first.classes}
	n := 0
	for _, table := range list {
		if !slices.Equal(table.classes, first.classes) {
			return part{}, fmt.Errorf("%w: the tables of a split have different classes", ErrCorrupt)
		}
		n += len(table.pictures)
		t.labels = append(t.labels, table.labels...)
		t.sources = append(t.sources, table.sources...)
	}
	if n == 0 {
		return part{}, fmt.Errorf("%w: the tables have no images", ErrCorrupt)
	}
	for _, table := range list {
		for _, p := range table.pictures {
			if t.images == nil {
				t.h, t.w = p.h, p.w
				if err := checkDims(n, channels, p.h, p.w); err != nil {
					return part{}, err
				}
				t.images = make([]uint8, 0, n*channels*p.h*p.w)
			}
			t.images = p.appendTo(t.images, channels)
		}
	}
	return t, nil
}

// openTable reads one table. A fault of the library that reads it is an error about the
// file.
func (l *loader) openTable(p string, data []byte, decoder *decoder) (t *table, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			t, err = nil, fmt.Errorf("%w: not a sound Parquet file: %v", ErrCorrupt, fault)
		}
	}()
	if !bytes.HasPrefix(data, []byte("PAR1")) {
		return nil, unknownKind("not a Parquet table", data[:min(len(data), 512)])
	}
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	rows := file.NumRows()
	if rows < 0 || rows > MaxImages {
		return nil, fmt.Errorf("%w: %d rows; at most %d are accepted", ErrCorrupt, rows, MaxImages)
	}
	labels, name, err := labelColumn(file)
	if err != nil {
		return nil, err
	}
	images, err := imageColumn(file)
	if err != nil {
		return nil, err
	}
	t = &table{split: splitIn(path.Base(p)), classes: classesOf(file, name)}
	err = eachValue(labels, func(v parquet.Value) error {
		label := int64(v.Int32())
		if v.Kind() == parquet.Int64 {
			label = v.Int64()
		}
		t.labels = append(t.labels, int(label))
		return nil
	})
	if err == nil && l.src.Contributors == ContributorColumn {
		err = t.readSources(file)
	}
	if err == nil {
		err = eachValue(images, func(v parquet.Value) error {
			pic := &picture{dataFile: dataFile{path: fmt.Sprintf("%s, row %d", shown(p), len(t.pictures))}}
			t.pictures = append(t.pictures, pic)
			if !decoder.add(pic, bytes.Clone(v.ByteArray())) {
				return errEnough
			}
			return nil
		})
	}
	if err == nil && len(t.pictures) != len(t.labels) {
		err = fmt.Errorf("%w: %d images, but %d labels", ErrCorrupt, len(t.pictures), len(t.labels))
	}
	return t, err
}

// readSources reads the column that names the contributors.
func (t *table) readSources(file *parquet.File) error {
	column := file.Root().Column("source")
	if column == nil || !column.Leaf() || column.Type().Kind() != parquet.ByteArray {
		return advisedf("%w: the table has no column of texts named source; set data.contributors to none, or add it", ErrCorrupt)
	}
	return eachValue(column, func(v parquet.Value) error {
		t.sources = append(t.sources, string(v.ByteArray()))
		return nil
	})
}

// labelColumn returns the column of labels and its name.
func labelColumn(file *parquet.File) (*parquet.Column, string, error) {
	for _, name := range []string{"label", "labels", "fine_label", "fine_labels", "target", "class"} {
		column := file.Root().Column(name)
		if column == nil || !column.Leaf() {
			continue
		}
		if kind := column.Type().Kind(); column.Repeated() || kind != parquet.Int32 && kind != parquet.Int64 {
			return nil, "", advisedf("%w: the column %s does not hold one whole number for each image; number the classes from 0", ErrCorrupt, name)
		}
		return column, name, nil
	}
	return nil, "", advisedf("%w: the table has no column named label with whole numbers; its columns are %s; rename one", ErrMissing, columnNames(file))
}

// imageColumn returns the column of encoded images.
func imageColumn(file *parquet.File) (*parquet.Column, error) {
	var found []*parquet.Column
	for _, column := range file.Root().Columns() {
		encoded := column
		if !column.Leaf() {
			encoded = column.Column("bytes")
		} else if !slices.Contains([]string{"image", "img", "bytes"}, column.Name()) {
			continue
		}
		if encoded != nil && encoded.Leaf() && encoded.Type().Kind() == parquet.ByteArray && encoded.MaxRepetitionLevel() == 0 {
			found = append(found, encoded)
		}
	}
	if len(found) != 1 {
		return nil, advisedf("%w: the table has %d columns of encoded images instead of one; its columns are %s; "+
			"export its images as PNG files in class folders", ErrMissing, len(found), columnNames(file))
	}
	return found[0], nil
}

// columnNames returns the names of a table's columns, at most twenty.
func columnNames(file *parquet.File) string {
	var names []string
	for _, column := range file.Root().Columns() {
		names = append(names, shown(column.Name()))
	}
	if len(names) > 20 {
		names = append(names[:20], "more")
	}
	return strings.Join(names, ", ")
}

// classesOf returns the names that the table's metadata give to the labels of a column;
// nil: none.
func classesOf(file *parquet.File, column string) []string {
	text, ok := file.Lookup("huggingface")
	if !ok {
		return nil
	}
	var meta struct {
		Info struct {
			Features map[string]struct {
				Names []string `json:"names"`
			} `json:"features"`
		} `json:"info"`
	}
	if json.Unmarshal([]byte(text), &meta) != nil || len(meta.Info.Features[column].Names) == 0 {
		return nil
	}
	return meta.Info.Features[column].Names
}

// eachValue calls use for each value of a column, in the order of the rows. A row without
// a value is an error.
func eachValue(column *parquet.Column, use func(v parquet.Value) error) error {
	pages := column.Pages()
	defer func() { _ = pages.Close() }()
	buffer := make([]parquet.Value, 64)
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: column %s: %w", ErrCorrupt, shown(column.Name()), err)
		}
		values := page.Values()
		for err == nil {
			var n int
			n, err = values.ReadValues(buffer)
			for _, v := range buffer[:n] {
				if v.IsNull() {
					return fmt.Errorf("%w: column %s has a row without a value", ErrCorrupt, shown(column.Name()))
				}
				if err := use(v); err != nil {
					return err
				}
			}
			if n == 0 && err == nil {
				err = io.EOF
			}
		}
		parquet.Release(page)
		if !errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: column %s: %w", ErrCorrupt, shown(column.Name()), err)
		}
	}
}
