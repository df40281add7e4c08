package store

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"backfire/game"
	"backfire/internal/disk"
)

// PairsFile holds, for results with more than MostInline attackers, the figures of pairs of attackers: the
// cross-trigger matrix and the overlaps of triggers. Smaller results hold them in ResultFile.
const PairsFile = "pairs.bin"

// MostInline is the largest number of attackers whose pairs ResultFile holds: with it the matrix takes about 130
// kB of JSON there, with 1,000 attackers it would take 28 MB, which each reader of the result would parse.
const MostInline = 64

// pairsMagic begins PairsFile; its last byte is the version of the format.
const pairsMagic = "backfire pairs\x001"

// maxPairAgents bounds the attackers of PairsFile, so that a damaged number asks for no more memory than a
// matrix of 4 GB.
const maxPairAgents = 1 << 14

// Pairs holds the figures of pairs of attackers.
type Pairs struct {
	Cross    [][]game.Rate      // see game.Score
	Overlaps []game.PairOverlap // see Result
}

// errPairs marks a file of pairs that this program did not write.
var errPairs = errors.New(PairsFile + " is not as it was written")

// writePairs writes PairsFile into dir: after pairsMagic the number of attackers; hits and images of each rate,
// row by row; the number of overlaps; of each overlap both IDs, shared, equal and united pixels, 1 where it is
// declared or 0, and the bits of Jaccard as eight bytes, the lowest first. All other numbers are varints of
// encoding/binary, without a sign.
func writePairs(dir string, p Pairs) error {
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
	return os.WriteFile(filepath.Join(dir, PairsFile), out.Bytes(), disk.FileMode)
}

// pairsReader reads numbers of PairsFile until one is missing.
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

// parsePairs reads the content of PairsFile for a number of attackers.
func parsePairs(content io.Reader, attackers int) (Pairs, error) {
	r := pairsReader{in: bufio.NewReader(content)}
	magic := make([]byte, len(pairsMagic))
	if _, err := io.ReadFull(r.in, magic); err != nil || string(magic) != pairsMagic {
		return Pairs{}, errPairs
	}
	if n := r.number(maxPairAgents); r.err != nil || n != attackers {
		return Pairs{}, fmt.Errorf("%w: it has %d attackers, the result %d", errPairs, n, attackers)
	}
	p := Pairs{Overlaps: []game.PairOverlap{}}
	for range attackers {
		row := make([]game.Rate, attackers)
		for j := range row {
			row[j] = game.Rate{Hits: r.number(math.MaxInt32), Of: r.number(math.MaxInt32)}
		}
		if r.err != nil {
			return Pairs{}, fmt.Errorf("%w: %w", errPairs, r.err)
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
			return Pairs{}, fmt.Errorf("%w: %w", errPairs, r.err)
		}
		o.Jaccard = math.Float64frombits(binary.LittleEndian.Uint64(bits[:]))
		p.Overlaps = append(p.Overlaps, o)
	}
	if _, err := r.in.ReadByte(); r.err != nil || !errors.Is(err, io.EOF) {
		return Pairs{}, errPairs
	}
	return p, nil
}

// HasPairs reports whether the result itself holds the figures of pairs. If not, they are in PairsFile.
func (r *Result) HasPairs() bool { return r.Cross != nil || len(r.Attackers) == 0 }

// writeSeparated writes the result with its digests into dir, and PairsFile if it has more than MostInline
// attackers.
func (r Result) writeSeparated(dir string) error {
	r, pairs := r.separated()
	if pairs != nil {
		if err := writePairs(dir, *pairs); err != nil {
			return err
		}
	}
	return r.Write(dir)
}

// separated returns the result without its figures of pairs, and these, if they belong into PairsFile.
func (r Result) separated() (Result, *Pairs) {
	if len(r.Attackers) <= MostInline || r.Cross == nil {
		return r, nil
	}
	pairs := &Pairs{r.Cross, r.Overlaps}
	r.Cross, r.Overlaps = nil, nil
	return r, pairs
}

// ReadPairs reads the figures of pairs of a result in a directory, from the result itself or from PairsFile,
// without comparing it with a digest. The error names the file.
func ReadPairs(dir string, result *Result) (Pairs, error) {
	if result.HasPairs() {
		return Pairs{result.Cross, result.Overlaps}, nil
	}
	file, err := os.Open(filepath.Join(dir, PairsFile))
	if err != nil {
		return Pairs{}, fmt.Errorf("store: read pairs: %w", err)
	}
	defer file.Close()
	pairs, err := parsePairs(file, len(result.Attackers))
	if err != nil {
		return Pairs{}, fmt.Errorf("store: read pairs: %w", err)
	}
	return pairs, nil
}

// Pairs reads the figures of pairs, and compares PairsFile with its digest. The error wraps ErrBroken if the file
// must not be used.
func (r *Record) Pairs() (Pairs, error) {
	if !r.Result.HasPairs() {
		if got, err := disk.SHA256(r.File(PairsFile)); err != nil || got != r.digests[PairsFile] {
			return Pairs{}, fmt.Errorf("store: read pairs: %w: %s does not fit its SHA-256", ErrBroken, PairsFile)
		}
	}
	return ReadPairs(r.Dir, &r.Result)
}

// WithPairs returns the result together with its figures of pairs. The errors are those of Pairs.
func (r *Record) WithPairs() (*Result, error) {
	pairs, err := r.Pairs()
	if err != nil {
		return nil, err
	}
	result := r.Result
	result.Cross, result.Overlaps = pairs.Cross, pairs.Overlaps
	return &result, nil
}
