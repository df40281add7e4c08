package figures

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// errFont marks a font whose tables do not fit each other.
var errFont = errors.New("not a TrueType font as expected")

// layoutTables are the tables of a TrueType font that a PDF file has no use for.
var layoutTables = []string{"GSUB", "GPOS", "GDEF", "kern", "DSIG", "FFTM", "gasp", "hdmx", "VDMX", "LTSH"}

// ttf is a TrueType font by its tables.
type ttf map[string][]byte

// parseTTF returns the tables of a font.
func parseTTF(data []byte) (ttf, error) {
	const head, entry = 12, 16
	if len(data) < head {
		return nil, errFont
	}
	tables := ttf{}
	for i := range int(binary.BigEndian.Uint16(data[4:])) {
		at := head + i*entry
		if len(data) < at+entry {
			return nil, errFont
		}
		begin, length := uint64(binary.BigEndian.Uint32(data[at+8:])), uint64(binary.BigEndian.Uint32(data[at+12:]))
		if begin+length > uint64(len(data)) {
			return nil, errFont
		}
		tables[string(data[at:at+4])] = data[begin : begin+length]
	}
	for _, name := range []string{"head", "loca", "glyf", "maxp"} {
		if tables[name] == nil {
			return nil, fmt.Errorf("%w: no table %s", errFont, name)
		}
	}
	if len(tables["head"]) < 54 || len(tables["maxp"]) < 6 {
		return nil, errFont
	}
	return tables, nil
}

// subset returns the font with the outlines of some glyphs, and of the glyphs that they are
// composed of; the others are empty. Numbers and widths of glyphs stay.
func (f ttf) subset(glyphs []uint16) ([]byte, error) {
	outlines, err := f.outlines()
	if err != nil {
		return nil, err
	}
	used := map[uint16]bool{0: true} // the sign for a missing character
	for queue := slices.Clone(glyphs); len(queue) > 0; queue = queue[1:] {
		glyph := queue[0]
		if int(glyph) >= len(outlines) {
			return nil, fmt.Errorf("%w: no glyph %d", errFont, glyph)
		}
		if used[glyph] {
			continue
		}
		used[glyph] = true
		queue = append(queue, components(outlines[glyph])...)
	}
	var glyf, loca []byte
	for i, outline := range outlines {
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		if used[uint16(i)] {
			glyf = append(glyf, outline...)
			for len(glyf)%4 != 0 {
				glyf = append(glyf, 0)
			}
		}
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
	small := maps.Clone(f)
	for _, name := range layoutTables {
		delete(small, name)
	}
	head := slices.Clone(f["head"])
	binary.BigEndian.PutUint16(head[50:], 1) // offsets of 32 bits
	small["head"], small["glyf"], small["loca"] = head, glyf, loca
	return small.bytes(), nil
}

// outlines returns the outline of each glyph.
func (f ttf) outlines() ([][]byte, error) {
	long, loca, glyf := binary.BigEndian.Uint16(f["head"][50:]) == 1, f["loca"], f["glyf"]
	offset := func(i int) (int, bool) {
		if long {
			if len(loca) < 4*i+4 {
				return 0, false
			}
			return int(binary.BigEndian.Uint32(loca[4*i:])), true
		}
		if len(loca) < 2*i+2 {
			return 0, false
		}
		return 2 * int(binary.BigEndian.Uint16(loca[2*i:])), true
	}
	var outlines [][]byte
	for i := range int(binary.BigEndian.Uint16(f["maxp"][4:])) {
		begin, ok := offset(i)
		end, more := offset(i + 1)
		if !ok || !more || begin > end || end > len(glyf) {
			return nil, errFont
		}
		outlines = append(outlines, glyf[begin:end])
	}
	return outlines, nil
}

// components returns the glyphs that a composite glyph consists of; none for another.
func components(outline []byte) []uint16 {
	const (
		words, scale, more, xy, square = 1, 8, 32, 64, 128 // flags of a component
		header                         = 10
	)
	if len(outline) < header || int16(binary.BigEndian.Uint16(outline)) >= 0 {
		return nil
	}
	var glyphs []uint16
	for at := header; at+4 <= len(outline); {
		flags := binary.BigEndian.Uint16(outline[at:])
		glyphs = append(glyphs, binary.BigEndian.Uint16(outline[at+2:]))
		at += 4 + 2
		if flags&words != 0 {
			at += 2
		}
		switch {
		case flags&scale != 0:
			at += 2
		case flags&xy != 0:
			at += 4
		case flags&square != 0:
			at += 8
		}
		if flags&more == 0 {
			break
		}
	}
	return glyphs
}

// bytes returns the font as a file.
func (f ttf) bytes() []byte {
	names := slices.Sorted(maps.Keys(f))
	n := len(names)
	power := 1
	for 2*power <= n {
		power *= 2
	}
	log := 0
	for 1<<(log+1) <= n {
		log++
	}
	out := []byte{0, 1, 0, 0}
	for _, field := range []int{n, 16 * power, log, 16 * (n - power)} {
		out = binary.BigEndian.AppendUint16(out, uint16(field))
	}
	at := len(out) + 16*n
	var body []byte
	for _, name := range names {
		table := slices.Clone(f[name])
		length := len(table)
		for len(table)%4 != 0 {
			table = append(table, 0)
		}
		sum := uint32(0)
		for i := 0; i < len(table); i += 4 {
			sum += binary.BigEndian.Uint32(table[i:])
		}
		out = append(out, name...)
		for _, field := range []uint32{sum, uint32(at + len(body)), uint32(length)} {
			out = binary.BigEndian.AppendUint32(out, field)
		}
		body = append(body, table...)
	}
	return append(out, body...)
}
