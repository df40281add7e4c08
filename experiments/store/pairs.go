package store

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"backfire/game"
	"backfire/internal/disk"
)

// pairsFile holds, for results with more than mostInline attackers, the figures of pairs of attackers: the
// cross-trigger matrix and the overlaps of triggers. Smaller results hold them in ResultFile.
const pairsFile = "pairs.bin"

// mostInline is the largest number of attackers whose pairs ResultFile holds: with it the matrix takes about 130
// kB of JSON there, with 1,000 attackers it would take 28 MB, which each reader of the result would parse.
const mostInline = 64

// pairsMagic begins pairsFile; its last byte is the version of the format.
const pairsMagic = "backfire pairs\x001"

// maxPairAgents bounds the attackers of pairsFile, so that a damaged number asks for no more memory than a
// matrix of 4 GB.
const maxPairAgents = 1 << 14

// pairs holds the figures of pairs of attackers.
type pairs struct {
	Cross    [][]game.Rate      // see game.Score
	Overlaps []game.PairOverlap // see Result
}

// errPairs marks a file of pairs that this program did not write.
var errPairs = errors.New(pairsFile + " is not as it was written")

// writePairs writes pairsFile into dir: after pairsMagic the number of attackers; hits and images of each rate,
// row by row; the number of overlaps; of each overlap both IDs, shared, equal and united pixels, 1 where it is
// declared or 0, and the bits of Jaccard as eight bytes, the lowest first. All other numbers are varints of
// encoding/binary, without a sign.
func writePairs(dir disk.Dir, p pairs) error {
	out := bytes.NewBufferString(pairsMagic)
	put := func(values ...int) {
		for _, v := range values {
			out.Write(binary.AppendUvarint(nil, uint64(v)))
		}
	}
	put(len(p.Cross))
	for _, row := range p.Cross {
		for _, rate := range row {
			put(rate.Hits, rate.Of)
		}
	}
	put(len(p.Overlaps))
	for _, o := range p.Overlaps {
		declared := 0
		if o.Declared {
			declared = 1
		}
		put(o.A, o.B, o.Shared, o.Equal, o.Union, declared)
		out.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(o.Jaccard)))
	}
	return dir.WriteFile(pairsFile, out.Bytes())
}

// pairsReader reads numbers of pairsFile until one is missing.
type pairsReader struct {
	in  *bufio.Reader
	err error
}

// number reads a number of at most a bound.
func (r *pairsReader) number(most int) int {
	if r.err != nil {
		return 0
	}
	v, err := binary.ReadUvarint(r.in)
	if err == nil && v > uint64(most) {
		err = fmt.Errorf("%d is above %d", v, most)
	}
	r.err = err
	return int(v) //nolint:gosec // at most a bound, or not used
}

// parsePairs reads the content of pairsFile for a number of attackers.
func parsePairs(content io.Reader, attackers int) (pairs, error) {
	r := pairsReader{in: bufio.NewReader(content)}
	magic := make([]byte, len(pairsMagic))
	if _, err := io.ReadFull(r.in, magic); err != nil || string(magic) != pairsMagic {
		return pairs{}, errPairs
	}
	if n := r.number(maxPairAgents); r.err != nil || n != attackers {
		return pairs{}, fmt.Errorf("%w: it has %d attackers, the result %d", errPairs, n, attackers)
	}
	p := pairs{Overlaps: []game.PairOverlap{}}
	for range attackers {
		row := make([]game.Rate, attackers)
		for j := range row {
			row[j] = game.Rate{Hits: r.number(math.MaxInt32), Of: r.number(math.MaxInt32)}
		}
		if r.err != nil {
			return pairs{}, fmt.Errorf("%w: %w", errPairs, r.err)
		}
		p.Cross = append(p.Cross, row)
	}
	for range r.number(attackers * attackers) {
		o := game.PairOverlap{A: r.number(math.MaxInt32), B: r.number(math.MaxInt32)}
		o.Shared, o.Equal, o.Union = r.number(math.MaxInt32), r.number(math.MaxInt32), r.number(math.MaxInt32)
		o.Declared = r.number(1) == 1
		var bits [8]byte
		if r.err == nil {
			_, r.err = io.ReadFull(r.in, bits[:])
		}
		if r.err != nil {
			return pairs{}, fmt.Errorf("%w: %w", errPairs, r.err)
		}
		o.Jaccard = math.Float64frombits(binary.LittleEndian.Uint64(bits[:]))
		p.Overlaps = append(p.Overlaps, o)
	}
	if _, err := r.in.ReadByte(); r.err != nil || !errors.Is(err, io.EOF) {
		return pairs{}, errPairs
	}
	return p, nil
}

// HasPairs reports whether the result itself holds the figures of pairs. If not, they are in pairsFile.
func (r *Result) HasPairs() bool { return r.Cross != nil || len(r.Attackers) == 0 }

// writeSeparated writes the result with its digests into dir, and pairsFile if it has more than mostInline
// attackers.
func (r Result) writeSeparated(dir disk.Dir) error {
	if len(r.Attackers) > mostInline && r.Cross != nil {
		if err := writePairs(dir, pairs{r.Cross, r.Overlaps}); err != nil {
			return err
		}
		r.Cross, r.Overlaps = nil, nil
	}
	return r.write(dir)
}

// WithPairsOf returns the result in a directory together with its figures of pairs, which lie in the result
// itself or in a file beside it. It does not compare that file with a digest. The error names the file.
func (r Result) WithPairsOf(dir disk.Dir) (*Result, error) {
	if r.HasPairs() {
		return &r, nil
	}
	file, err := dir.Open(pairsFile)
	if err != nil {
		return nil, fmt.Errorf("store: read pairs: %w", err)
	}
	defer file.Close()
	read, err := parsePairs(file, len(r.Attackers))
	if err != nil {
		return nil, fmt.Errorf("store: read pairs: %w", err)
	}
	r.Cross, r.Overlaps = read.Cross, read.Overlaps
	return &r, nil
}

// WithPairs returns the result together with its figures of pairs. Unlike WithPairsOf it compares their file
// with its digest first. The error wraps ErrBroken if the file must not be used.
func (r *Record) WithPairs() (*Result, error) {
	if !r.Result.HasPairs() {
		if got, err := r.files().SHA256(pairsFile); err != nil || got != r.digests[pairsFile] {
			return nil, fmt.Errorf("store: read pairs: %w: %s does not fit its SHA-256", ErrBroken, pairsFile)
		}
	}
	return r.Result.WithPairsOf(r.files())
}
